"""The pipelines that a run starts with its objects and events, and those that they start.

On AWS they run at the same time; here one after the other, in the order of their events.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.checks import Source, problems_of, resolved_source
from dorc_runtime.compile.graph_checks import problems_between
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError, first_problem
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.event_capture import EventCapture
from dorc_runtime.local.inputs import Start
from dorc_runtime.local.plan.local_target import local_machine, local_target
from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.local.run import fill
from dorc_runtime.local.run_records import sent_texts
from dorc_runtime.local.seeds.lake_seeds import shown_bucket
from dorc_runtime.local.subscriptions import (
    EXECUTIONS,
    OBJECTS,
    Event,
    Subscriptions,
    status_changed,
)
from dorc_runtime.model.resources import Queue, Topic
from dorc_runtime.project.definitions import load_config, load_source
from dorc_runtime.project.repository import Repository
from dorc_runtime.runs.events import ExecutionStatusChanged
from dorc_runtime.runs.result import RunResult

# After this number of times, Lambda stops a function that starts itself:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
_MOST_TIMES = 16

# What an event is about, without its time and id; None where that differs every time.
_Subject = tuple[JsonValue, ...] | None


@dataclass(frozen=True)
class CompletedRun:
    """A run with the ``folder`` that it is saved in.

    ``chain`` has the pipelines that led to the run, from the first one to its own.
    """

    result: RunResult
    folder: Path
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
    """Carry out ``first`` on ``lake``, then every pipeline that a run starts, until none does.

    Yields each run when it has ended. ``plan`` makes the plan of another pipeline; ``carry_out``
    carries out a plan, and gets the pipelines that led to it as well. A started pipeline uses the
    mocks of its example that has the name of the first run's example, if there is one.

    Raises:
        DefinitionError: A pipeline of the repository is not valid. Or pipelines start each other
            without end: the same object or event starts one twice in a chain, or one is in a chain
            for the seventeenth time.
    """
    sources = _checked_sources(repository)
    subscriptions = Subscriptions(sources, first.region)
    machines = {local_machine(source.id, first.region): source.id for source in sources}
    buckets = tuple(sorted({*first.buckets, *subscriptions.buckets}))
    first = replace(first, buckets=buckets)
    fill(lake, first)
    capture = EventCapture(lake, region=first.region, buses=subscriptions.buses, buckets=buckets)
    # Objects that exist already are not uploaded again, which would be an event.
    present = replace(first, start=replace(first.start, seeds=()))
    waiting = deque([(present, _Link(first.source.id, _subject_of_start(first.start.event)))])
    while waiting:
        planned, link = waiting.popleft()
        planned = _in_lake(planned, lake, buckets)
        completed = carry_out(planned, tuple(each.pipeline for each in link.chain))
        yield completed
        for source, received, sent in _by_messages(completed.result, subscriptions, first.target):
            name = _name(sent[0], first.target)
            origin = f"messages were sent to {name}"
            next_link = _next_link(link, source.id, sent, origin=origin)
            example = _example(repository, source, first.start)
            start = Start((), received, f"messages in {name}", example)
            waiting.append((plan(source.id, start), next_link))
        for bus, event in _events(completed.result, capture, first.region):
            for source, received in subscriptions.started(event, bus=bus):
                origin = _origin(event, machines)
                next_link = _next_link(link, source.id, _subject(event), origin=origin)
                start = Start((), received, origin, _example(repository, source, first.start))
                waiting.append((plan(source.id, start), next_link))


def _in_lake(planned: Plan, lake: Lake, buckets: Sequence[str]) -> Plan:
    """Return ``planned`` for a lake with ``buckets``, without the seeds that it has already."""
    present: set[tuple[str, str]] = set()
    for bucket in {seed.bucket for seed in planned.start.seeds}:
        lake.create_bucket(bucket)
        present |= {(bucket, each.key) for each in lake.objects(bucket)}
    seeds = [each for each in planned.start.seeds if (each.bucket, each.key) not in present]
    return replace(
        planned,
        start=replace(planned.start, seeds=tuple(seeds)),
        buckets=tuple(sorted({*planned.buckets, *buckets})),
    )


def _by_messages(
    result: RunResult, subscriptions: Subscriptions, target: Target
) -> Iterator[tuple[Source, JsonValue, tuple[str, ...]]]:
    """Yield the pipelines that messages of a run start, each with its input, and what was sent."""
    sent: dict[str, list[str]] = {}
    for call in result.calls:
        for address, text in sent_texts(call):
            sent.setdefault(address, []).append(text)
    for address, texts in sent.items():
        started = subscriptions.started_by_messages(address, texts, target=target, at=time.time())
        for source, received in started:
            yield source, received, (address, *texts)


def _name(address: str, target: Target) -> str:
    """Return the name in the configuration of the topic or queue with this address."""
    known = (each for each in target.resources if isinstance(each, Topic | Queue))
    return next(each.name for each in known if target.address(each) == address)


def _events(result: RunResult, capture: EventCapture, region: str) -> Iterator[tuple[str, Event]]:
    """Yield the events of a run: executions that started, events sent, executions that ended."""
    changes = [event for event in result.events if isinstance(event, ExecutionStatusChanged)]
    for change in changes:
        if change.ending is None:
            yield "default", status_changed(change, region=region)
    yield from capture.take()
    for change in changes:
        if change.ending is not None:
            yield "default", status_changed(change, region=region)


def _checked_sources(repository: Repository) -> Sequence[Source]:
    target = local_target(repository, load_config(repository))
    loaded = (load_source(folder) for folder in repository.pipelines)
    sources = [resolved_source(source, target) for source in loaded]
    problems = [problem for source in sources for problem in problems_of(source)]
    problems += problems_between(sources)
    if problems:
        raise DefinitionError(first_problem(problems))
    return sources


def _next_link(link: _Link, pipeline: str, subject: _Subject, *, origin: str) -> _Link:
    """Return the start of ``pipeline`` after ``link``; raise if that would never end."""
    again = [before for before in link.chain if before.pipeline == pipeline]
    same = any(before.subject == subject for before in again if before.subject)
    if not same and len(again) < _MOST_TIMES:
        return _Link(pipeline, subject, link)
    round_ = link.chain[link.chain.index(again[-1]) :]
    circle = " -> ".join((*(each.pipeline for each in round_), pipeline))
    raise DefinitionError(
        f"pipelines start each other without end, {circle}, the last time because {origin}. On AWS "
        "this would continue, and cost money: write to a place that no trigger of theirs watches, "
        "or narrow a trigger."
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
    """Return in words what happened; ``machines`` has the pipelines by their machines' ARNs."""
    match event:
        case {"detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            return f"{key} was uploaded to {shown_bucket(bucket)}"
        case {"detail": {"stateMachineArn": str(machine), "status": str(status)}}:
            return f"{machines.get(machine, machine)} is {status}"
        case _:
            return f"the event '{event['detail-type']}' came from {event['source']}"
