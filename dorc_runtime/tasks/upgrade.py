"""The task that brings a repository to a newer release of dorc."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.entry import report_errors, repository, say

if TYPE_CHECKING:
    from dorc_runtime.project.template.upgrade import Updated, Upgrade

_CONFLICTS = 1
_MISTAKE = 2
_NEWER = 3
_VERBS = {"M": "changed", "A": "added", "D": "removed", "U": "conflicts in", "R": "moved"}


@task(
    help={
        "to": "the release to update to (default: the newest)",
        "check": "only tell whether there is a newer release; exits 3 when there is",
        "install": "install the library that goes with it, and check all pipelines",
    }
)
@report_errors
def upgrade(c: Context, to: str | None = None, check: bool = False, install: bool = True) -> None:
    """Update what is dorc's in this repository, and the library, to a newer release.

    Nothing of yours is touched, and nothing is committed. Exits 1, naming the files, when something
    conflicts.
    """
    from dorc_runtime.project.template.upgrade import carry_out, check_committed, plan_upgrade

    found = repository(c)
    if not check:
        check_committed(found.root)
    planned = plan_upgrade(found.root, to=to)
    if planned.template.unreachable:
        say(
            f"the template cannot be reached, so what was last seen of it has to do: "
            f"{planned.template.unreachable}"
        )
    if not planned.needed:
        say(f"{planned.current} is the newest release")
        return
    if check:
        say(f"{planned.wanted} is out; this repository has {planned.current}")
        _tell_notes(planned)
        raise Exit(code=_NEWER)
    say(f"dorc {planned.current} -> {planned.wanted}")
    updated = carry_out(planned)
    _tell(updated)
    if updated.conflicts:
        _tell_notes(planned)
        say("mend what lies between <<<<<<< and >>>>>>>, then: pip install -e . && invoke check")
        files = ", ".join(updated.conflicts)
        raise Exit(f"error: you and the template changed the same lines: {files}", code=_CONFLICTS)
    if install:
        _install(found.root)
    _tell_notes(planned)
    then = "" if install else "pip install -e . && invoke check && "
    say(f"next: {then}invoke test && git add --all && git commit")


def _tell(updated: "Updated") -> None:
    for path, letter in sorted(updated.changed.items()):
        say(f"  {_VERBS.get(letter, letter)} {path}")
    for path in updated.kept:
        say(f"  kept {path}: dorc has it no longer, but you changed it; it is yours now")
    for question, answer in updated.answered.items():
        say(f"  answered {question}: {answer}; another answer: copier update --data {question}=...")


def _tell_notes(planned: "Upgrade") -> None:
    if notes := planned.notes:
        say(f"\nwhat is left for you to do:\n\n{notes}\n")


def _install(root: Path) -> None:
    """Install what `pyproject.toml` wants now, and check by that library, not by this one."""
    for module, words in (("pip", ("install", "--quiet", "-e", ".")), ("invoke", ("check",))):
        command = [sys.executable, "-m", module, *words]
        if subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603
            left = " ".join((module, *words))
            raise Exit(f"error: updated, but not ready: `{left}` fails; mend it.", code=_MISTAKE)


TASKS: tuple[Task[Any], ...] = (upgrade,)
