"""The problems of Repeats: rounds that an execution cannot hold, or that never end early."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from dorc_runtime.compile.document.states import state_name
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Call,
    Choice,
    Function,
    Map,
    Parallel,
    Repeat,
    Service,
    Step,
    all_steps,
    inner_sequences,
)

# Step Functions ends an execution after 25,000 events; the rest is for other steps and retries.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_EVENTS = 24_000
# Events of states, without those inside: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
_STATE = 2
_TASK = 5
_SUBMITTED_TASK = 6
_MAP = _PARALLEL = 4
_DISTRIBUTED_MAP = 6
_ITEM = 2
_PATH = r"(\$states\.input(?:\.\w+)*)"
_NULL = re.compile(rf"{_PATH}\s*!?=\s*null|null\s*!?=\s*{_PATH}")


def repeat_problems(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield the problems of the Repeats of ``pipeline``, each with the name of its state."""
    for step in _outermost(pipeline.steps):
        yield from ((state_name(step), problem) for problem in _size(step, pipeline.timeout))
    for repeat in all_steps(pipeline.steps):
        if isinstance(repeat, Repeat):
            yield from ((state_name(repeat), problem) for problem in _missing(repeat))
            yield from ((state_name(repeat), problem) for problem in _counters(repeat))


def _outermost(steps: Sequence[Step]) -> Iterator[Repeat]:
    """Yield the Repeats that are in no other Repeat of the same execution."""
    for step in steps:
        if isinstance(step, Repeat):
            yield step
        else:
            for inner in inner_sequences(step):
                yield from _outermost(inner)


def _size(step: Repeat, timeout: timedelta) -> Iterator[str]:
    events = _events(step)
    if events > MOST_EVENTS:
        fewer = step.most * MOST_EVENTS // events
        remedy = f"write most={fewer:,} or less" if fewer else "write fewer rounds"
        yield (
            f"{step.most:,} rounds make about {events:,} events, and Step Functions ends an "
            f"execution after 25,000: {remedy}, or put the steps into a pipeline of their own, "
            "with Call"
        )
    waits = _wait(step)
    if waits > timeout:
        yield (
            f"the waits between its rounds add up to {waits}, and the pipeline ends after "
            f"{timeout}: set a longer Pipeline(timeout=...), fewer rounds or a shorter wait"
        )


def _missing(step: Repeat) -> Iterator[str]:
    """Yield the fields that ``until`` compares with None, and that may be missing."""
    for found in _NULL.finditer(step.until):
        path = found[1] or found[2]
        if f"$exists({path})" not in step.until:
            field = path.replace("$states.input", "data")
            yield (
                f"until compares {field} with None, and a field that is missing is not None for "
                f"Step Functions: write ~{field}.exists() | ({field} == None)"
            )


def _counters(step: Repeat) -> Iterator[str]:
    inner = [each for each in all_steps(step.steps) if isinstance(each, Repeat)]
    for each in inner:
        if step.counter and each.counter == step.counter:
            yield (
                f"its counter '{step.counter}' is also that of {state_name(each)}, which is "
                "inside it: give one of them another counter="
            )


def _wait(step: Repeat) -> timedelta:
    """Return how long the waits of all rounds are, with those of the Repeats inside."""
    inner = sum((_wait(each) for each in _outermost(step.steps)), timedelta(0))
    return (step.wait or timedelta(0)) * (step.most - 1) + inner * step.most


def _events(step: Step) -> int:
    """Return the most events of ``step``, without retries; a Map counts as one item."""
    match step:
        case Function(wait_for_token=True) | Service(wait_for_token=True):
            return _SUBMITTED_TASK
        case Call(wait=True) | Service(wait=True):
            return _SUBMITTED_TASK
        case Function() | Call() | Service():
            return _TASK
        case Parallel():
            return _PARALLEL + sum(map(_total_events, step.branches))
        case Map(distributed=True):
            return _DISTRIBUTED_MAP
        case Map():
            items = len(step.over) if isinstance(step.over, list) else 1
            return _MAP + items * (_ITEM + _total_events(step.steps))
        case Choice():
            ways = [*(way.then for way in step.ways), step.otherwise]
            return _STATE + max(map(_total_events, ways))
        case Repeat():
            pause = _STATE if step.wait else 0
            return _STATE + step.most * (_total_events(step.steps) + _STATE + pause)
        case _:
            return _STATE


def _total_events(steps: Sequence[Step]) -> int:
    return sum(map(_events, steps))
