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
    """Return the lines of ``path`` that are not empty or comments, with their numbers.

    A line that ends with a backslash continues on the next one.
    """
    whole: list[tuple[int, str]] = []
    start, text = 0, ""
    content = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(content.splitlines(), start=1):
        start, text = start or number, text + line.removesuffix("\\")
        if not line.endswith("\\") or line.lstrip().startswith("#"):
            whole.append((start, text.strip()))
            start, text = 0, ""
    whole.append((start, text.strip()))
    return [(number, line) for number, line in whole if line and not line.startswith("#")]


def normal_lines(path: Path) -> tuple[list[str], set[str]]:
    """Return the options and the requirements of ``path``, without what changes no package.

    That is comments, spaces, and how the name of a package is written.
    """
    options: list[str] = []
    requirements: set[str] = set()
    for _, text in lines(path):
        line = _without_comment(text)
        if line.startswith("-"):
            options.append(" ".join(line.split()))
        else:
            name, rest = re.fullmatch(r"([\w.-]*)(.*)", line).groups()  # type: ignore[union-attr]
            requirements.add(normal_name(name) + "".join(rest.split()))
    return options, requirements


def normal_name(name: str) -> str:
    """Return the name of a package in the one form that stands for all of its spellings.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


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
        requirement = _without_comment(line)
        if _needs_other_file(requirement):
            yield (
                f"{name}:{number}: '{requirement}' needs another file, which the image does not "
                "have: write the requirements themselves into this file, from an index or a URL"
            )


def _without_comment(line: str) -> str:
    return re.split(r"\s#", line)[0].strip()


def _needs_other_file(requirement: str) -> bool:
    if _OTHER_FILES.match(requirement) or _FOLDER_OF_PACKAGES.match(requirement):
        return True
    if requirement.startswith("-"):
        return False
    if _ADDRESS.match(requirement):
        return "file:" in requirement.lower()
    package = requirement.partition(";")[0].split(" --")[0].strip()
    return bool("/" in package or "\\" in package or _ARCHIVE.search(package))
