"""The version of Python that the images of functions have, and whether it is the one here."""

import platform
import re
from pathlib import Path

# Where a repository names the version, the file that decides first.
_PLACES = {
    "Dockerfile": r"^FROM\s.*lambda/python:(\d+\.\d+)",
    "src/Dockerfile": r"^FROM\s.*lambda/python:(\d+\.\d+)",
    ".python-version": r"^\s*(\d+\.\d+)",
    ".copier-answers.yml": r"^python_version:\s*['\"]?(\d+\.\d+)",
}


def image_python(root: Path) -> str | None:
    """Return the version in the images of a repository, such as ``3.12``, None if unknown."""
    for name, pattern in _PLACES.items():
        file = root / name
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            if version := re.search(pattern, text, re.MULTILINE | re.IGNORECASE):
                return version[1]
    return None


def different_python(root: Path) -> str:
    """Return the difference and its remedy in one line, "" where both versions are the same."""
    required, running = image_python(root), platform.python_version()
    if required is None or running.split(".")[:2] == required.split("."):
        return ""
    return (
        f"the functions run on Python {required} on AWS, and this is {running}: run "
        "`invoke python-setup`, then `invoke venv`"
    )
