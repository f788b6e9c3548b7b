"""One instance: its prerequisites, its stack, and the resources there that this tree owns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from dorc_runtime.compile.arns import EXAMPLE_ACCOUNT
from dorc_runtime.compile.checks import problems_of, resolved_source
from dorc_runtime.compile.graph_checks import problems_between
from dorc_runtime.compile.target import Target
from dorc_runtime.deploy.deployment_context import DeploymentContext, deployed_pipelines
from dorc_runtime.deploy.driver.engine import EVERYTHING, Scope, Stack, resource_counts
from dorc_runtime.deploy.driver.instances import Instance, infra, universal
from dorc_runtime.deploy.image_builds import check_docker, images, open_universal_stack
from dorc_runtime.errors import DefinitionError, DorcError, StackError, first_problem
from dorc_runtime.project.definitions import load_source
from dorc_runtime.project.environment_values.targets import environment_target


@contextmanager
def open_stack(
    context: DeploymentContext,
    instance: Instance,
    *,
    applying: bool,
    after_prerequisites: bool = False,
) -> Iterator[tuple[Stack, Scope]]:
    """Open the stack of an instance, with the scope to apply; create the stack if it is missing.

    ``applying`` also checks the prerequisites: raises ``StackError`` when another instance must be
    applied first, ``ToolMissingError`` when images must be built and Docker does not run. With
    ``after_prerequisites`` the other instances have just been applied.
    """
    context.check_environment(instance)
    if instance.kind == "universal":
        current_images = images(context)
        if applying and current_images.missing:
            check_docker()
        with open_universal_stack(context, instance, current_images) as stack_and_scope:
            yield stack_and_scope
    else:
        if applying and not after_prerequisites:
            _check_prerequisites(context, instance)
        yield Stack.open(instance, context.variables, create=True), EVERYTHING


def check_definitions(context: DeploymentContext, instances: Sequence[Instance]) -> None:
    """Raise ``DefinitionError`` for a problem that `invoke check` finds in one of the pipelines.

    All of them are in one environment.
    """
    pipelines = [each.pipeline for each in instances if each.pipeline is not None]
    if not pipelines:
        return
    [environment] = {each.environment for each in instances if each.environment is not None}
    target = target_of(context, environment)
    sources = {folder.id: resolved_source(load_source(folder), target) for folder in pipelines}
    for folder in context.repository.pipelines:
        # A mistake in another pipeline does not prevent the deployment of these.
        with suppress(DorcError):
            if folder.id not in sources:
                sources[folder.id] = resolved_source(load_source(folder), target)
    between = problems_between(
        [*sources.values()],
        buckets=context.config.buckets,
        unreadable=[each.id for each in context.repository.pipelines if each.id not in sources],
    )
    for folder in pipelines:
        own = sources[folder.id]
        problems = [
            *problems_of(own),
            *(each for each in between if each.file == own.file or own.id in each.message),
        ]
        if problems:
            raise DefinitionError(first_problem(problems))


def target_of(context: DeploymentContext, environment: str) -> Target:
    """Return what definitions get in ``environment``, without asking AWS for the account."""
    config = context.config_of(environment)
    account = config.universal.account or context.settings.aws_account or EXAMPLE_ACCOUNT
    return environment_target(
        context.repository,
        config,
        environment,
        account=account,
        infra=context.settings.infra_stack_name,
    )


def prerequisites(context: DeploymentContext, instance: Instance) -> tuple[Instance, ...]:
    """Return the instances that must be applied before ``instance``, in order."""
    if instance.kind != "pipeline" or instance.environment is None:
        return ()
    first = []
    if images(context, pipeline=instance.id).missing:
        first.append(universal(context.repository, context.settings))
    shared = infra(context.repository, context.settings, instance.environment)
    counts = resource_counts(instance, context.variables)
    if not counts.get((shared.program.project, shared.stack)):
        first.append(shared)
    return tuple(first)


def deployed_instances(
    context: DeploymentContext, instances: Sequence[Instance]
) -> tuple[Instance, ...]:
    """Return those of ``instances`` that the backend has a stack of."""
    stacks = resource_counts(instances[0], context.variables)
    return tuple(each for each in instances if (each.program.project, each.stack) in stacks)


def check_unused(context: DeploymentContext, instance: Instance) -> None:
    """Raise ``StackError`` when pipelines are deployed that need ``instance``."""
    if instance.kind == "pipeline":
        return
    users = [
        user
        for user in deployed_pipelines(context, resource_counts(instance, context.variables))
        if instance.environment is None or user.endswith(f" in {instance.environment}")
    ]
    if users:
        raise StackError(
            f"{instance.title} is used by {', '.join(users)}: destroy those first, or run "
            f"`invoke destroy --all --env {instance.environment or 'ENV'}`."
        )


def _check_prerequisites(context: DeploymentContext, instance: Instance) -> None:
    if missing := prerequisites(context, instance):
        commands = " and ".join(f"`invoke apply {each.options}`" for each in missing)
        reasons = " and ".join(_reason(context, instance, each) for each in missing)
        raise StackError(f"{instance.title}: {reasons}: run first {commands}.")


def _reason(context: DeploymentContext, instance: Instance, missing: Instance) -> str:
    if missing.kind == "infra":
        return f"infra is not deployed in {missing.environment}"
    recipes = images(context, pipeline=instance.id).missing
    names = ", ".join(recipe.function for recipe in recipes)
    return f"no images of the current code for {names}"
