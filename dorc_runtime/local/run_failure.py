"""The failure of a run, read from its ending, its events and what is known of its functions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.local.remedy import remedy
from dorc_runtime.local.sandbox.mounts import TASK
from dorc_runtime.project.images.image_python import different_python
from dorc_runtime.runs.causes import Frame, read_cause
from dorc_runtime.runs.events import (
    Ending,
    Event,
    FunctionLogged,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    Visit,
)
from dorc_runtime.runs.failure import Failure
from dorc_runtime.runs.result import Refusal

_LAST_LINES = 5


def run_failure(
    ending: Ending, events: Sequence[Event], refusals: Sequence[Refusal], planned: Plan
) -> Failure | None:
    """Return why the run ended with ``ending``, None where it succeeded.

    Of a Call that failed it is the failure of the called pipeline, of a distributed Map that of the
    item that was one too many.
    """
    if ending.status == "SUCCEEDED":
        return None
    first = ending.first
    cause = read_cause(first.cause)
    failure = Failure(
        first.pipeline or planned.source.id,
        first.error,
        cause.message,
        run_error=_run_error(ending) if first is not ending else "",
        advice=first.advice,
    )
    failed = first.failed or _running(events, first.pipeline)
    if failed is None:
        return failure
    failure = replace(
        failure,
        state=failed.visit.state,
        path=failed.visit.location,
        input=failed.input,
        retries=sum(
            isinstance(event, StateRetried) and event.visit == failed.visit for event in events
        ),
    )
    called = planned.functions.get(_function_name(failed.visit))
    mistake = remedy(
        first,
        called,
        refusals,
        target=planned.target,
        example=planned.example,
        different_python=different_python(planned.root),
    )
    function = planned.functions.get(_function_name(_origin(failed.visit, first.cause, events)))
    return replace(
        failure,
        trace=user_trace(cause.trace, planned.root, function),
        log=tuple(_call_log(events, function, cause.request_id)),
        advice=mistake or first.advice,
        is_mistake=mistake is not None,
    )


def _function_name(visit: Visit) -> str:
    """Return the name in a plan of the function that the step of ``visit`` would call."""
    return f"{visit.pipeline.replace('/', '.')}.{visit.state}" if visit.pipeline else visit.state


def user_trace(
    trace: Sequence[Frame], root: Path, function: LocalFunction | None
) -> tuple[Frame, ...]:
    """Return ``trace`` with the files of the repository ``root`` marked and named from there.

    Files of the image of ``function`` are those that they come from.
    """
    return tuple(_user_frame(frame, root, function) for frame in trace)


def _user_frame(frame: Frame, root: Path, function: LocalFunction | None) -> Frame:
    file = _source(Path(frame.file), function)
    if not any(file.is_relative_to(root / own) for own in ("src", "lib")):
        return frame
    return replace(frame, file=file.relative_to(root).as_posix(), is_own=True)


def _source(file: Path, function: LocalFunction | None) -> Path:
    """Return where a file in the function's image comes from; any other file stays as it is."""
    if function is None or not file.is_relative_to(TASK):
        return file
    sources = (folder / file.relative_to(TASK) for folder in (function.folder, *function.paths))
    return next((source for source in sources if source.exists()), file)


def _running(events: Sequence[Event], pipeline: str) -> StateEntered | None:
    """Return the state of ``pipeline`` that was still running when its time was over."""
    running: dict[int, StateEntered] = {}
    for event in events:
        match event:
            case StateEntered(visit=visit) if visit.pipeline == pipeline:
                running[visit.number] = event
            case StateExited(visit=visit) | StateFailed(visit=visit):
                running.pop(visit.number, None)
            case _:
                pass
    return max(running.values(), key=lambda each: each.visit.number, default=None)


def _origin(visit: Visit, cause: str, events: Sequence[Event]) -> Visit:
    """Return where ``cause`` came up: a Fail, at ``visit``, may pass on that of a caught error."""
    part = read_cause(cause).request_id or cause
    failed = (event for event in events if isinstance(event, StateCaught | StateFailed))
    return next((event.visit for event in failed if part and part in event.cause), visit)


def _call_log(
    events: Sequence[Event], function: LocalFunction | None, request_id: str
) -> Iterator[str]:
    if function is None:
        return
    lines = [
        event.text
        for event in events
        if isinstance(event, FunctionLogged)
        and (event.function, event.request_id) == (function.name, request_id)
    ]
    yield from lines[-_LAST_LINES:]


def _run_error(ending: Ending) -> str:
    return f"{ending.error}: {ending.advice}" if ending.advice else ending.error
