"""Removes what is deployed, and lists what still is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dorc_runtime.deploy.deployment import check_unused, deployed_instances
from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Stack, StateResource, resource_counts
from dorc_runtime.deploy.driver.instances import Instance, universal
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.observer import DeployObserver
from dorc_runtime.project.environments import PROJECT_FILE, Program


@dataclass(frozen=True)
class Destroyed:
    """What was removed, and the resources that stay because they are protected."""

    changes: Changes
    protected: tuple[StateResource, ...]


def destroy_instance(
    context: DeploymentContext,
    instance: Instance,
    observer: DeployObserver,
    *,
    confirm: Callable[[str], None] | None,
) -> Destroyed:
    """Remove what was applied of ``instance``, except for what is protected.

    ``confirm`` asks a question after a preview, and raises when the answer is no; without it
    nothing is previewed. Raises ``StackError`` when a deployed pipeline needs the instance.
    """
    check_unused(context, instance)
    stack = Stack.open(instance, context.variables, create=False)
    message = context.message("invoke destroy")
    observer.title(f"{instance.title}: removing")
    if confirm is not None:
        planned = stack.destroy(observer.steps(planning=True), message=message, preview=True)
        observer.changes(instance.title, planned, planning=True)
        confirm(f"Remove {instance.title}?")
    with observer.working():
        changes = stack.destroy(observer.steps(), message=message)
    observer.changes(instance.title, changes)
    protected = stack.resources()
    if protected:
        names = ", ".join(sorted({held.name for held in protected}))
        observer.note(f"not removed, because they are protected: {names}")
    else:
        stack.remove()
    return Destroyed(changes, protected)


def destroyable(context: DeploymentContext, instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return those of ``instances`` that are deployed in an environment, without universal."""
    deployed = deployed_instances(context, instances)
    return tuple(instance for instance in deployed if instance.kind != "universal")


def deployed_folders(
    context: DeploymentContext, folders: Iterable[str], *, environment: str | None
) -> tuple[str, ...]:
    """Return the programs in ``folders`` that have resources, as ``folder in environment``.

    ``environment`` is the one to look at, None for all.
    """
    shared = universal(context.repository, context.settings)
    projects = {
        _project(context, folder, shared): folder.removeprefix("src/") for folder in folders
    }
    stacks = resource_counts(shared, context.variables)
    return tuple(
        f"{projects[project]} in {stack}"
        for (project, stack), resources in sorted(stacks.items())
        if project in projects and resources and environment in (None, stack)
    )


def _project(context: DeploymentContext, folder: str, shared: Instance) -> str:
    """Return the Pulumi project of ``folder``; without its file, the name that dorc gives it."""
    program = Program(context.repository.root / folder)
    if (program.folder / PROJECT_FILE).is_file():
        return program.project
    name = folder.removeprefix("src/").replace("/", ".")
    return f"{shared.program.project.rpartition('.')[0]}.{name}"
