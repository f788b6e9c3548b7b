"""The options that several deploying tasks have: their help, and what they mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from dorc_runtime.errors import StackError, UnknownNameError
from dorc_runtime.tasks.entry import MISTAKE, is_confirmed, pinned_repository, tasks_folder

if TYPE_CHECKING:
    from dorc_runtime.deploy.deployment_context import DeploymentContext
    from dorc_runtime.deploy.driver.instances import Instance
    from dorc_runtime.project.repository import Repository

INSTANCE = {
    "instance": "universal, infra or LAYER/NAME of a pipeline",
    "layer": "the layer, where --instance is only the name of a pipeline",
    "env": "the environment; universal has none",
}
ENVIRONMENT = {"env": "the environment"}
YES = {"yes": "do it without a preview and without a question"}
JSON = {"json": "print the result as JSON, for machines"}
ALL = {"all": "universal, infra and all pipelines, in the order in which they need each other"}
FULL = {"full": "with --all: evaluate also what is as its last apply left it"}
REFRESH = {"refresh": "read everything from AWS first, and restore what was changed without dorc"}
EXPECT_NO_CHANGES = {"expect-no-changes": "change nothing; exit 3 if anything would change"}


def deployment_context_of(c: Context) -> DeploymentContext:
    """Return where to deploy from: the repository, with its settings."""
    from dorc_runtime.deploy.deployment_context import deployment_context
    from dorc_runtime.project.settings import read_settings

    return deployment_context(pinned_repository(c), read_settings(tasks_folder(c)))


def environment_option(
    c: Context,
    repository: Repository,
    environment: str | None,
    *,
    option: str = "--env",
    others: tuple[str, ...] = (),
) -> str:
    """Return the value of ``option``, after a check that there is such an environment.

    ``others`` are values that it may also have.
    """
    from dorc_runtime.project.environments import Program
    from dorc_runtime.project.settings import read_settings

    settings = read_settings(tasks_folder(c))
    known = (*Program(repository.root / settings.infra_stack_name).stacks, *others)
    if environment is None:
        raise StackError(f"which environment? Add {option} X, where X is {' or '.join(known)}.")
    if environment not in known:
        remedy = f"`invoke new-env {environment}` creates it."
        raise UnknownNameError("environment", environment, known, remedy=remedy)
    return environment


def requested_instances(
    c: Context,
    instance: str | None,
    layer: str | None,
    env: str | None,
    *,
    everything: bool = False,
) -> tuple[DeploymentContext, tuple[tuple[Instance, ...], ...]]:
    """Return where to deploy from, and what, in stages; all checks that need no AWS are done."""
    from dorc_runtime.deploy.driver.instances import all_instances, find_instance
    from dorc_runtime.project.settings import read_settings

    if everything and (instance or layer):
        raise Exit("error: give --instance or --all, not both.", code=MISTAKE)
    repository, settings = pinned_repository(c), read_settings(tasks_folder(c))
    if not everything:
        one = find_instance(repository, settings, instance=instance, layer=layer, environment=env)
        return _checked(c, ((one,),))
    if env is None:
        raise Exit("error: --all is about an environment: add --env.", code=MISTAKE)
    return _checked(c, all_instances(repository, settings, env))


def check_confirmation(yes: bool, *, json: bool) -> None:
    """End with 2 where ``--yes`` is missing and nobody can be asked."""
    if yes:
        return
    if json:
        raise Exit("error: --json cannot ask: add --yes.", code=MISTAKE)
    if not sys.stdin.isatty():
        raise Exit("error: there is no terminal to ask at: add --yes.", code=MISTAKE)


def ask(question: str) -> None:
    """Ask a person; end the task when the answer is no."""
    if not is_confirmed(question):
        raise Exit("nothing was changed", code=MISTAKE)


def _checked(
    c: Context, stages: tuple[tuple[Instance, ...], ...]
) -> tuple[DeploymentContext, tuple[tuple[Instance, ...], ...]]:
    """Return the stages with where to deploy them from, after all checks that come before AWS."""
    # This imports Pulumi, so what needs no Pulumi is checked before.
    from dorc_runtime.deploy.deployment import check_definitions
    from dorc_runtime.deploy.deployment_context import check_credentials

    context = deployment_context_of(c)
    instances = [instance for stage in stages for instance in stage]
    for instance in instances:
        context.check_environment(instance)
    check_definitions(context, instances)
    check_credentials(context)
    return context, stages
