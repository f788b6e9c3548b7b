"""The order of pipelines: a pipeline that calls or follows another one is deployed after it."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from dorc_runtime.errors import DefinitionError
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Call, all_steps
from dorc_runtime.model.triggers import PipelineTrigger


def stages(pipelines: Mapping[str, Pipeline]) -> tuple[tuple[str, ...], ...]:
    """Return the ids of ``pipelines`` in stages; those of one stage are independent.

    Raises ``DefinitionError`` for pipelines that need each other.
    """
    sorter = TopologicalSorter({key: _before(pipeline) for key, pipeline in pipelines.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise DefinitionError(f"{circle}: pipelines that start each other never end.") from error
    return tuple(_stages(sorter, set(pipelines)))


def _stages(sorter: "TopologicalSorter[str]", known: set[str]) -> Iterator[tuple[str, ...]]:
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        # A pipeline can follow one of another repository.
        if stage := tuple(sorted(known.intersection(ready))):
            yield stage


def _before(pipeline: Pipeline) -> set[str]:
    triggers = pipeline.triggers
    followed = {trigger.pipeline for trigger in triggers if isinstance(trigger, PipelineTrigger)}
    called = {step.pipeline for step in all_steps(pipeline.steps) if isinstance(step, Call)}
    return followed | called
