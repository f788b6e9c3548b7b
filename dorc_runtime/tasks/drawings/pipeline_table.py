"""What people see of the pipelines of a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dorc_runtime.runs.folder import SavedRun
from dorc_runtime.tasks.drawings.console import console, print_indented

# The width of a terminal on which every table fits.
_ENDLESS = 10_000
# The seconds of each unit.
_UNITS = {"day": 86_400, "hour": 3_600, "minute": 60}
_FIELDS = ("starts on", "reads", "writes", "calls", "last run")


@dataclass(frozen=True)
class PipelineEntry:
    """A pipeline in the list. With a ``problem``, its definition cannot be read.

    ``called`` are the pipelines that it calls. ``last_run`` is the newest run that is saved, with
    the time at which it ended.
    """

    id: str
    triggers: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    problem: str = ""
    last_run: tuple[SavedRun, datetime] | None = None


def show_pipelines(entries: Sequence[PipelineEntry]) -> None:
    """Draw a row for each pipeline, or a few lines where the terminal is too narrow for rows."""
    terminal = console()
    table = _table(entries)
    options = terminal.options.update_width(_ENDLESS)
    if terminal.measure(table, options=options).maximum > terminal.width:
        _show_blocks(terminal, entries)
        return
    terminal.print(table)
    for entry in entries:
        if entry.problem:
            print_indented(terminal, Text("✗ ", style="red"), Text(entry.problem))


def pipelines_as_json(entries: Sequence[PipelineEntry], *, root: Path) -> list[JsonValue]:
    """Return the list for programs; times are in UTC, and folders start at ``root``."""
    return [
        {
            "pipeline": entry.id,
            "problem": entry.problem or None,
            "triggers": [*entry.triggers],
            "reads": [*entry.reads],
            "writes": [*entry.writes],
            "calls": [*entry.called],
            "last_run": _run_as_json(*entry.last_run, root=root) if entry.last_run else None,
        }
        for entry in entries
    ]


def _table(entries: Sequence[PipelineEntry]) -> Table:
    rows = {entry.id: _fields(entry, entries, wide=True) for entry in entries}
    used = [name for name in _FIELDS if any(row[name] for row in rows.values())]
    table = Table(
        *("pipeline", *used), box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold"
    )
    for id_, row in rows.items():
        table.add_row(id_, *(row[name] for name in used))
    return table


def _show_blocks(terminal: Console, entries: Sequence[PipelineEntry]) -> None:
    width = max(len(name) for name in _FIELDS) + 2
    for entry in entries:
        terminal.print(Text(entry.id, style="bold"))
        for name, text in _fields(entry, entries, wide=False).items():
            if text:
                head = Text.assemble((f"  {name:{width}}", "dim"))
                print_indented(terminal, head, text)


def _fields(
    entry: PipelineEntry, entries: Sequence[PipelineEntry], *, wide: bool
) -> dict[str, Text]:
    """Return what is shown of a pipeline among ``entries``, by the titles of the columns."""
    separator = "\n" if wide else ", "
    callers = [f"Call of {each.id}" for each in entries if entry.id in each.called]
    starts = Text(separator.join((*entry.triggers, *callers)) or "no trigger")
    if entry.problem:
        starts = Text(f"✗ {'cannot be read' if wide else entry.problem}", style="red")
    return {
        "starts on": starts,
        "reads": Text(separator.join(entry.reads)),
        "writes": Text(separator.join(entry.writes)),
        "calls": Text(separator.join(entry.called)),
        "last run": _run_text(*entry.last_run) if entry.last_run else Text("none", style="dim"),
    }


def _run_text(run: SavedRun, ended: datetime) -> Text:
    succeeded = run.status == "SUCCEEDED"
    text = Text(run.status.lower().replace("_", " "), style="green" if succeeded else "red")
    return text.append(f" in {run.seconds:.2f} s, {_age(ended)}", style="default")


def _age(time: datetime) -> str:
    seconds = int((datetime.now(UTC) - time).total_seconds())
    for unit, size in _UNITS.items():
        if number := seconds // size:
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


def _run_as_json(run: SavedRun, ended: datetime, *, root: Path) -> JsonValue:
    return {
        "status": run.status,
        "seconds": run.seconds,
        "ended": ended.isoformat(),
        "error": run.error or None,
        "folder": run.folder.relative_to(root).as_posix(),
    }
