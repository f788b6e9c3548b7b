"""Linux's system calls that Python does not have, with ``OSError`` for their failures.

The numbers of calls after 424 are the same on all processors:
https://www.kernel.org/doc/html/latest/process/adding-syscalls.html
"""

import ctypes
import os
import struct
from functools import cache
from pathlib import Path

_DROP_BOUND = 24
_CAPABILITY_VERSION = 0x20080522


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: int | bytes | None) -> int:
    """Return the result of the system call with this ``number``."""
    return _checked(_library().syscall(ctypes.c_long(number), *map(_argument, arguments)))


def unshare(flags: int) -> None:
    """Give this process namespaces of its own."""
    _checked(_library().unshare(flags))


def prctl(option: int, *arguments: int) -> None:
    """Change a property of this process."""
    values = [*arguments, 0, 0, 0, 0][:4]
    _checked(_library().prctl(option, *map(ctypes.c_ulong, values)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount a file system, or change how one is mounted."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    source_path, target_path, kind_name, options = texts
    _checked(
        _library().mount(source_path, target_path, kind_name, ctypes.c_ulong(flags), options),
        target,
    )


def drop_capabilities() -> None:
    """Give up all rights of root, for good and for the programs that this process starts."""
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        prctl(_DROP_BOUND, capability)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_library().capset(header, struct.pack("=6I", *[0] * 6)))


def _argument(value: int | bytes | None) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(result: int, name: str | None = None) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return int(result)
