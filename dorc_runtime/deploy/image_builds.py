"""Images as the code is now: which are missing, and universal's stack with what is to be built."""

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
from dorc_runtime.project.fingerprint import ImageRecipe

_REPOSITORY = "dorc:aws:ImageRepository"
_IMAGE = "dorc:aws:FunctionImage"
_DOCKER_IMAGE = "docker:index/image:Image"


@dataclass(frozen=True)
class Images:
    """The images of all functions, and those that ECR lacks."""

    recipes: tuple[ImageRecipe, ...]
    missing: tuple[ImageRecipe, ...]


def images(place: DeploymentContext, *, pipeline: str | None = None) -> Images:
    """Return the images of a pipeline (``layer/name``), or of all, as the code is now.

    Raises ``StackError`` when ECR does not answer.
    """
    found = tuple(
        recipe
        for recipe in place.recipes
        if pipeline in (None, f"{recipe.layer}/{recipe.pipeline}")
    )
    return Images(found, missing_images(found, client=place.client("ecr")))


def check_docker() -> None:
    """Raise ``ToolMissingError`` when there is no Docker engine that could build an image."""
    if shutil.which("docker") is None:
        # Pulumi's provider needs the engine alone, which may be elsewhere.
        if os.environ.get("DOCKER_HOST"):
            return
        raise ToolMissingError(
            "images are to be built, and Docker is not installed: https://docs.docker.com/get-docker"
        )
    done = subprocess.run(["docker", "version"], capture_output=True, check=False)  # noqa: S607
    if done.returncode:
        raise ToolMissingError("images are to be built, and Docker does not run: start it.")


@contextmanager
def universal_stack(
    place: DeploymentContext, instance: Instance, wanted: Images, *, create: bool = True
) -> Iterator[tuple[Stack, Scope]]:
    """Have universal's stack, and what of it is this tree's, with what is to be built staged.

    Raises ``StackError`` for a repository without functions: all that other branches have would
    be out of scope, which Pulumi takes for everything.
    """
    if not wanted.recipes:
        raise StackError("there are no functions yet: `invoke new-pipeline` writes a pipeline.")
    with staged(wanted.recipes, missing=wanted.missing) as plan:
        stack = Stack.open(instance, {**place.variables, PLAN_VARIABLE: str(plan)}, create=create)
        yield stack, _scope(stack, wanted)


def _scope(stack: Stack, wanted: Images) -> Scope:
    """Return what is this tree's: its repositories, and of the images the missing ones.

    Patterns, never plain URNs: of those Pulumi takes what depends on them along, and that is every
    image that a repository holds.
    """
    held = stack.resources()
    ids = {recipe.id for recipe in wanted.recipes}
    others = {each.name for each in held} - ids
    # A thousand patterns cost seconds; one does where no other branch has anything.
    repositories = (
        [f"**{_REPOSITORY}**::{id_}" for id_ in ids] if others else [f"**{_REPOSITORY}**"]
    )
    missing = {recipe.id: recipe.tag for recipe in wanted.missing}
    images = [f"**{_IMAGE}**::{id_}" for id_ in missing]
    # What ECR lost is built again, though the state has it as it should be.
    lost = [
        each.urn
        for each in held
        if each.type == _DOCKER_IMAGE
        and each.name in missing
        and str(each.inputs.get("imageName")).endswith(f":{missing[each.name]}")
    ]
    return Scope(targets=(*sorted(repositories), *sorted(images)), replaced=tuple(lost))


def prunable(stack: Stack, recipes: Sequence[ImageRecipe]) -> tuple[str, ...]:
    """Return the functions (``layer/pipeline/function``) whose images nothing needs any more."""
    there = [held.name for held in stack.resources() if held.type.startswith("aws:ecr/repository:")]
    gone = set(there) - {recipe.id for recipe in recipes}
    return tuple(sorted(gone))


def prune(stack: Stack, functions: Sequence[str]) -> Scope:
    """Take protection off these functions' repositories; return the scope that removes them."""
    held = [resource for resource in stack.resources() if resource.name in functions]
    stack.unprotect([resource.urn for resource in held if resource.protected])
    kinds = (_REPOSITORY, _IMAGE)
    return Scope(targets=tuple(f"**{kind}**::{name}" for kind in kinds for name in functions))
