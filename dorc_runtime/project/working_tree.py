"""Whether the files of a repository change while a command works."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

# They change while programs run.
_OTHER_FOLDERS = ("__pycache__", "node_modules")


def tree_stamp(root: Path) -> str:
    """Return a text that differs when a file in ``root`` was changed, added or deleted.

    Folders with a dot at the start of their names, and virtual environments, do not count.
    """
    lines = sorted(
        f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}\n"
        for path, stat in _files(root)
    )
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield entry.path, entry.stat(follow_symlinks=entry.is_file())
            elif not _is_left_out(entry):
                yield from _files(Path(entry.path))


def _is_left_out(folder: "os.DirEntry[str]") -> bool:
    name = folder.name
    is_environment = Path(folder.path, "pyvenv.cfg").exists()
    return name.startswith(".") or name in _OTHER_FOLDERS or is_environment
