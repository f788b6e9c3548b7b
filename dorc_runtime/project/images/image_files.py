"""The files of a folder that go into an image, with the properties that matter there."""

import fnmatch
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.errors import DefinitionError

_LEFT_OUT = (
    *("README", "README.md", "README.rst", "README.txt"),
    *("__pycache__", "*.py[co]", "*.egg-info", ".venv", ".env", ".git*", ".ipynb_checkpoints"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache"),
    *(".DS_Store", "Thumbs.db", ".idea", ".vscode", "*~", ".#*", "#*#", "*.sw[op]"),
)
_is_left_out = re.compile("|".join(map(fnmatch.translate, _LEFT_OUT)), re.IGNORECASE).match


@dataclass(frozen=True)
class ContextFile:
    """A file of a build context, at ``path`` (with ``/``, relative), read from ``source``.

    Without a source it is empty. ``digest`` is the SHA-256 of its content, in hex.
    """

    path: str
    source: Path | None
    executable: bool
    digest: str

    @property
    def line(self) -> bytes:
        """The properties that matter, as bytes: the path, which holds no NUL, then the others."""
        return os.fsencode(self.path) + f"\0{self.executable:d}{self.digest}".encode()


def contents(root: Path, source: Path, path: str) -> list[ContextFile]:
    """Return the files at and below ``source``, none if it does not exist, sorted by path.

    ``path`` is the path of ``source`` in the context, ``root`` the repository's folder. READMEs
    and files that Python, git, checkers and editors create are not included. Raises
    ``DefinitionError`` for links that lead out of the repository or nowhere, for pipes, and for
    files that cannot be read.
    """
    if not os.path.lexists(source):
        return []
    try:
        files = list(_walk(root.resolve(), source, path, above=()))
    except OSError as error:
        raise DefinitionError(
            f"{error.filename or source} cannot be read: {error.strerror}."
        ) from error
    return sorted(files, key=lambda file: os.fsencode(file.path))


def empty_file(path: str) -> ContextFile:
    """Return an empty file at ``path``."""
    return ContextFile(path, None, False, hashlib.sha256().hexdigest())


def content_digest(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _walk(root: Path, source: Path, path: str, *, above: tuple[Path, ...]) -> Iterator[ContextFile]:
    real = source if above and not source.is_symlink() else _within(root, source, path)
    if real.is_dir():
        if real in above:
            raise DefinitionError(f"{path} links to a folder that contains it: remove the link.")
        for file in real.iterdir():
            if not _is_left_out(file.name):
                yield from _walk(root, file, f"{path}/{file.name}", above=(*above, real))
    elif real.is_file():
        executable = bool(real.stat().st_mode & 0o100)
        yield ContextFile(path, real, executable, content_digest(real))
    else:
        raise DefinitionError(f"{path} is neither a file nor a folder: remove it.")


def _within(root: Path, source: Path, path: str) -> Path:
    """Return the file or folder that ``source`` links to; it must be in the repository."""
    real = Path(os.path.realpath(source))
    if not real.is_relative_to(root):
        raise DefinitionError(
            f"{path} links to {real}, which is outside of the repository: replace it by a copy."
        )
    if not real.exists():
        raise DefinitionError(f"{path} links to {real}, which does not exist: fix the link.")
    return real
