"""The pipelines of the current code, as far as their status on AWS depends on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from dorc_runtime.compile.target import Target
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Function, all_steps
from dorc_runtime.project.images.fingerprint import recipes
from dorc_runtime.project.repository import Repository


@dataclass(frozen=True)
class CurrentPipeline:
    """The pipeline ``name`` (``layer/name``); ``images`` has the fingerprints of its functions.

    They are by the functions' names in the repository; ``functions`` has their names on AWS.
    """

    name: str
    definition: Pipeline
    images: Mapping[str, str]
    functions: Mapping[str, str]


def current_pipelines(
    repository: Repository,
    definitions: Mapping[str, Pipeline],
    universal: UniversalConfig,
    target: Target,
) -> tuple[CurrentPipeline, ...]:
    """Return the pipelines of ``repository`` in ``target``; ``definitions`` are by ``layer/name``.

    Raises ``DefinitionError`` for a definition without a value for the environment, and for files
    that an image cannot contain.
    """
    images = {recipe.id: recipe.tag for recipe in recipes(repository, universal)}
    return tuple(
        _current(name, target.resolve(definition), images, target)
        for name, definition in definitions.items()
    )


def _current(
    name: str, definition: Pipeline, images: Mapping[str, str], target: Target
) -> CurrentPipeline:
    layer, short = name.split("/")
    names = target.names.pipeline(layer, short)
    called = [step.name for step in all_steps(definition.steps) if isinstance(step, Function)]
    return CurrentPipeline(
        name,
        definition,
        {function: images.get(f"{name}/{function}", "") for function in called},
        {function: names.function(function) for function in called},
    )
