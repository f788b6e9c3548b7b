"""What changes in a repository when its answers do: planned as a value, then carried out.

The template is rendered for the answers before and after; what differs is the change. So a
repository that was changed is the one that `copier copy` would have written with the new answers,
and an update finds nothing to do about it.
"""

import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.errors import ScaffoldError
from dorc_runtime.project.repository import ANSWERS
from dorc_runtime.project.template.answers import Answers, write_answers
from dorc_runtime.project.template.rendering import Files, rendered


@dataclass(frozen=True)
class Change:
    """What is written into the repository at ``root``, and what is removed from it.

    Paths are from the root. ``left`` are files which both the template and the team would change in
    the same place: they stay as they are. ``answers`` are None where those stay.
    """

    root: Path
    written: Files
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    answers: Answers | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.written or self.removed or self.answers)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is done, as a person reads it, a line for each file."""
        verbs = {
            path: "change" if (self.root / path).exists() else "write" for path in self.written
        }
        found = [f"{verb} {path}" for path, verb in verbs.items()]
        found += [f"remove {path}" for path in self.removed if "/__pycache__/" not in path]
        if self.answers is not None:
            found.append(f"change {ANSWERS}")
        return tuple(found)

    def carry_out(self) -> None:
        """Write and remove, all or nothing.

        Raises ``ScaffoldError`` when a file can be neither written nor removed.
        """
        touched = [self.root / path for path in (*self.written, *self.removed)]
        with _all_or_nothing(self.root, touched):
            for path, content in self.written.items():
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_bytes(content)
            for path in self.removed:
                (self.root / path).unlink()
                _remove_empty(self.root, (self.root / path).parent)
            if self.answers is not None:
                write_answers(self.root, self.answers)


def change(root: Path, before: Answers, after: Answers, *, answers: Answers | None) -> Change:
    """Return what turns a repository made with ``before`` into one made with ``after``.

    Files that only the former has are removed, and those that only the latter has are written where
    they are missing. What both have is merged with what the team wrote into it. ``answers`` are
    those that the repository keeps then, None when they stay.
    """
    old, new = rendered(before), rendered(after)
    written: dict[str, bytes] = {}
    left: list[str] = []
    for path, content in new.items():
        file = root / path
        if path not in old:
            if not file.exists():
                written[path] = content
        elif content != old[path] and file.is_file():
            merged = _merged(file.read_bytes(), old[path], content)
            if merged is None:
                left.append(path)
            elif merged != file.read_bytes():
                written[path] = merged
    removed = [path for path in old if path not in new and (root / path).is_file()]
    return Change(root, written, tuple(removed), tuple(left), answers)


def missing(root: Path, files: Files, wanted: Collection[str]) -> Mapping[str, bytes]:
    """Return those of ``wanted`` that the repository at ``root`` has not."""
    return {path: files[path] for path in wanted if not (root / path).exists()}


def _merged(current: bytes, old: bytes, new: bytes) -> bytes | None:
    """Return ``current`` with what changed from ``old`` to ``new``, None where both changed."""
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
def _all_or_nothing(root: Path, touched: Collection[Path]) -> Iterator[None]:
    """Put files and folders back as they were if the block fails."""
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
    # What lies directly in the root stays: without src/ it would be no repository.
    while folder != root and folder.parent != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
