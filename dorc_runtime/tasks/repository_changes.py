"""Carries out the change of a repository, and prints what was done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from dorc_runtime.tasks.entry import print_line

if TYPE_CHECKING:
    from dorc_runtime.project.template.changes import Change

DRY = {"dry-run": "show what would be done, and change nothing"}
_DONE = {"write": "wrote", "change": "changed", "remove": "removed", "move": "moved"}


def carry_out(
    change: "Change", *, dry_run: bool = False, json: bool = False, notes: Sequence[str] = ()
) -> None:
    """Carry out a change and print it, or only print it in a ``dry_run``; ``notes`` follow it."""
    lines = change.lines
    if not dry_run:
        change.carry_out()
    if json:
        from dorc_runtime.tasks.drawings.console import print_json

        conflicts: list[JsonValue] = [*change.conflicts]
        print_json({"dry_run": dry_run, "changes": [*lines], "conflicts": conflicts})
        return
    if change.empty:
        print_line("nothing to do: everything exists")
    for line in lines:
        verb, path = line.split(" ", 1)
        print_line(f"would {line}" if dry_run else f"{_DONE[verb]} {path}")
    for path in change.conflicts:
        print_line(f"{path} is not changed, because you changed it: edit it by hand")
    for note in () if dry_run else notes:
        print_line(note)
