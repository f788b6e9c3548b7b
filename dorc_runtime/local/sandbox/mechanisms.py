"""The mechanisms that hold a function to Lambda's machine, and what of it this system holds.

| mechanism | holds |
|---|---|
| ``namespaces`` | all of Lambda's file system, for the whole process (``mounts``) |
| ``landlock`` | which files can be written, for the whole process |
| ``python`` | which files can be written, for Python's own calls |

With the first two and Linux 6.7, the kernel also allows connections to the lake alone.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Mechanism = Literal["namespaces", "landlock", "python"]
Network = Literal["lake", "open"]

_MACHINE = Path(__file__).with_name("lambda_machine.py")
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_NOT_HELD: dict[Mechanism, tuple[str, ...]] = {
    "namespaces": (),
    "landlock": ("the size of /tmp", "/var/task", "which files are hidden"),
    "python": ("writes of C libraries and programs", "the size of /tmp", "which files are hidden"),
}
_CONNECTIONS = "connections of C libraries and programs"


@dataclass(frozen=True, slots=True)
class Isolation:
    """How functions are held: ``mechanism`` is the best one to use, if the system has it.

    With ``network="open"`` a function may connect to other hosts than the lake, but not to AWS.
    """

    mechanism: Mechanism = "namespaces"
    network: Network = "lake"


@dataclass(frozen=True, slots=True)
class Held:
    """What this system holds: the ``mechanism``, what is ``missing``, and the ``remedy`` for it."""

    mechanism: Mechanism
    missing: tuple[str, ...]
    remedy: str


def not_held(mechanism: Mechanism, isolation: Isolation, *, ports: bool) -> tuple[str, ...]:
    """Return what of Lambda's machine ``mechanism`` does not hold, with the kernel's ``ports``."""
    missing = _NOT_HELD[mechanism]
    return missing if ports or isolation.network == "open" else (*missing, _CONNECTIONS)


@cache
def held(isolation: Isolation) -> Held:
    """Return what this system holds, which a process tries out."""
    output = subprocess.run(  # noqa: S603 # our own interpreter and file
        [sys.executable, "-I", "-S", "-B", str(_MACHINE), isolation.mechanism],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    mechanism, ports, reason = json.loads(output)
    missing = not_held(mechanism, isolation, ports=ports)
    return Held(mechanism, missing, _remedy(mechanism, reason, isolation) if missing else "")


def _remedy(mechanism: Mechanism, reason: str, isolation: Isolation) -> str:
    if mechanism == isolation.mechanism != "namespaces":
        return "remove FUNCTION_ISOLATION from .env and from the environment"
    if sys.platform != "linux":
        return "run in a container or a virtual machine with Linux 6.7 or newer"
    if mechanism == "namespaces":
        return "use Linux 6.7 or newer, with Landlock"
    if _APPARMOR.is_file() and _APPARMOR.read_text().strip() == "1":
        remedy = "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
    else:
        remedy = "allow user namespaces (for Docker: `--security-opt seccomp=unconfined`)"
    return f"{reason}: {remedy}"
