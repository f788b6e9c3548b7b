"""The problems between pipelines: unknown names, and pipelines that start each other for ever."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from types import MappingProxyType

from dorc_runtime.compile.checks import Problem, Source
from dorc_runtime.compile.message_checks import shared_queues, starts_by_messages
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.permissions.function_access import objects
from dorc_runtime.compile.permissions.object_writes import ObjectWrite, object_writes
from dorc_runtime.compile.triggers.watched_objects import watched_objects
from dorc_runtime.errors import suggestion
from dorc_runtime.model.resources import Bucket, Resource
from dorc_runtime.model.steps import Function, all_steps, called_pipelines
from dorc_runtime.model.triggers import EventTrigger, PipelineTrigger, S3Trigger

# The similarity from which a name counts as a misspelt zone, and not as the name of a bucket.
_SIMILAR = 0.85
_NO_BUCKETS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class _Watched:
    """Objects that a step may write, and the kind of the trigger that watches them."""

    write: ObjectWrite
    trigger: str


# Pipelines that start others: pairs of ids, with the objects by which the first starts the second,
# or the topic or queue, None for a Call or a PipelineTrigger.
_Starts = dict[tuple[str, str], _Watched | Resource | None]


def problems_between(
    sources: Sequence[Source],
    *,
    buckets: Mapping[str, str] = _NO_BUCKETS,
    unreadable: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Return the problems of pipelines that depend on each other.

    ``buckets`` has the buckets of the zones that have one already, from ``Config``. ``unreadable``
    has the ids of pipelines that exist, but have no definition that can be read.
    """
    known = {source.id: source for source in sources}
    problems = []
    starts = _starts_by_objects(sources, {**buckets, **_bucket_resources(sources)})
    starts |= starts_by_messages(sources)
    for source in sources:
        for kind, name in _pipeline_references(source):
            if name in unreadable:
                continue
            if name not in known:
                message = f"no pipeline '{name}'.{suggestion(name, {*known, *unreadable})}"
                problems.append(Problem(source.file, kind, message))
            else:
                starts[(source.id, name) if kind == "Call" else (name, source.id)] = None
    layers = {id_.partition("/")[0] for id_ in (*known, *unreadable)}
    known_zones = sorted({zone for layer in layers for zone in zones(layer) or ()})
    for source in sources:
        problems += _check_zones(source, known_zones)
    problems += shared_queues(sources)
    return (*problems, *_check_circles(known, starts))


def _pipeline_references(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the other pipelines in a definition, as pairs of the kind of reference and the id."""
    for trigger in source.pipeline.triggers:
        if isinstance(trigger, PipelineTrigger):
            yield "PipelineTrigger", trigger.pipeline
    yield from (("Call", name) for name in called_pipelines(source.pipeline.steps))


def _bucket_resources(sources: Sequence[Source]) -> dict[str, str]:
    """Return the bucket of each resource that is one, by its name."""
    return {
        each.name: source.target.name(each)
        for source in sources
        if source.target
        for each in source.target.resources
        if isinstance(each, Bucket)
    }


def _starts_by_objects(sources: Sequence[Source], buckets: Mapping[str, str]) -> _Starts:
    """Return which pipelines may write objects that start others, except for allowed loops."""
    watching = [
        (source.id, type(trigger).__name__, watched)
        for source in sources
        for trigger in source.pipeline.triggers
        if isinstance(trigger, S3Trigger | EventTrigger) and trigger.allow_loop is None
        for watched in watched_objects(trigger, layer=source.layer, buckets=buckets)
    ]
    # Most functions may write a whole zone, and many pipelines have the same writes.
    started: dict[ObjectWrite, list[tuple[str, str]]] = {}
    starts: _Starts = {}
    for source in sources:
        writes = object_writes(source.pipeline, layer=source.layer, buckets=buckets)
        for write in dict.fromkeys(writes):
            if write not in started:
                started[write] = [
                    (name, kind) for name, kind, watched in watching if write.includes(watched)
                ]
            for name, kind in started[write]:
                starts.setdefault((source.id, name), _Watched(write, kind))
    return starts


def _check_circles(known: Mapping[str, Source], starts: _Starts) -> Iterator[Problem]:
    remaining = dict(starts)
    while circle := _circle(remaining):
        steps = list(pairwise(circle))
        shown = f"pipelines start each other in a circle, {' -> '.join(circle)}"
        by_data = next((step for step in steps if remaining[step]), None)
        cause = remaining.pop(by_data or steps[-1])
        if by_data and isinstance(cause, Resource):
            yield _message_circle(shown, cause, *by_data, file=known[by_data[1]].file)
        elif by_data and isinstance(cause, _Watched):
            (writer, watcher), write, kind = by_data, cause.write, cause.trigger
            message = (
                f"{shown}, which may never end and costs money: {write.step} of {writer} may write "
                f"objects in {write.place} that this trigger watches. Limit writes= of "
                f"{write.step}, or narrow the trigger; or say why the circle ends, "
                f'{kind}(allow_loop="...")'
            )
            yield Problem(known[watcher].file, kind, message)
        else:
            yield Problem(known[circle[0]].file, "", f"{shown}: remove a trigger or a Call")


def _message_circle(
    shown: str, cause: Resource, writer: str, watcher: str, *, file: str
) -> Problem:
    kind = f"{type(cause).__name__}Trigger"
    message = (
        f"{shown}, which may never end and costs money: {writer} may send messages to the "
        f"{cause.kind} '{cause.name}', which start {watcher}. Remove it from writes=; or say why "
        f'the circle ends, {kind}(allow_loop="...")'
    )
    return Problem(file, kind, message)


def _circle(starts: _Starts) -> list[str]:
    """Return pipelines of which each starts the next, and the last is the first; or none."""
    starters: dict[str, list[str]] = {}
    for starter, started in starts:
        starters.setdefault(started, []).append(starter)
    try:
        TopologicalSorter(starters).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _check_zones(source: Source, known: Sequence[str]) -> Iterator[Problem]:
    """Yield the misspelt zones of functions, which would be taken for buckets."""
    for step in all_steps(source.pipeline.steps):
        if not isinstance(step, Function):
            continue
        for entry in objects((*(step.reads or ()), *(step.writes or ()))):
            name = entry.partition("/")[0]
            near = [] if name in known else get_close_matches(name, known, n=1, cutoff=_SIMILAR)
            if near:
                message = f"no zone '{name}'. Did you mean '{near[0]}'?"
                yield Problem(source.file, step.name, message)
