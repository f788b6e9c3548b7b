"""What people see of executions on AWS."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dorc_runtime.operate.deployed_executions import FAILED, Execution, called_execution
from dorc_runtime.operate.execution_control import started_by
from dorc_runtime.operate.map_runs import ExecutionEvents, FailedItem
from dorc_runtime.runs.causes import Frame, read_cause
from dorc_runtime.runs.failure import Failure, FailureRow
from dorc_runtime.runs.visits import visits_of
from dorc_runtime.tasks.drawings.console import console, print_indented
from dorc_runtime.tasks.drawings.execution_text import (
    elapsed_text,
    failure_text,
    local_time,
    status_text,
    utc_time,
)
from dorc_runtime.tasks.drawings.failure_drawing import print_failure
from dorc_runtime.tasks.drawings.step_lines import StepLines
from dorc_runtime.tasks.drawings.text import json_text

# From this width on, the columns fit next to each other.
_WIDE = 120
# Where Lambda puts the code of a function.
_TASK = Path("/var/task")


def show_executions(found: Sequence[Execution], *, environment: str, more: bool) -> None:
    """Draw a row for each execution; where the terminal is narrow, two lines for each."""
    terminal = console()
    if not found:
        terminal.print(f"no such execution in {environment}")
        return
    if terminal.width < _WIDE:
        _show_blocks(terminal, found)
    else:
        _show_table(terminal, found)
    if failed := next((each for each in found if each.status in FAILED), None):
        command = f"invoke history --execution {failed.name} --env {environment}"
        terminal.print(Text(f"next: {command}", style="dim"), soft_wrap=True)
    elif more:
        terminal.print(Text("there may be more: --limit shows them", style="dim"))


def execution_as_json(execution: Execution) -> dict[str, JsonValue]:
    """Return an execution for programs; times are in UTC."""
    return {
        "pipeline": execution.pipeline,
        "execution": execution.name,
        "arn": execution.arn,
        "status": execution.status,
        "started": utc_time(execution.started),
        "stopped": utc_time(execution.stopped) if execution.stopped else None,
        "error": execution.error or None,
        "state": execution.state or None,
    }


def show_history(
    execution: Execution,
    read: ExecutionEvents,
    *,
    environment: str,
    root: Path,
    all_frames: bool,
) -> None:
    """Draw an execution as a run is drawn, from its events and how it ended."""
    terminal = console()
    show_title(terminal, execution, environment=environment)
    steps = StepLines(terminal, {}, None, None, skip_waits=False)
    for event in read.events:
        steps.event(event)
    show_end(terminal, execution, read, root=root, all_frames=all_frames)


def show_title(terminal: Console, execution: Execution, *, environment: str) -> None:
    """Draw which execution it is, above its steps."""
    terminal.print(
        Text.assemble(
            (execution.pipeline, "bold"),
            ("  execution ", "dim"),
            execution.name,
            (f" in {environment}, {local_time(execution.started)}", "dim"),
        )
    )
    if by := started_by(execution):
        text = f"started by {by['who']} with {by['command']}"
        print_indented(terminal, Text(), Text(text, style="dim"))
    terminal.print()


def show_end(
    terminal: Console,
    execution: Execution,
    read: ExecutionEvents,
    *,
    root: Path,
    all_frames: bool,
) -> None:
    """Draw how an execution ended, below its steps."""
    terminal.print()
    failure = execution_failure(execution, read, root=root)
    if failure is not None:
        rows = failure.rows(execution.pipeline, all_frames=all_frames, option="--trace")
        inner = [*_called_rows(execution), *_item_rows(read.failed_item)]
        print_failure(terminal, [*rows, *inner])
        if read.failed_item:
            # On one line, to be copied.
            terminal.print(Text(f"  {read.failed_item.execution.arn}"), soft_wrap=True)
        terminal.print()
    elif execution.output is not None:
        terminal.print("output")
        print_indented(terminal, Text("  "), json_text(json.loads(execution.output)))
        terminal.print()
    again = {0: "", 1: ", with 1 redrive"}.get(
        execution.redrives, f", with {execution.redrives} redrives"
    )
    terminal.print(Text.assemble(status_text(execution), f" {elapsed_text(execution)}{again}"))


def history_as_json(
    execution: Execution, read: ExecutionEvents, *, root: Path
) -> dict[str, JsonValue]:
    """Return an execution for programs, with its visits as ``result.json`` of a run has them."""
    failure = execution_failure(execution, read, root=root)
    item = read.failed_item
    return {
        **execution_as_json(replace(execution, state=failure.state if failure else "")),
        "input": json.loads(execution.input) if execution.input else None,
        "output": json.loads(execution.output) if execution.output else None,
        "failure": failure.as_json() if failure else None,
        "failed_item": _item_as_json(item) if item else None,
        "visits": [visit.as_json() for visit in visits_of(read.events)],
    }


def execution_failure(execution: Execution, read: ExecutionEvents, *, root: Path) -> Failure | None:
    """Return why an execution failed, with the files of its functions named as in ``root``."""
    if execution.status not in FAILED:
        return None
    failed = read.failed
    error, cause = execution.error or _ended_by(execution), execution.cause
    if failed is None:
        return Failure(execution.pipeline, error, read_cause(cause).message)
    reason = read_cause(failed.cause)
    folder = root / "src" / execution.pipeline / failed.visit.state
    return Failure(
        execution.pipeline,
        failed.error or error,
        reason.message,
        state=failed.visit.state,
        path=failed.visit.location,
        trace=tuple(_own(frame, folder, root) for frame in reason.trace),
        input=failed.input,
        log=read.log,
        run_error=error if error != failed.error else "",
    )


def _called_rows(execution: Execution) -> Iterator[FailureRow]:
    if called := called_execution(execution.cause).rpartition(":")[2]:
        yield "called", f"execution {called}, which `invoke history` shows"


def _item_rows(item: FailedItem | None) -> Iterator[FailureRow]:
    if item is not None:
        yield "items", f"{item.failed} of {item.total} failed; the execution of this one:"


def _item_as_json(item: FailedItem) -> JsonValue:
    return {"arn": item.execution.arn, "failed": item.failed, "total": item.total}


def _own(frame: Frame, folder: Path, root: Path) -> Frame:
    """Return a frame of the function's image with the file in the repository that it comes from."""
    file = Path(frame.file)
    if not file.is_relative_to(_TASK):
        return frame
    inside = file.relative_to(_TASK)
    for place in (folder, root / "lib"):
        if (place / inside).is_file():
            return replace(frame, file=(place / inside).relative_to(root).as_posix(), is_own=True)
    return frame


def _ended_by(execution: Execution) -> str:
    return {"TIMED_OUT": "States.Timeout", "ABORTED": "stopped"}.get(execution.status, "")


def _show_table(terminal: Console, found: Sequence[Execution]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("started", "pipeline", "execution", "status", "failed"):
        table.add_column(title, overflow="fold", no_wrap=title in ("started", "status"))
    for each in found:
        status = Text.assemble(status_text(each), f" {elapsed_text(each)}")
        table.add_row(
            local_time(each.started), each.pipeline, each.name, status, failure_text(each)
        )
    terminal.print(table)


def _show_blocks(terminal: Console, found: Sequence[Execution]) -> None:
    for each in found:
        head = Text.assemble((each.pipeline, "bold"), f"  {local_time(each.started)}  ")
        print_indented(terminal, head, Text.assemble(status_text(each), f" {elapsed_text(each)}"))
        print_indented(terminal, Text("  "), Text(each.name, style="dim"))
        if each.error or each.state:
            print_indented(terminal, Text("  "), failure_text(each))
