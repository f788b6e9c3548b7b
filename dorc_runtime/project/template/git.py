"""Git, called on the command line."""

import os
import subprocess
from pathlib import Path

from dorc_runtime.errors import ScaffoldError, ToolMissingError


def git(folder: Path, *words: str) -> str:
    """Return what git prints in ``folder``; it never asks for a password.

    Raises ``ScaffoldError`` with git's last line when it fails, ``ToolMissingError`` without git.
    """
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *words],  # noqa: S607
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise ToolMissingError("git is not installed: https://git-scm.com/downloads") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ScaffoldError(f"git {words[0]}: {lines[-1].removeprefix('fatal: ')}")
    return done.stdout


def git_paths(folder: Path, *words: str) -> tuple[str, ...]:
    """Return the paths that a git command with ``-z`` prints."""
    return tuple(path for path in git(folder, *words).split("\0") if path)
