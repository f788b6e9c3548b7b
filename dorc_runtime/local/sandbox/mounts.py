"""Lambda's file system for one process on Linux: a user and a mount namespace, without root.

All is read-only, ``/tmp`` is a file system of a limited size, the function and ``lib/`` are one
folder at ``/var/task``, and there is no home folder. What a function has no need to see is hidden.
"""

import os
import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dorc_runtime.local.sandbox import system_calls
else:
    try:
        import _system_calls as system_calls
    except ModuleNotFoundError:
        from dorc_runtime.local.sandbox import system_calls

TASK = "/var/task"
TEMPORARY = "/tmp"  # noqa: S108 # Lambda's
RUNTIME = "/var/runtime"
# The user and the group of functions on Lambda.
USER, GROUP = 993, 990
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_NO_SUID, _NO_DEVICES, _RECURSIVE, _PRIVATE = 2, 4, 1 << 14, 1 << 18
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_HERE = -100
_CLONE, _CLOSE_ON_EXEC, _WHOLE_TREE, _EMPTY_PATH = 1, 0o2000000, 0x8000, 4
_READ_ONLY = 1
# What Lambda has of its own in place of the system's.
_COVERED = (TEMPORARY, "/var", "/dev", "/run")
_LINKS = {
    "/var/run": "/run",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
_DEVICES = ("full", "null", "random", "urandom", "zero")
# The parts of hidden folders that programs need: addresses of name servers.
_SYSTEM_PARTS = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager")


def site_packages(version: str) -> str:
    """Return where Lambda's image has the packages of requirements files."""
    return f"/var/lang/lib/python{version}/site-packages"


def enter(
    *,
    task: Iterable[str],
    storage: int,
    hidden: Iterable[str],
    kept: Iterable[str],
    places: Mapping[str, str],
) -> None:
    """Give this process Lambda's file system; it must have one thread.

    ``task`` are the folders that ``/var/task`` is made of, the first one first; ``storage`` is the
    size of ``/tmp`` in MiB. ``hidden`` are folders that it must not see, but for the folders
    ``kept`` in them; ``places`` has files and folders by where it is to see them.

    Raises:
        OSError: The system does not allow it.
    """
    _own_namespaces()
    hidden = [path for path in hidden if path != "/"]
    kept = [path for path in (*kept, *_SYSTEM_PARTS) if _is_below(path, (*_COVERED, *hidden))]
    contents = {
        **{path: path for path in kept if os.path.isdir(path)},
        **{f"/dev/{name}": f"/dev/{name}" for name in _DEVICES},
        **places,
        **_merged(task),
    }
    libraries = _tree("/var/lib")
    trees = {place: _tree(source) for place, source in contents.items()}
    for folder in _COVERED:
        _cover(folder, f"size={storage}m,mode=1777" if folder == TEMPORARY else "mode=755")
    _put(libraries, "/var/lib")
    for folder in hidden:
        _cover(folder, "mode=755")
    for folder in (TASK, "/var/tmp"):  # noqa: S108 # Lambda's
        os.mkdir(folder)
    for place, target in _LINKS.items():
        os.symlink(target, place)
    for place, tree in trees.items():
        _put(tree, place)
    _set_read_only("/", on=True)
    _set_read_only(TEMPORARY, on=False)
    # Nobody can undo the mounts after that.
    system_calls.drop_capabilities()
    os.chdir(TASK)


def _own_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    system_calls.unshare(_NEW_USER | _NEW_MOUNTS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{USER} {user} 1"),
        ("gid_map", f"{GROUP} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    system_calls.mount(None, "/", None, _RECURSIVE | _PRIVATE)


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _merged(folders: Iterable[str], place: str = TASK) -> dict[str, str]:
    """Return what ``place`` holds when the image has copied ``folders`` there, the last one first.

    A folder in more than one of them is merged, and so is what is in it.
    """
    entries: dict[str, list[str]] = {}
    for folder in folders:
        for name in os.listdir(folder):
            entries.setdefault(name, []).append(os.path.join(folder, name))
    merged: dict[str, str] = {}
    for name, paths in entries.items():
        if len(paths) > 1 and all(os.path.isdir(path) for path in paths):
            merged |= _merged(paths, f"{place}/{name}")
        elif os.path.exists(paths[0]):
            merged[f"{place}/{name}"] = paths[0]
    return merged


def _cover(folder: str, options: str) -> None:
    if os.path.isdir(folder):
        system_calls.mount("tmpfs", folder, "tmpfs", _NO_SUID | _NO_DEVICES, options)


def _tree(path: str) -> tuple[int, bool]:
    """Return a handle of what is at ``path``, for another place, and whether that is a folder."""
    flags = _CLONE | _CLOSE_ON_EXEC | _WHOLE_TREE
    tree = system_calls.call(_OPEN_TREE, _HERE, os.fsencode(path), flags)
    return tree, os.path.isdir(path)


def _put(tree: tuple[int, bool], place: str) -> None:
    handle, is_folder = tree
    os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)
    if not is_folder and not os.path.exists(place):
        with open(place, "x"):
            pass
    system_calls.call(_MOVE_MOUNT, handle, b"", _HERE, os.fsencode(place), _EMPTY_PATH)
    os.close(handle)


def _set_read_only(path: str, *, on: bool) -> None:
    attributes = struct.pack("QQQQ", _READ_ONLY * on, _READ_ONLY * (not on), 0, 0)
    flags = _WHOLE_TREE if on else 0
    system_calls.call(_MOUNT_SETATTR, _HERE, os.fsencode(path), flags, attributes, len(attributes))
