"""Linux's Landlock: a process gives up rights to files and ports, for good and for its children.

https://docs.kernel.org/userspace-api/landlock.html
"""

import os
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dorc_runtime.local.sandbox import system_calls
else:
    try:
        import _system_calls as system_calls
    except ModuleNotFoundError:
        from dorc_runtime.local.sandbox import system_calls

# The first version of the interface with rules on ports: Linux 6.7.
PORTS = 4
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH, _PORT = 1, 2
_CONNECT = 2
_NO_NEW_PRIVILEGES = 38
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
# Remove and make what a folder can hold: LANDLOCK_ACCESS_FS_REMOVE_DIR to MAKE_SYM.
_CHANGES = 0b1_1111_1111 << 4
# Rights that later versions of the interface have added.
_REFER, _TRUNCATE = (2, 1 << 13), (3, 1 << 14)


def version() -> int:
    """Return the version of the kernel's interface, 0 where there is none."""
    try:
        return system_calls.call(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


def restrict(*, ports: Iterable[int] | None, writable: Iterable[str] | None) -> None:
    """Let this process connect by TCP to ``ports`` alone, and write below ``writable`` alone.

    None restricts nothing. Every file can still be read.

    Raises:
        OSError: The kernel cannot do it.
    """
    known = version()
    if ports is not None and known < PORTS:
        ports = None
    files = _file_rights(known) if writable is not None else 0
    handled = struct.pack("QQ", files, _CONNECT if ports is not None else 0)
    ruleset = system_calls.call(_CREATE_RULESET, handled, len(handled) if known >= PORTS else 8, 0)
    try:
        for port in ports or ():
            system_calls.call(_ADD_RULE, ruleset, _PORT, struct.pack("QQ", _CONNECT, port), 0)
        if writable is not None:
            _allow(ruleset, "/", _EXECUTE | _READ | _LIST)
            for path in writable:
                _allow(ruleset, path, files)
            _allow(ruleset, "/dev/null", _WRITE | _READ)
            if os.geteuid() == 0:
                # Root could read the variables of other processes.
                system_calls.drop_capabilities()
        system_calls.prctl(_NO_NEW_PRIVILEGES, 1)
        system_calls.call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _file_rights(known: int) -> int:
    rights = _EXECUTE | _WRITE | _READ | _LIST | _CHANGES
    for since, right in (_REFER, _TRUNCATE):
        rights |= right if known >= since else 0
    return rights


def _allow(ruleset: int, path: str, rights: int) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        system_calls.call(_ADD_RULE, ruleset, _PATH, struct.pack("=Qi", rights, folder), 0)
    finally:
        os.close(folder)
