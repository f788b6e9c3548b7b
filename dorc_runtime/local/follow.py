"""What a run leads to: the pipelines that its objects and events start, and what those lead to.

On AWS they run beside each other; here one after the other, in the order of what started them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.checks import Source, problems_between, problems_of
from dorc_runtime.errors import DefinitionError
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.event_capture import EventCapture
from dorc_runtime.local.inputs import Start, shown_bucket
from dorc_runtime.local.run import fill
from dorc_runtime.local.run_plan import Plan, local_machine
from dorc_runtime.local.subscriptions import (
    EXECUTIONS,
    OBJECTS,
    Event,
    Subscriptions,
    status_changed,
)
from dorc_runtime.project.repository import Repository, load_source
from dorc_runtime.runs.events import ExecutionStatusChanged
from dorc_runtime.runs.result import RunResult

# Lambda stops functions that start themselves after so many times:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
_MOST_TIMES = 16

# What an event is about, whenever it comes and whatever its id is; None where that always differs.
_Subject = tuple[JsonValue, ...] | None


@dataclass(frozen=True)
class CompletedRun:
    """A run with the ``folder`` that it is saved in.

    ``remedy`` is what to change where a function broke Lambda's rules, else None. ``chain`` has the
    pipelines that led to the run, from the first one to its own.
    """

    result: RunResult
    folder: Path
    remedy: str | None
    chain: tuple[str, ...]


@dataclass(frozen=True)
class _Link:
    """A start in a chain of them: of ``pipeline``, because of ``subject``."""

    pipeline: str
    subject: _Subject
    before: "_Link | None" = None

    @property
    def chain(self) -> tuple["_Link", ...]:
        """The starts that led here, from the first one on, and this one."""
        return (*(self.before.chain if self.before else ()), self)


def follow(
    first: Plan,
    *,
    repository: Repository,
    lake: Lake,
    plan: Callable[[str, Start], Plan],
    carry_out: Callable[[Plan, tuple[str, ...]], CompletedRun],
) -> Iterator[CompletedRun]:
    """Carry out ``first`` on ``lake``, and all that it leads to, until nothing more starts.

    Yields each run when it has ended. ``plan`` makes the plan of another pipeline; ``carry_out``
    carries out a plan, and gets the pipelines that led to it as well. A started pipeline uses the
    mocks of its example that has the name of the first run's example, if there is one.

    Raises:
        DefinitionError: A pipeline of the repository has something wrong with it; or they start
            each other without end: one is started again by an object, or an event, that started it
            before in the same chain, or comes up in it for the seventeenth time.
    """
    sources = _sound(repository)
    subscriptions = Subscriptions(sources, first.region)
    machines = {local_machine(source.id, first.region): source.id for source in sources}
    buckets = tuple(sorted({*first.buckets, *subscriptions.buckets}))
    first = replace(first, buckets=buckets)
    fill(lake, first)
    tap = EventCapture(lake, region=first.region, buses=subscriptions.buses, buckets=buckets)
    # What lies there already is not put there again, which would be an event.
    present = replace(first, start=replace(first.start, seeds=()))
    waiting = deque([(present, _Link(first.source.id, _subject_of_start(first.start.event)))])
    while waiting:
        planned, link = waiting.popleft()
        completed = carry_out(planned, tuple(each.pipeline for each in link.chain))
        yield completed
        for bus, event in _events(completed.result, tap, first.region):
            for source, received in subscriptions.started(event, bus=bus):
                origin = _origin(event, machines)
                following = _next(link, source.id, _subject(event), origin=origin)
                start = Start((), received, origin, _example(repository, source, first.start))
                waiting.append((replace(plan(source.id, start), buckets=buckets), following))


def _events(result: RunResult, tap: EventCapture, region: str) -> Iterator[tuple[str, Event]]:
    """Yield what happened in a run: what it began, then what it sent, then what ended."""
    changes = [event for event in result.events if isinstance(event, ExecutionStatusChanged)]
    for change in changes:
        if change.ending is None:
            yield "default", status_changed(change, region=region)
    yield from tap.take()
    for change in changes:
        if change.ending is not None:
            yield "default", status_changed(change, region=region)


def _sound(repository: Repository) -> Sequence[Source]:
    sources = [load_source(folder) for folder in repository.pipelines]
    problems = [problem for source in sources for problem in problems_of(source)]
    if found := [*problems, *problems_between(sources)]:
        more = f" ({len(found) - 1} more: `invoke check`)" if len(found) > 1 else ""
        raise DefinitionError(f"{found[0]}{more}")
    return sources


def _next(link: _Link, pipeline: str, subject: _Subject, *, origin: str) -> _Link:
    """Return the start of ``pipeline`` that ``link`` led to; raise if that goes on without end."""
    again = [before for before in link.chain if before.pipeline == pipeline]
    same = any(before.subject == subject for before in again if before.subject)
    if not same and len(again) < _MOST_TIMES:
        return _Link(pipeline, subject, link)
    round_ = link.chain[link.chain.index(again[-1]) :]
    circle = " -> ".join((*(each.pipeline for each in round_), pipeline))
    raise DefinitionError(
        f"pipelines start each other without end, {circle}, the last time because {origin}. On AWS "
        "that would go on, and cost: let them write where none of their triggers watches, or "
        "narrow a trigger."
    )


def _example(repository: Repository, source: Source, start: Start) -> str | None:
    examples = repository.pipeline(source.id).examples
    return start.example if start.example in examples else None


def _subject(event: Event) -> _Subject:
    match event:
        case {
            "source": source,
            "detail": {"bucket": {"name": bucket}, "object": {"key": key, "etag": etag}},
        } if source == OBJECTS:
            return (bucket, key, etag)
        case {"source": source} if source == EXECUTIONS:
            return None
        case _:
            return (event["source"], event["detail-type"], event["detail"])


def _subject_of_start(event: JsonValue) -> _Subject:
    match event:
        case {"bucket": bucket, "key": key, "etag": etag}:
            return (bucket, key, etag)
        case _:
            return None


def _origin(event: Event, machines: Mapping[str, str]) -> str:
    """Return in words what happened; ``machines`` has the pipelines of state machines."""
    match event:
        case {"detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            return f"{key} landed in {shown_bucket(bucket)}"
        case {"detail": {"stateMachineArn": str(machine), "status": str(status)}}:
            return f"{machines.get(machine, machine)} is {status}"
        case _:
            return f"the event '{event['detail-type']}' came from {event['source']}"
