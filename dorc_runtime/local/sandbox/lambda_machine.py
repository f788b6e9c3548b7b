"""Gives a process the machine of a function, by the best mechanism that this system has.

Started as a program it tries that out, and prints as JSON what is held: see ``mechanisms``.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dorc_runtime.local.sandbox import landlock, mounts, python_rules
else:

    def _load_module(name: str) -> ModuleType:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"_{name}", path)
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    if sys.platform == "linux":
        _load_module("system_calls")
        landlock, mounts = _load_module("landlock"), _load_module("mounts")
    python_rules = _load_module("python_rules")

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html: only /tmp.
HOME = "/home/sbx_user1051"


class Machine(NamedTuple):
    """What a process has got: folders to import from, and the folder of each bundled package.

    ``mechanism`` is what holds its files, ``ports`` whether the kernel holds its connections, and
    ``reason`` why it is no better mechanism.
    """

    paths: list[str]
    bundled: Mapping[str, str]
    mechanism: str
    ports: bool
    reason: str


def enter(settings: Mapping[str, Any]) -> Machine:
    """Give this process, which must have one thread, the machine that ``settings`` describe.

    These are ``folder``, ``lib`` and ``packages`` (or None), ``bundled`` (where each package of
    Lambda's runtime is), ``storage`` in MiB, ``hidden`` and ``kept`` folders, ``temporary``, the
    folder for temporary files of a process without a /tmp of its own, ``ports`` to connect to
    (None: all), and ``mechanism``, the best one to use.
    """
    python_rules.refuse_semaphores()
    os.environ["HOME"] = HOME
    best, reason = settings["mechanism"], ""
    if sys.platform != "linux":
        best, reason = "python", f"{sys.platform} has none of Linux's mechanisms"
    if best == "namespaces":
        try:
            paths, bundled = _mount(settings)
        except OSError as error:
            best, reason = "landlock", f"no user namespaces: {error.strerror}"
        else:
            return Machine(paths, bundled, best, _close_ports(settings["ports"]), reason)
    folders = [settings[name] for name in ("folder", "lib", "packages") if settings[name]]
    temporary = [settings["temporary"], "/tmp"]  # noqa: S108 # Lambda's
    python_rules.make_read_only(writable=temporary, protected=[*folders, *settings["hidden"]])
    ports = False
    if best == "landlock":
        try:
            landlock.restrict(ports=settings["ports"], writable=temporary)
            ports = landlock.version() >= landlock.PORTS
        except OSError as error:
            best, reason = "python", f"{reason}; no Landlock: {error.strerror}".removeprefix("; ")
    bundled = {name: os.path.dirname(path) for name, path in settings["bundled"].items()}
    return Machine(folders, bundled, best, ports, reason)


def _mount(settings: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    bundled = settings["bundled"]
    packages = mounts.site_packages(f"{sys.version_info.major}.{sys.version_info.minor}")
    places = {f"{mounts.RUNTIME}/{os.path.basename(path)}": path for path in bundled.values()}
    if settings["packages"]:
        places[packages] = settings["packages"]
    mounts.enter(
        task=[settings[name] for name in ("folder", "lib") if settings[name]],
        storage=settings["storage"],
        hidden=settings["hidden"],
        kept=settings["kept"],
        places=places,
    )
    os.environ.pop("TMPDIR", None)
    os.environ["LAMBDA_TASK_ROOT"] = mounts.TASK
    return [mounts.TASK, packages], dict.fromkeys(bundled, mounts.RUNTIME)


def _close_ports(ports: list[int] | None) -> bool:
    if landlock.version() < landlock.PORTS:
        return False
    try:
        landlock.restrict(ports=ports, writable=None)
    except OSError:
        return False
    return True


def main(mechanism: str) -> None:
    """Try ``mechanism`` in a process, and print what is held."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        # In a child, so that this process can still remove the folder.
        if hasattr(os, "fork") and os.fork():
            os.wait()
            return
        nothing: dict[str, Any] = {"lib": None, "packages": None, "bundled": {}, "storage": 1}
        folders = {"folder": folder, "temporary": folder, "hidden": [], "kept": []}
        machine = enter({**nothing, **folders, "ports": [], "mechanism": mechanism})
        print(json.dumps([machine.mechanism, machine.ports, machine.reason]), flush=True)  # noqa: T201
        if hasattr(os, "fork"):
            os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
