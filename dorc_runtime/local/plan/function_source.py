"""One function of a pipeline, as a pipeline of its own that calls it once."""

from dataclasses import dataclass, replace

from dorc_runtime.compile.checks import Source, problems_of, resolved_source
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import (
    DefinitionError,
    InputError,
    UnknownNameError,
    first_problem,
    suggestion,
)
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Function, all_steps
from dorc_runtime.project.definitions import load_source
from dorc_runtime.project.repository import PipelineFolder


@dataclass(frozen=True)
class FunctionSource:
    """``source`` has one step, the function; ``whole`` is the pipeline that it belongs to."""

    source: Source
    whole: Source


def function_source(
    folder: PipelineFolder, name: str, target: Target, *, has_event: bool
) -> FunctionSource:
    """Return the function ``name`` with the role, settings and limits of its step.

    It has the default ones while no step calls it. ``has_event`` says that its event is known;
    otherwise it is what starts the pipeline.

    Raises:
        UnknownNameError: The pipeline has no such function.
        InputError: What starts the pipeline is not the event of this function.
        DefinitionError: The definition has a problem.
    """
    check_function(folder, name)
    loaded = load_source(folder)
    steps = loaded.pipeline.steps
    if not has_event and steps[0].name != name:
        raise InputError(
            f"{name} is not the first step of {folder.id}, so what starts the pipeline is not its "
            "event: give its event. `invoke run` also takes that of the last run: --event last."
        )
    whole = resolved_source(loaded, target)
    source = replace(
        whole,
        pipeline=_alone(whole.pipeline, name),
        functions={name: loaded.functions[name]},
    )
    if problems := problems_of(source):
        raise DefinitionError(first_problem(problems))
    return FunctionSource(source, whole)


def check_function(folder: PipelineFolder, name: str) -> None:
    """Raise an ``UnknownNameError`` if ``folder`` has no function ``name``."""
    if name not in folder.functions:
        near = suggestion(name, folder.functions).strip()
        raise UnknownNameError(
            "function", name, folder.functions, where=f"in {folder.id}", remedy=near
        )


def _alone(pipeline: Pipeline, name: str) -> Pipeline:
    """Return ``pipeline`` with one step, which calls ``name`` once and returns its result."""
    calls = (each for each in all_steps(pipeline.steps) if isinstance(each, Function))
    step = next((each for each in calls if each.name == name), Function(name))
    once: dict[str, object] = {
        "retry": (),
        "catch": (),
        "output": None,
        "assign": {},
        "wait_for_token": False,
        "answer_within": None,
    }
    return pipeline.model_copy(update={"steps": (step.model_copy(update=once),)})
