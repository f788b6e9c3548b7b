"""The change of a repository when its answers change: first a value, then carried out.

The template is rendered for the answers before and after; the difference is the change. So the
repository is then as `copier copy` writes it with the new answers, and an update changes nothing.
"""

import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.errors import ScaffoldError
from dorc_runtime.project.repository import ANSWERS
from dorc_runtime.project.template.answers import Answers, write_answers
from dorc_runtime.project.template.render import Files, render


@dataclass(frozen=True)
class Change:
    """The files that are written into the repository at ``root``, and those that are removed.

    Paths are from the root. ``moved`` has files and folders with their new paths: they are moved
    one after the other, after all files are written. ``conflicts`` are files that the template
    would change in the lines that the team changed: they stay as they are. ``answers`` is None if
    the answers stay.
    """

    root: Path
    written: Files
    removed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[str, ...] = ()
    answers: Answers | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.written or self.removed or self.moved or self.answers)

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each file that says what is done to it."""
        verbs = {
            path: "change" if (self.root / path).exists() else "write" for path in self.written
        }
        lines = [f"move {old} to {new}" for old, new in self.moved]
        lines += [f"{verb} {self._moved_path(path)}" for path, verb in verbs.items()]
        lines += [f"remove {path}" for path in self.removed if "/__pycache__/" not in path]
        if self.answers is not None:
            lines.append(f"change {ANSWERS}")
        return tuple(lines)

    def carry_out(self) -> None:
        """Write, move and remove all files, or none.

        Raises ``ScaffoldError`` when a file cannot be written, moved or removed.
        """
        touched = [self.root / path for path in (*self.written, *self.removed)]
        with _all_or_nothing(self.root, touched):
            for path, content in self.written.items():
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_bytes(content)
            for path in self.removed:
                (self.root / path).unlink()
                _remove_empty(self.root, (self.root / path).parent)
            with _moved_files(self.root, self.moved):
                if self.answers is not None:
                    write_answers(self.root, self.answers)

    def _moved_path(self, path: str) -> str:
        """Return where the file at ``path`` is in the end."""
        for old, new in self.moved:
            if path == old or path.startswith(f"{old}/"):
                path = new + path.removeprefix(old)
        return path


def change_between(
    root: Path, before: Answers, after: Answers, *, answers: Answers | None
) -> Change:
    """Return the change from a repository made with ``before`` to one made with ``after``.

    Files of ``before`` alone are removed; missing files of ``after`` alone are written. A file of
    both is merged with the changes of the team. ``answers`` are the new answers of the repository,
    None if they stay.
    """
    old, new = render(before), render(after)
    written: dict[str, bytes] = {}
    conflicts: list[str] = []
    for path, content in new.items():
        file = root / path
        if path not in old:
            if not file.exists():
                written[path] = content
        elif content != old[path] and file.is_file():
            merged = _merge(file.read_bytes(), old[path], content)
            if merged is None:
                conflicts.append(path)
            elif merged != file.read_bytes():
                written[path] = merged
    removed = [path for path in old if path not in new and (root / path).is_file()]
    return Change(root, written, tuple(removed), conflicts=tuple(conflicts), answers=answers)


def missing_files(root: Path, files: Files, paths: Collection[str]) -> Mapping[str, bytes]:
    """Return the files at ``paths`` that do not exist in the repository at ``root``."""
    return {path: files[path] for path in paths if not (root / path).exists()}


def _merge(current: bytes, old: bytes, new: bytes) -> bytes | None:
    """Return ``current`` with the changes from ``old`` to ``new``, None if they conflict."""
    if current in (old, new):
        return new
    with tempfile.TemporaryDirectory(prefix="dorc-") as folder:
        names = []
        for name, content in (("current", current), ("old", old), ("new", new)):
            Path(folder, name).write_bytes(content)
            names.append(str(Path(folder, name)))
        command = ["git", "merge-file", "--stdout", *names]
        try:
            done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        except OSError:
            return None
    return done.stdout if done.returncode == 0 else None


@contextmanager
def _moved_files(root: Path, moved: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Move files and folders; move them back if the block fails."""
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in moved:
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            (root / old).rename(root / new)
            done.append((root / old, root / new))
        yield
    except BaseException:
        for before, after in reversed(done):
            after.rename(before)
        raise
    for before, _ in done:
        if before.parent.is_dir():
            _remove_empty(root, before.parent)


@contextmanager
def _all_or_nothing(root: Path, touched: Collection[Path]) -> Iterator[None]:
    """Restore files and folders if the block fails."""
    before = {path: path.read_bytes() if path.is_file() else None for path in touched}
    folders = [
        folder
        for path in touched
        for folder in path.parents
        if folder.is_relative_to(root) and not folder.exists()
    ]
    try:
        yield
    except BaseException as error:
        for path, content in before.items():
            with suppress(OSError):
                if content is None:
                    path.unlink(missing_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
        for folder in sorted(set(folders), reverse=True):
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise ScaffoldError(f"{error.filename or root} cannot be written: {error}.") from error
        raise


def _remove_empty(root: Path, folder: Path) -> None:
    # Folders directly in the root stay: without src/ it is not a repository.
    while folder != root and folder.parent != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
