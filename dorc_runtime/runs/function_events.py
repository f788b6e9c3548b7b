"""The events that functions got in saved runs, for calls of one function alone.

A run's folder has ``events/<layer>.<pipeline>.<function>.jsonl``: a call in each line, with its
``event`` and the ``path`` of its state. The call that failed last comes last.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import RunFolderError
from dorc_runtime.runs.events import FunctionCalled, StateCaught, StateFailed
from dorc_runtime.runs.result import RunResult

FOLDER = "events"
# Of each function in a run.
_MOST_CALLS = 100
_MOST_BYTES = 4 * 1024 * 1024
# So many items are named in a message.
_NAMED = 5


@dataclass(frozen=True)
class SavedEvent:
    """The event of a call in the run that is saved in ``folder``."""

    folder: Path
    event: JsonValue


def write_function_events(result: RunResult, folder: Path) -> None:
    """Write the last events of each function into the ``folder`` of a run."""
    for name, calls in _calls(result).items():
        file = folder / FOLDER / f"{name}.jsonl"
        file.parent.mkdir(exist_ok=True)
        text = "".join(reversed([*_lines(calls)]))
        file.write_text(text, encoding="utf-8", errors="backslashreplace")


def last_event(root: Path, pipeline: str, function: str, *, item: str = "") -> SavedEvent:
    """Return the event of ``function`` in the newest run below ``root`` that called it.

    It is that of the call that failed, else of the last one. ``item`` is the index of an item of a
    Map, or "1.3" for an item in the item of another Map.

    Raises:
        RunFolderError: No run has called it, it has no event of this item, or the file cannot be
            read.
    """
    name = _name(pipeline, function)
    runs = root / ".dorc" / "runs"
    files = sorted(runs.glob(f"*/{FOLDER}/{name}.jsonl"))
    if not files:
        raise _never_called(runs, pipeline, function)
    try:
        lines = files[-1].read_text(encoding="utf-8").splitlines()
        calls = [(_item(each["path"]), each["event"]) for each in map(json.loads, lines)]
        last = calls[-1][1]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise RunFolderError(f"{files[-1]} cannot be read: {error}. Delete it.") from error
    events = {"": last} | {index: event for index, event in calls if index}
    if item not in events:
        known = ", ".join([*events][:0:-1][:_NAMED]) or "none"
        raise RunFolderError(
            f"{files[-1].parents[1].name} has no event of item {item} of {function}; the last "
            f"items there: {known}."
        )
    return SavedEvent(files[-1].parents[1], events[item])


def failed_call(result: RunResult) -> tuple[str, str] | None:
    """Return the pipeline and the name of the function that failed a run, None if none did."""
    failure = result.failure
    if failure is None:
        return None
    is_own = failure.pipeline == result.pipeline
    name = failure.state if is_own else _name(failure.pipeline, failure.state)
    called = (event.function for event in result.events if isinstance(event, FunctionCalled))
    return (failure.pipeline, failure.state) if name in called else None


def _calls(result: RunResult) -> dict[str, list[FunctionCalled]]:
    calls: defaultdict[str, dict[tuple[str, ...], FunctionCalled]] = defaultdict(dict)
    failed: dict[str, tuple[str, ...]] = {}
    for event in result.events:
        match event:
            case FunctionCalled(function=function, path=path):
                name = function if "." in function else _name(result.pipeline, function)
                # Of a call and its retries, the last one; the order is that of the last calls.
                calls[name].pop(path, None)
                calls[name][path] = event
            case StateFailed(visit=visit) | StateCaught(visit=visit):
                failed[_name(visit.pipeline or result.pipeline, visit.state)] = visit.path
            case _:
                pass
    for name, path in failed.items():
        if path in calls.get(name, {}):
            calls[name][path] = calls[name].pop(path)
    return {name: list(each.values()) for name, each in calls.items()}


def _lines(calls: Sequence[FunctionCalled]) -> Iterator[str]:
    """Yield a line for each call, the last one first, as many as are saved."""
    size = 0
    for call in calls[: -_MOST_CALLS - 1 : -1]:
        values = {"path": list(call.path), "event": call.event}
        line = json.dumps(values, ensure_ascii=False) + "\n"
        size += len(line)
        if size > _MOST_BYTES:
            return
        yield line


def _name(pipeline: str, function: str) -> str:
    return f"{pipeline.replace('/', '.')}.{function}"


def _item(path: Sequence[str]) -> str:
    """Return the indexes in ``path``, without the names of Maps and called pipelines."""
    return ".".join(index for index in path[1::2] if index.isdecimal())


def _never_called(runs: Path, pipeline: str, function: str) -> RunFolderError:
    start = _name(pipeline, "")
    files = runs.glob(f"*/{FOLDER}/{start}*.jsonl")
    names = sorted({file.stem.removeprefix(start) for file in files})
    others = f" They have events of {', '.join(names)}." if names else ""
    return RunFolderError(
        f"no saved run has an event of {function} in {pipeline}.{others} "
        f"`invoke run {pipeline}` saves the events of its functions."
    )
