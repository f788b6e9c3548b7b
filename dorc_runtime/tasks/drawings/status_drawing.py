"""What people see of all pipelines of an environment: a row for each, and what to type next."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dorc_runtime.operate.deployed_executions import FAILED
from dorc_runtime.operate.status.next_start import NextStart
from dorc_runtime.operate.status.pipeline_status import PipelineStatus
from dorc_runtime.tasks.drawings.console import console, print_indented
from dorc_runtime.tasks.drawings.execution_drawing import execution_as_json
from dorc_runtime.tasks.drawings.execution_text import elapsed_text, failure_text, status_text
from dorc_runtime.tasks.drawings.text import count_text

# The columns that may be narrower than their longest text, and how narrow.
_LEAST = {"pipeline": 32, "error": 16}
_GAP = "  "


def show_status(
    statuses: Sequence[PipelineStatus], *, dead_letters: int | None, environment: str
) -> None:
    """Draw a row for each pipeline; where the terminal is narrow, a few lines for each.

    ``dead_letters`` is None where nobody has asked.
    """
    terminal = console()
    if table := _table(statuses, width=terminal.width):
        terminal.print(table)
    else:
        _show_blocks(terminal, statuses)
    terminal.print()
    terminal.print(_summary(statuses, dead_letters, environment), soft_wrap=True)
    if command := _next_command(statuses, dead_letters):
        line = Text(f"next: invoke {command} --env {environment}", style="dim")
        terminal.print(line, soft_wrap=True)


def status_as_json(
    statuses: Sequence[PipelineStatus], *, dead_letters: int | None, environment: str
) -> dict[str, JsonValue]:
    """Return the status of an environment for programs; times are in UTC."""
    return {
        "environment": environment,
        "dead_letters": dead_letters,
        "pipelines": [_as_json(each) for each in statuses],
    }


def _as_json(status: PipelineStatus) -> dict[str, JsonValue]:
    start = status.next_start
    return {
        "pipeline": status.pipeline,
        "deployed": status.deployed,
        "last": execution_as_json(status.last) if status.last else None,
        "failed": status.failed,
        "running": status.running,
        "complete": status.is_complete,
        "next_start": {
            "schedule": start.schedule,
            "enabled": start.enabled,
            "at": start.at.isoformat() if start.at else None,
            "within_seconds": int(start.within.total_seconds()) if start.within else None,
        }
        if start
        else None,
        "functions_to_deploy": list(status.stale),
    }


def _table(statuses: Sequence[PipelineStatus], *, width: int) -> Table | None:
    """Return a table of what the pipelines have, None where it does not fit into ``width``."""
    columns = {
        "pipeline": [Text(each.pipeline) for each in statuses],
        "last start": [_last_start(each) for each in statuses],
        "status": [_status(each) for each in statuses],
        "error": [_error(each) for each in statuses],
        "failed": [_failed(each) for each in statuses],
        "running": [_number(each.running, "cyan") for each in statuses],
        "next start": [_start(each.next_start) for each in statuses],
        "to deploy": [_number(len(each.stale), "yellow") for each in statuses],
    }
    columns = {title: texts for title, texts in columns.items() if any(texts)}
    longest = {
        title: max(len(title), *(len(text) for text in texts)) for title, texts in columns.items()
    }
    widths = {title: min(_LEAST.get(title, most), most) for title, most in longest.items()}
    spare = width - sum(each + len(_GAP) for each in widths.values())
    if spare < 0:
        return None
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    # The error comes first.
    for title in reversed(widths):
        more = min(spare, longest[title] - widths[title])
        widths[title] += more
        spare -= more
    for title, least in widths.items():
        table.add_column(title, overflow="fold", width=least)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _show_blocks(terminal: Console, statuses: Sequence[PipelineStatus]) -> None:
    for each in statuses:
        head = Text.assemble((each.pipeline, "bold"), _GAP, _last_start(each))
        if each.last:
            head.append(_GAP)
        print_indented(terminal, head, _status(each))
        if error := _error(each):
            print_indented(terminal, Text(_GAP), error)
        if facts := [*_facts(each)]:
            print_indented(terminal, Text(_GAP), Text(", ").join(facts))


def _facts(status: PipelineStatus) -> Iterator[Text]:
    if failed := _failed(status):
        yield Text.assemble(failed, " failed in 24 h")
    if status.running:
        yield Text.assemble(_number(status.running, "cyan"), " running")
    if start := status.next_start:
        yield Text.assemble("next start " if start.enabled else "schedule ", _start(start))
    if stale := len(status.stale):
        yield Text(f"{count_text(stale, 'image')} to deploy", style="yellow")


def _last_start(status: PipelineStatus) -> Text:
    return Text(_minute(status.last.started) if status.last else "")


def _status(status: PipelineStatus) -> Text:
    if not status.deployed:
        return Text("not deployed", style="yellow")
    if status.last is None:
        return Text("no executions", style="dim")
    return Text.assemble(status_text(status.last), f" {elapsed_text(status.last)}")


def _error(status: PipelineStatus) -> Text:
    return failure_text(status.last) if status.last else Text()


def _failed(status: PipelineStatus) -> Text:
    if not status.is_complete:
        return Text(f"{status.failed}+", style="red" if status.failed else "")
    return _number(status.failed, "red")


def _number(number: int, style: str) -> Text:
    return Text(str(number), style=style) if number else Text()


def _start(start: NextStart | None) -> Text:
    if start is None:
        return Text()
    if start.at:
        return Text(_minute(start.at))
    return Text(f"within {_period(start.within)}") if start.within else Text("disabled", "yellow")


def _summary(
    statuses: Sequence[PipelineStatus], dead_letters: int | None, environment: str
) -> Text:
    failed = sum(each.failed for each in statuses)
    facts = [
        count_text(len(statuses), "pipeline"),
        f"{count_text(failed, 'failed execution')} in 24 h",
        *([count_text(dead_letters, "dead letter")] if dead_letters is not None else []),
    ]
    return Text(f"{environment}: {', '.join(facts)}")


def _next_command(statuses: Sequence[PipelineStatus], dead_letters: int | None) -> str:
    """Return what to type about the most urgent, without "invoke" and the environment."""
    today = [each.pipeline for each in statuses if each.failed]
    last = [each.pipeline for each in statuses if each.last and each.last.status in FAILED]
    if failed := today or last:
        only = f" --pipeline {failed[0]}" if len(failed) == 1 else ""
        return f"executions --failed{' --since 1d' if today else ''}{only}"
    if dead_letters:
        return "dead-letters"
    return "apply --all" if any(not each.deployed or each.stale for each in statuses) else ""


def _period(period: timedelta) -> str:
    minutes = int(period.total_seconds()) // 60
    units = (("day", 24 * 60), ("hour", 60), ("minute", 1))
    unit, size = next(each for each in units if minutes % each[1] == 0)
    return count_text(minutes // size, unit)


def _minute(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"
