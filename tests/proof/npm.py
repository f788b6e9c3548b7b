"""Packages of npm, for tests that compare dorc with programs for Node."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def node() -> str:
    """Return the path of Node; skip the test where Node or npm is not installed."""
    path = shutil.which("node")
    if path is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    return path


def npm_package(name: str) -> Path:
    """Return a folder with a package, such as ``jsonata@2.0.6``; installed on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dorc-proof"
    folder = cache / name.replace("@", "-")
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        command = [shutil.which("npm") or "npm", "install", "--no-audit", "--prefix", str(fresh)]
        done = subprocess.run(
            [*command, name], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            shutil.rmtree(fresh)
            pytest.skip(f"npm cannot install {name}: {done.stderr.strip().splitlines()[-1:]}")
        try:
            fresh.rename(folder)
        except OSError:
            # Another test process was first.
            shutil.rmtree(fresh)
    return folder
