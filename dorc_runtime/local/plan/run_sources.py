"""The pipelines of a run: the one that starts, and all that it calls."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from dorc_runtime.compile.checks import Source, problems_of, resolved_source
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError, UnknownNameError, first_problem
from dorc_runtime.model.steps import called_pipelines
from dorc_runtime.project.definitions import load_source
from dorc_runtime.project.repository import PipelineFolder, Repository


def run_sources(
    repository: Repository, folder: PipelineFolder, target: Target
) -> dict[str, Source]:
    """Return the pipeline, then all that it calls directly or through others, by their ids.

    Raises ``DefinitionError`` for a pipeline with problems, and for pipelines that call each other
    in a circle.
    """
    sources: dict[str, Source] = {}
    calls: dict[str, tuple[str, ...]] = {}
    left = [folder.id]
    while left:
        name = left.pop()
        if name in sources:
            continue
        sources[name] = _checked_source(
            repository, name, target, caller=next(_callers(name, calls), "")
        )
        calls[name] = called_pipelines(sources[name].pipeline.steps)
        left += calls[name]
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise DefinitionError(
            f"{sources[folder.id].file}: pipelines call each other in a circle, {circle}: remove a "
            "Call."
        ) from error
    return sources


def _callers(name: str, calls: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    return (caller for caller, called in calls.items() if name in called)


def _checked_source(repository: Repository, name: str, target: Target, *, caller: str) -> Source:
    try:
        folder = repository.pipeline(name)
    except UnknownNameError as error:
        raise DefinitionError(f"{caller} calls a pipeline that does not exist: {error}") from error
    source = resolved_source(load_source(folder), target)
    problems = problems_of(source)
    if problems:
        raise DefinitionError(first_problem(problems))
    return source
