"""Requirements files, which must stand alone: only they are copied into the images of functions.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import re
from collections.abc import Iterator
from pathlib import Path

_OTHER_FILES = re.compile(r"-[rce]|--(?:requirement|constraint|editable)\b")
_FOLDER_OF_PACKAGES = re.compile(r"(?:-f|--find-links)(?![\s=]*https?://)")
_ADDRESS = re.compile(r"(?:[\w.\[\],\s-]+@\s*)?[a-z+]+://", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)$", re.IGNORECASE)


def lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of ``path`` that are not empty or comments, with their numbers."""
    text = path.read_text(encoding="utf-8", errors="replace")
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


def requirement_problems(path: Path, *, name: str) -> Iterator[str]:
    """Yield the problems of ``path``: it is not UTF-8, or a line needs another file.

    ``name`` is shown. A file that does not exist has no lines.
    """
    if not path.is_file():
        return
    try:
        path.read_text(encoding="utf-8")
    except ValueError:
        yield f"{name} is not text in UTF-8: save it as UTF-8"
        return
    for number, line in lines(path):
        requirement = re.split(r"\s#", line)[0].strip()
        if _needs_other_file(requirement):
            yield (
                f"{name}:{number}: '{requirement}' needs another file, which the image does not "
                "have: write the requirements themselves into this file, from an index or a URL"
            )


def _needs_other_file(requirement: str) -> bool:
    if _OTHER_FILES.match(requirement) or _FOLDER_OF_PACKAGES.match(requirement):
        return True
    if requirement.startswith("-"):
        return False
    if _ADDRESS.match(requirement):
        return "file:" in requirement.lower()
    package = requirement.partition(";")[0].split(" --")[0].strip()
    return bool("/" in package or "\\" in package or _ARCHIVE.search(package))
