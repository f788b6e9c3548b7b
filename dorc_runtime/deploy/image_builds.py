"""The images of the current code: which are missing, and universal's stack, which builds them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Scope, Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.programs.image_plan import PLAN_VARIABLE, missing_images, staged
from dorc_runtime.errors import StackError, ToolMissingError
from dorc_runtime.project.images.fingerprint import ImageRecipe

_REPOSITORY = "dorc:aws:ImageRepository"
_IMAGE = "dorc:aws:FunctionImage"
_DOCKER_IMAGE = "docker:index/image:Image"


@dataclass(frozen=True)
class Images:
    """The images of all functions, and those that ECR lacks."""

    recipes: tuple[ImageRecipe, ...]
    missing: tuple[ImageRecipe, ...]


def images(context: DeploymentContext, *, pipeline: str | None = None) -> Images:
    """Return the images of the current code, of a pipeline (``layer/name``) or of all.

    Raises ``StackError`` when ECR does not answer.
    """
    recipes = tuple(
        recipe
        for recipe in context.recipes
        if pipeline in (None, f"{recipe.layer}/{recipe.pipeline}")
    )
    return Images(recipes, missing_images(recipes, client=context.client("ecr")))


def check_docker() -> None:
    """Raise ``ToolMissingError`` when no Docker engine can build an image."""
    if shutil.which("docker") is None:
        # Pulumi's provider needs only the engine, which can be on another machine.
        if os.environ.get("DOCKER_HOST"):
            return
        raise ToolMissingError(
            "images must be built, and Docker is not installed: https://docs.docker.com/get-docker"
        )
    version = subprocess.run(["docker", "version"], capture_output=True, check=False)  # noqa: S607
    if version.returncode:
        raise ToolMissingError("images must be built, and Docker does not run: start it.")


@contextmanager
def open_universal_stack(
    context: DeploymentContext, instance: Instance, current: Images
) -> Iterator[tuple[Stack, Scope]]:
    """Open universal's stack, with the scope of this tree and the contexts of missing images.

    Raises ``StackError`` for a repository without functions: the scope would be empty, and for
    Pulumi that means everything, the images of other branches included.
    """
    if not current.recipes:
        raise StackError("there are no functions yet: `invoke new-pipeline` writes a pipeline.")
    with staged(current.recipes, missing=current.missing) as plan:
        stack = Stack.open(instance, {**context.variables, PLAN_VARIABLE: str(plan)}, create=True)
        yield stack, _scope(stack, current)


def _scope(stack: Stack, current: Images) -> Scope:
    """Return the scope of this tree: its repositories, and the images that are missing.

    The targets are patterns. With plain URNs Pulumi would also take everything that depends on
    them, which is every image in a repository.
    """
    resources = stack.resources()
    ids = {recipe.id for recipe in current.recipes}
    others = {resource.name for resource in resources} - ids
    # A thousand patterns cost seconds; one is enough when other branches have nothing.
    repositories = (
        [f"**{_REPOSITORY}**::{id_}" for id_ in ids] if others else [f"**{_REPOSITORY}**"]
    )
    missing = {recipe.id: recipe.tag for recipe in current.missing}
    images = [f"**{_IMAGE}**::{id_}" for id_ in missing]
    # The state has these images, but ECR does not: they are built again.
    lost = [
        resource.urn
        for resource in resources
        if resource.type == _DOCKER_IMAGE
        and resource.name in missing
        and str(resource.inputs.get("imageName")).endswith(f":{missing[resource.name]}")
    ]
    return Scope(targets=(*sorted(repositories), *sorted(images)), replacements=tuple(lost))


def prunable(stack: Stack, recipes: Sequence[ImageRecipe]) -> tuple[str, ...]:
    """Return the functions (``layer/pipeline/function``) in the stack that no longer exist."""
    functions = {
        resource.name
        for resource in stack.resources()
        if resource.type.startswith("aws:ecr/repository:")
    }
    return tuple(sorted(functions - {recipe.id for recipe in recipes}))


def prune(stack: Stack, functions: Sequence[str]) -> Scope:
    """Unprotect the repositories of these functions; return the scope that deletes them."""
    resources = [resource for resource in stack.resources() if resource.name in functions]
    stack.unprotect([resource.urn for resource in resources if resource.protected])
    kinds = (_REPOSITORY, _IMAGE)
    return Scope(targets=tuple(f"**{kind}**::{name}" for kind in kinds for name in functions))
