"""The lines of the functions that an execution called, cut out of the logs of all calls.

What ``print`` writes has no request ID: it belongs to the call that its stream was in, because an
instance of a function answers one call at a time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dorc_runtime.operate.logs.log_groups import LogEvent

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
    # Of each instance: whether the call that runs is included, and the lines that wait for a call.
    running: dict[tuple[str, str], bool] = {}
    loading: dict[tuple[str, str], list[_Waiting]] = {}
    for event in events:
        is_included = running.get(event.instance)
        if event.kind == "start" or (event.kind == "end" and is_included is None):
            is_included = include(event)
            for each in loading.pop(event.instance, ()):
                each.is_included = is_included
        if event.kind == "start" and is_included is not None:
            running[event.instance] = is_included
        elif event.kind == "end":
            running.pop(event.instance, None)
        if event.is_shown:
            waiting.append(_Waiting(event, is_included))
            if is_included is None:
                loading.setdefault(event.instance, []).append(waiting[-1])
        while waiting and (waiting[0].is_included is not None or len(waiting) > _MOST_WAITING):
            first = waiting.popleft()
            if first.is_included:
                yield first.line
    yield from (each.line for each in waiting if each.is_included)
