"""What people see of a backfill: its plan, how far it is, and how it ended."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import JsonValue
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from dorc_runtime.operate.backfill.backfill_plan import BackfillPlan
from dorc_runtime.operate.backfill.backfill_run import BackfillProgress
from dorc_runtime.operate.deployed_executions import FAILED, Execution
from dorc_runtime.tasks.drawings.console import console, print_indented
from dorc_runtime.tasks.drawings.text import duration_text, size_text

# Without a terminal there is a line each time that so many parts of all have ended.
_LINES = 10
# So many errors are in the report.
_MOST_ERRORS = 5
_HOUR = 3600


def show_plan(plan: BackfillPlan, *, environment: str, at_once: int) -> None:
    """Draw what a backfill starts, what was done before, its price and its time."""
    terminal = console()
    selection = plan.selection
    what = f"{len(selection.items):,} {selection.kind} {selection.where}"
    terminal.print(Text.assemble((plan.pipeline, "bold"), f" in {environment}: {what}"))
    terminal.print()
    for name, value in _plan_rows(plan, at_once=at_once):
        print_indented(terminal, Text(f"  {name:<8}"), Text(value))
    if plan.chosen or plan.running:
        terminal.print()
    else:
        failed = [each for each in plan.known.values() if each.status in FAILED]
        _show_redrive(terminal, plan.pipeline, environment, failed)


def backfill_as_json(
    plan: BackfillPlan, progress: BackfillProgress, *, environment: str, at_once: int
) -> dict[str, JsonValue]:
    """Return a backfill for programs; the price is the lowest and the highest, in US dollars."""
    seconds = plan.seconds(at_once)
    return {
        "pipeline": plan.pipeline,
        "environment": environment,
        plan.selection.kind: len(plan.selection.items),
        "before": {
            "succeeded": plan.succeeded,
            "failed": plan.failed,
            "running": plan.running,
        },
        "bytes": plan.size,
        "price": [round(each, 6) for each in plan.price] if plan.price else None,
        "seconds": None if seconds is None else round(seconds, 1),
        "started": progress.started,
        "succeeded": progress.succeeded,
        "failed": len(progress.failed),
        "left": plan.waiting,
        "stopped": progress.is_stopped,
        "errors": dict(progress.errors),
        "failures": [
            {"execution": each.name, "status": each.status, "error": each.error or None}
            for each in progress.failed
        ],
    }


class BackfillDrawing:
    """Draws how far a backfill is: a bar on a terminal, else a line now and then."""

    def __init__(self, terminal: Console, *, total: int) -> None:
        self._terminal = terminal
        self._has_bar = terminal.file.isatty()
        self._bar = Progress(
            BarColumn(complete_style="cyan", finished_style="green"),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} ended"),
            TextColumn("{task.fields[counts]}", style="dim"),
            console=terminal,
            transient=True,
            disable=not self._has_bar,
        )
        self._task = self._bar.add_task("", total=total, counts="")
        self._failed = 0
        self._next = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Draw the bar inside the context."""
        with self._bar:
            yield

    def observe(self, progress: BackfillProgress) -> None:
        """Draw what has changed."""
        for each in progress.failed[self._failed :]:
            error = each.error or each.status.lower().replace("_", " ")
            print_indented(self._terminal, Text(f"  {each.name} "), Text(error, style="red"))
        self._failed = len(progress.failed)
        counts = f"{progress.running} running, {self._failed} failed"
        self._bar.update(self._task, total=progress.total, completed=progress.ended, counts=counts)
        if not self._has_bar and progress.total and progress.ended >= self._next:
            self._terminal.print(f"{progress.ended:,} of {progress.total:,} ended, {counts}")
            step = math.ceil(progress.total / _LINES)
            self._next = min(progress.ended + step, progress.total)
            if progress.ended == progress.total:
                self._next = math.inf


def show_end(plan: BackfillPlan, progress: BackfillProgress, *, environment: str) -> None:
    """Draw how a backfill ended: how many succeeded, and what failed with which error."""
    terminal = console()
    style = "red" if progress.failed or progress.is_stopped else "green"
    counts = f"{progress.succeeded:,} succeeded, {len(progress.failed):,} failed"
    terminal.print(Text(counts, style=style))
    for error, number in progress.errors.most_common(_MOST_ERRORS):
        example = next(each.name for each in progress.failed if error in (each.error, each.status))
        print_indented(terminal, Text(f"  {number:,} {error}, such as "), Text(example))
    if progress.is_stopped:
        terminal.print("stopped: somebody gave this command with --stop, and nothing else starts")
    if plan.waiting:
        terminal.print(f"{plan.waiting:,} are left: give the command again")
    _show_redrive(terminal, plan.pipeline, environment, progress.failed)


def _show_redrive(
    terminal: Console, pipeline: str, environment: str, failed: Sequence[Execution]
) -> None:
    """Draw the command that redrives what failed, if something has."""
    if not failed:
        return
    first = min(each.started for each in failed)
    hours = math.ceil((datetime.now(UTC) - first).total_seconds() / _HOUR)
    command = f"invoke redrive --failed --since {hours}h -p {pipeline} --env {environment}"
    terminal.print(Text(f"next: {command}", style="dim"), soft_wrap=True)


def _plan_rows(plan: BackfillPlan, *, at_once: int) -> Iterator[tuple[str, str]]:
    if plan.known:
        counts = {"succeeded": plan.succeeded, "failed": plan.failed, "run now": plan.running}
        shown = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)
        yield "before", shown
    if not plan.chosen:
        yield "now", "nothing is left to start"
        return
    size = f", {size_text(plan.size)}" if plan.selection.kind == "objects" else ""
    yield "now", f"starts {len(plan.chosen):,}, {at_once} at once{size}"
    if plan.waiting:
        yield "later", f"{plan.waiting:,} more"
    yield "price", _price_text(plan)
    seconds = plan.seconds(at_once)
    if seconds is not None:
        yield "time", f"about {duration_text(seconds)}, as {plan.estimate.origin} took"


def _price_text(plan: BackfillPlan) -> str:
    if not plan.estimate.origin:
        return "not known until an execution has succeeded: try one with --limit 1"
    if plan.price is None or plan.estimate.prices is None:
        return "not known: dorc has no prices of this region"
    low, high = (_dollars(each) for each in plan.price)
    text = f"about {high}" if low == high else f"{low} to {high}"
    text += f" for Step Functions and Lambda, as {plan.estimate.origin} cost"
    text += f" (prices of {plan.estimate.prices.date})"
    if plan.estimate.omitted:
        text += f"; without {' and '.join(plan.estimate.omitted)}"
    return text


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}" if amount >= 0.0001 else "$0.0001"
