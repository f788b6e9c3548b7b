"""All steps of a pipeline, including the steps inside others."""

from collections.abc import Iterator, Sequence

from dorc_runtime.model.steps.control import Choice, Parallel
from dorc_runtime.model.steps.map import Map
from dorc_runtime.model.steps.recovery import RecoverableStep
from dorc_runtime.model.steps.repeat import Repeat
from dorc_runtime.model.steps.step import Step
from dorc_runtime.model.steps.task_steps import Call


def sequences(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Yield ``steps``, and each list of steps inside them."""
    yield steps
    for step in steps:
        for sequence in inner_sequences(step):
            yield from sequences(sequence)


def is_deeper(steps: Sequence[Step], depth: int) -> bool:
    """Return whether a step is inside more than ``depth`` others."""
    # By identity: one step may be in several places.
    level = {id(step): step for step in steps}
    for _ in range(depth + 1):
        level = {
            id(inner): inner
            for step in level.values()
            for sequence in inner_sequences(step)
            for inner in sequence
        }
    return bool(level)


def all_steps(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield all steps, including the steps inside others."""
    for sequence in sequences(steps):
        yield from sequence


def called_pipelines(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the pipelines (``layer/name``) that ``steps`` call, each once, in order."""
    calls = (step.pipeline for step in all_steps(steps) if isinstance(step, Call))
    return tuple(dict.fromkeys(calls))


def inner_sequences(step: Step) -> list[Sequence[Step]]:
    """Return the lists of steps inside ``step``, also those of its Catches."""
    inner: list[Sequence[Step]] = []
    match step:
        case Parallel():
            inner = [*step.branches]
        case Map() | Repeat():
            inner = [step.steps]
        case Choice():
            inner = [*(way.then for way in step.ways), step.otherwise]
        case _:
            pass
    if isinstance(step, RecoverableStep):
        inner += [catch.steps for catch in step.catch]
    return inner
