"""The Pulumi CLI: the one on PATH, or one that Go builds once."""

import os
import shutil
import subprocess
from pathlib import Path

_BUILD = Path(__file__).with_name("build.sh")


def why_no_cli() -> str:
    """Return why there is no Pulumi CLI on this machine, "" if there is one or Go can build one."""
    if os.name == "nt":
        return "the engine tier's plugins are started by shell scripts"
    if shutil.which("pulumi") or shutil.which("go") or (_cache() / "bin" / "pulumi").is_file():
        return ""
    return "no pulumi on PATH (https://www.pulumi.com/docs/install), and no Go to build one with"


def find_cli() -> Path:
    """Return the folder of the ``pulumi`` on PATH; if there is none, build one."""
    found = shutil.which("pulumi")
    if found:
        return Path(found).parent
    import fcntl

    _cache().mkdir(parents=True, exist_ok=True)
    # One process builds, the others wait.
    with (_cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [str(_BUILD), str(_cache())],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return Path(done.stdout.strip())


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dorc-pulumi"
