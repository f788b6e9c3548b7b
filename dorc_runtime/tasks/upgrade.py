"""The task that updates a repository to a newer release of dorc: ``upgrade``."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.tasks.entry import (
    HAS_CHANGES,
    MISTAKE,
    current_repository,
    print_line,
    report_errors,
)
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.project.template.upgrade import Upgrade, UpgradeResult

_CONFLICTS = 1
_VERBS = {"M": "changed", "A": "added", "D": "removed", "U": "conflicts in", "R": "moved"}


@task(
    help={
        "to": "the release to update to (default: the newest)",
        "check": "only check whether there is a newer release; exits 3 if there is",
        "json": "with --check: print the result as JSON, for machines",
        "install": "install the library of that release, and check all pipelines",
    }
)
@report_errors
def upgrade(
    c: Context,
    to: str | None = None,
    check: bool = False,
    install: bool = True,
    json: bool = False,
) -> None:
    """Update dorc's files in this repository, and the library, to a newer release.

    Your own files do not change, and nothing is committed. Exits 1, and names the files, when there
    are conflicts.
    """
    from dorc_runtime.project.template.upgrade import carry_out, check_committed, plan_upgrade

    repository = current_repository(c)
    if json and not check:
        raise Exit("error: --json is for --check: add it.", code=MISTAKE)
    if not check:
        check_committed(repository.root)
    planned = plan_upgrade(repository.root, to=to)
    if json:
        _print_check(planned)
        return
    if planned.template.unreachable:
        print_line(
            f"the template cannot be reached, so its last known copy is used: "
            f"{planned.template.unreachable}"
        )
    if not planned.needed:
        print_line(f"{planned.current} is the newest release")
        return
    if check:
        print_line(f"{planned.target} is released; this repository has {planned.current}")
        _print_notes(planned)
        raise Exit(code=HAS_CHANGES)
    print_line(f"dorc {planned.current} -> {planned.target}")
    updated = carry_out(planned)
    _print_update(updated)
    if updated.conflicts:
        _print_notes(planned)
        print_line("edit between <<<<<<< and >>>>>>>, then: pip install -e . && invoke check")
        files = ", ".join(updated.conflicts)
        raise Exit(f"error: you and the template changed the same lines: {files}", code=_CONFLICTS)
    if install:
        _install(repository.root)
    _print_notes(planned)
    then = "" if install else "pip install -e . && invoke check && "
    print_line(f"next: {then}invoke test && git add --all && git commit")


def _print_check(planned: "Upgrade") -> None:
    from dorc_runtime.tasks.drawings.console import print_json

    releases = {"current": str(planned.current), "target": str(planned.target)}
    print_json({**releases, "needed": planned.needed, "notes": planned.notes or None})
    if planned.needed:
        raise Exit(code=HAS_CHANGES)


def _print_update(updated: "UpgradeResult") -> None:
    for path, letter in sorted(updated.changed.items()):
        print_line(f"  {_VERBS.get(letter, letter)} {path}")
    for path in updated.restored:
        print_line(f"  kept {path}: dorc no longer has it, but you changed it, so it is yours now")
    for question, answer in updated.new_answers.items():
        print_line(
            f"  answered {question}: {answer}; to change it: copier update --data {question}=..."
        )


def _print_notes(planned: "Upgrade") -> None:
    if notes := planned.notes:
        print_line(f"\nwhat you have to do:\n\n{notes}\n")


def _install(root: Path) -> None:
    """Install what `pyproject.toml` now requires; check with that library, not with this one."""
    from dorc_runtime.project.packages import installer

    for name, command in (
        ("pip install -e .", [*installer(), "--quiet", "-e", "."]),
        ("invoke check", [sys.executable, "-m", "invoke", "check"]),
    ):
        if subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603
            raise Exit(f"error: updated, but `{name}` fails: fix what it reports.", code=MISTAKE)


TASKS: tuple[Task[Any], ...] = (upgrade,)
