"""Deploying one instance: what it needs first, its stack with what of it is this tree's."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dorc_runtime.compile.checks import problems_between, problems_of
from dorc_runtime.deploy.deployment_context import DeploymentContext, deployed_pipelines
from dorc_runtime.deploy.driver.engine import EVERYTHING, Scope, Stack, deployed
from dorc_runtime.deploy.driver.instances import Instance, infra, universal
from dorc_runtime.deploy.image_builds import check_docker, images, universal_stack
from dorc_runtime.errors import DefinitionError, DorcError, StackError
from dorc_runtime.project.repository import load_source


@contextmanager
def opened(
    place: DeploymentContext, instance: Instance, *, applying: bool
) -> Iterator[tuple[Stack, Scope]]:
    """Have the stack of an instance, made when it is missing, and what of it is to be applied.

    ``applying`` asks for all that this needs: raises ``StackError`` when something else has to be
    applied before, ``ToolMissingError`` when images are to be built and nothing here builds them.
    """
    place.check_environment(instance)
    if instance.kind == "universal":
        wanted = images(place)
        if applying and wanted.missing:
            check_docker()
        with universal_stack(place, instance, wanted) as found:
            yield found
    else:
        if applying:
            _check_needs(place, instance)
        yield Stack.open(instance, place.variables, create=True), EVERYTHING


def check_definition(place: DeploymentContext, instance: Instance) -> None:
    """Raise ``DefinitionError`` for what `invoke check` would find in the pipeline."""
    if instance.pipeline is None:
        return
    own = load_source(instance.pipeline)
    sources = [own]
    for folder in place.repository.pipelines:
        # What is wrong with another pipeline keeps that one from being deployed, not this one.
        with suppress(DorcError):
            sources += [load_source(folder)] if folder.id != own.id else []
    between = [
        problem
        for problem in problems_between(sources)
        if problem.file == own.file or own.id in problem.message
    ]
    problems = [*problems_of(own), *between]
    if problems:
        more = f" ({len(problems) - 1} more: `invoke check`)" if len(problems) > 1 else ""
        raise DefinitionError(f"{problems[0]}{more}")


def needs(place: DeploymentContext, instance: Instance) -> tuple[Instance, ...]:
    """Return what has to be applied before ``instance``, in order."""
    if instance.kind != "pipeline" or instance.environment is None:
        return ()
    found = []
    if images(place, pipeline=instance.id).missing:
        found.append(universal(place.repository, place.settings))
    below = infra(place.repository, place.settings, instance.environment)
    if not deployed(instance, place.variables).get((below.program.project, below.stack)):
        found.append(below)
    return tuple(found)


def check_unused(place: DeploymentContext, instance: Instance) -> None:
    """Raise ``StackError`` when pipelines are deployed that need ``instance``."""
    if instance.kind == "pipeline":
        return
    users = [
        user
        for user in deployed_pipelines(place, deployed(instance, place.variables))
        if instance.environment is None or user.endswith(f" in {instance.environment}")
    ]
    if users:
        raise StackError(
            f"{instance.title} is needed by {', '.join(users)}: destroy those first, or "
            f"`invoke destroy --all --env {instance.environment or 'ENV'}`."
        )


def _check_needs(place: DeploymentContext, instance: Instance) -> None:
    if missing := needs(place, instance):
        commands = " and ".join(f"`invoke apply {needed.words}`" for needed in missing)
        parts = [_reason(place, instance, needed) for needed in missing]
        raise StackError(f"{instance.title}: {' and '.join(parts)}: first {commands}.")


def _reason(place: DeploymentContext, instance: Instance, needed: Instance) -> str:
    if needed.kind == "infra":
        return "infra is not applied there"
    missing = images(place, pipeline=instance.id).missing
    names = ", ".join(recipe.function for recipe in missing)
    return f"the images of {names} are not built for the code as it is"
