"""What `invoke doctor` finds out about the machine of functions."""

from dorc_runtime.local.sandbox.mechanisms import Isolation, held
from dorc_runtime.project.tools import Finding


def isolation_finding(isolation: Isolation) -> Finding:
    """Return whether this system holds all of Lambda's machine, and otherwise how to get there."""
    name, needed_for = "isolation", "run"
    machine = held(isolation)
    if not machine.missing:
        detail = f"functions have Lambda's files and network, by {machine.mechanism}"
        return Finding(name, needed_for, detail)
    remedy = f"not held: {', '.join(machine.missing)}. To hold it, {machine.remedy}"
    return Finding(name, needed_for, remedy=remedy, optional=True)
