"""The lines of the functions that an execution called, cut out of the logs of all calls.

What ``print`` writes has no request ID: it belongs to the call that its stream was in, because an
instance of a function answers one call at a time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.operate.logs.execution_calls import LOADING, execution_calls
from dorc_runtime.operate.logs.log_groups import LogEvent, LogGroupMissingError, log_events

# Lines that wait for the start of their call; more than these were printed outside of calls.
_MOST_WAITING = 10_000


@dataclass(slots=True)
class _Waiting:
    """A line, and whether it is part of the result; None until its call is known."""

    line: LogEvent
    is_included: bool | None


def lines_of(events: Iterable[LogEvent], include: Callable[[LogEvent], bool]) -> Iterator[LogEvent]:
    """Yield the lines of the requests that ``include`` accepts, in the order of ``events``.

    ``events`` has all messages of their functions, in the order of time. Lines that a new instance
    prints while it loads the handler belong to the call that follows.
    """
    waiting: deque[_Waiting] = deque()
    # Of each stream: whether the call that runs is included, and the lines that wait for a call.
    running: dict[str, bool] = {}
    loading: dict[str, list[_Waiting]] = {}
    for event in events:
        is_included = running.get(event.stream)
        if event.kind == "start" or (event.kind == "end" and is_included is None):
            is_included = include(event)
            for each in loading.pop(event.stream, ()):
                each.is_included = is_included
        if event.kind == "start" and is_included is not None:
            running[event.stream] = is_included
        elif event.kind == "end":
            running.pop(event.stream, None)
        if event.is_shown:
            waiting.append(_Waiting(event, is_included))
            if is_included is None:
                loading.setdefault(event.stream, []).append(waiting[-1])
        while waiting and (waiting[0].is_included is not None or len(waiting) > _MOST_WAITING):
            first = waiting.popleft()
            if first.is_included:
                yield first.line
    yield from (each.line for each in waiting if each.is_included)


def last_lines(
    environment: AwsEnvironment, execution: Execution, request_id: str, *, most: int
) -> tuple[str, ...]:
    """Return the last lines that a call of ``execution`` printed, without its exception.

    There are none where the execution did not make the call, or its log group does not exist.
    """
    made = execution_calls(
        environment, execution, accept=lambda each: each.request_id == request_id
    )
    if not made.calls:
        return ()
    call = made.calls[0]
    events = log_events(environment, [call.function], start=call.started - LOADING, end=made.end)
    try:
        lines = (event for event in lines_of(events, made.include) if event.kind != "exception")
        last = deque(lines, maxlen=most)
    except LogGroupMissingError:
        return ()
    return tuple(line for event in last for line in event.text.splitlines())[-most:]
