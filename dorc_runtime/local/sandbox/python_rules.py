"""What Python itself refuses in a worker, as Lambda does: on every system, for Python's own calls.

``refuse_semaphores`` is for every worker. ``make_read_only`` is for systems where the kernel does
not make the file system read-only: it adds an audit hook, which sees what Python opens and changes
(https://docs.python.org/3/library/audit_events.html), and nothing of libraries in C.
"""

import errno
import importlib
import os
import stat
import sys
from collections.abc import Collection

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# The events that change a file system, and which of their arguments are the paths that change.
_CHANGES: dict[str, tuple[int, ...]] = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
    "os.setxattr": (0,),
    "os.removexattr": (0,),
}
# These follow a link at the end of the path; the others change the link itself.
_FOLLOWING = ("os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr")


def refuse_semaphores() -> None:
    """Let ``multiprocessing`` fail as on Lambda, which has no ``/dev/shm`` for its semaphores.

    https://aws.amazon.com/blogs/compute/parallel-processing-in-python-with-aws-lambda/
    """
    try:
        multiprocessing = importlib.import_module("_multiprocessing")
    except ModuleNotFoundError:
        return

    class SemLock:
        SEM_VALUE_MAX = 2**31 - 1

        def __init__(self, *arguments: object) -> None:
            raise OSError(errno.ENOSYS, "Function not implemented")

    multiprocessing.SemLock = SemLock  # type: ignore[attr-defined] # it has one


def make_read_only(*, writable: Collection[str], protected: Collection[str]) -> None:
    """Refuse changes of files outside of the folders ``writable``, and in those ``protected``.

    For a folder of one kind in a folder of the other, the inner one counts.
    """
    sys.addaudithook(_ReadOnlyFiles(writable, protected).check)


class _ReadOnlyFiles:
    def __init__(self, writable: Collection[str], protected: Collection[str]) -> None:
        self._writable = tuple(os.path.realpath(folder) for folder in writable)
        self._protected = tuple(os.path.realpath(folder) for folder in protected)

    def check(self, event: str, arguments: tuple[object, ...]) -> None:
        """Raise an error for an event that changes what is read-only."""
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._check_change(path, follow=True)
        elif event == "sqlite3.connect":
            self._check_database(arguments[0])
        elif event in _CHANGES:
            for number in _CHANGES[event]:
                path = arguments[number]
                # An existing folder is reported as such, also where nothing can be written.
                if event != "os.mkdir" or not _exists(path):
                    self._check_change(path, follow=event in _FOLLOWING)

    def _check_change(self, path: object, *, follow: bool) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        folder, name = os.path.split(os.path.abspath(text))
        changed = os.path.realpath(text)
        if not follow:
            changed = os.path.join(os.path.realpath(folder), name)
        # Where its folder does not exist, Python's own error says that.
        if self._is_read_only(changed) and os.path.isdir(os.path.dirname(changed)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    def _check_database(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        temporary = text in ("", ":memory:") or text.startswith("file:")
        if not temporary and not _exists(text) and self._is_read_only(os.path.realpath(text)):
            import sqlite3

            raise sqlite3.OperationalError("unable to open database file")

    def _is_read_only(self, path: str) -> bool:
        protected, writable = (
            max((len(folder) for folder in folders if _is_below(path, folder)), default=0)
            for folders in (self._protected, self._writable)
        )
        return protected >= writable and not _is_device(path)


def _exists(path: object) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and os.path.lexists(path)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _is_device(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
