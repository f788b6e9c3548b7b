"""The options of tasks about what runs on AWS, and what they mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from invoke.context import Context

from dorc_runtime.errors import InputError, StackError
from dorc_runtime.tasks.entry import tasks_folder

if TYPE_CHECKING:
    from dorc_runtime.compile.checks import Source
    from dorc_runtime.compile.target import Target
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.project.repository import Repository

SINCE = {"since": "only those that started at most so long ago: 30m, 12h, 7d"}

_PERIOD = re.compile(r"(?P<number>\d{1,6})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def aws_environment(c: Context, repository: Repository, environment: str) -> AwsEnvironment:
    """Return the environment on AWS, after a check of the credentials.

    Raises ``CredentialsError`` where they are missing, or belong to another account.
    """
    import boto3

    from dorc_runtime.compile.names import Names
    from dorc_runtime.deploy.deployment_context import shared_config
    from dorc_runtime.deploy.driver.account import check_account
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.tasks.drawings.console import print_pause

    settings = read_settings(tasks_folder(c))
    universal = shared_config(repository, settings).universal
    endpoint = settings.aws_endpoint_url
    client = boto3.client("sts", region_name=universal.region, endpoint_url=endpoint)
    caller = check_account(universal, settings, client=client)
    names = Names(universal.project, environment)
    return AwsEnvironment(
        names, universal.region, caller.account, caller.arn, endpoint, print_pause
    )


def aws_target(c: Context, repository: Repository, aws: AwsEnvironment) -> Target:
    """Return what definitions get in an environment on AWS; outputs of infra are not known.

    Raises ``DefinitionError`` for a configuration or a setting that is not valid.
    """
    from dorc_runtime.deploy.deployment_context import shared_config
    from dorc_runtime.project.environment_values.targets import environment_target
    from dorc_runtime.project.environments import environment_config
    from dorc_runtime.project.settings import read_settings

    settings = read_settings(tasks_folder(c))
    infra, environment = settings.infra_stack_name, aws.names.environment
    shared = shared_config(repository, settings)
    config = environment_config(repository, shared, environment, infra=infra)
    return environment_target(repository, config, environment, account=aws.account, infra=infra)


def resolved_pipeline(
    c: Context, repository: Repository, aws: AwsEnvironment, pipeline: str
) -> Source:
    """Return ``pipeline`` (``layer/name``) with the names and values of the environment.

    Raises ``DefinitionError`` for a definition that cannot be used.
    """
    from dorc_runtime.compile.checks import resolved_source
    from dorc_runtime.project.definitions import load_source

    target = aws_target(c, repository, aws)
    return resolved_source(load_source(repository.pipeline(pipeline)), target)


def requested_pipelines(repository: Repository, pipeline: str | None) -> tuple[str, ...]:
    """Return ``pipeline`` (``layer/name``), after a check that it exists; without it all."""
    known = tuple(folder.id for folder in repository.pipelines)
    if pipeline is None:
        if not known:
            raise StackError("there are no pipelines: `invoke new-pipeline LAYER NAME` writes one.")
        return known
    return (repository.pipeline(pipeline).id,)


def start_of_period(since: str | None) -> datetime | None:
    """Return the time that ``--since 12h`` means now, None without the option."""
    if since is None:
        return None
    period = _PERIOD.fullmatch(since)
    if period is None:
        raise InputError(f"--since is '{since}': write a number with m, h or d, for example 12h.")
    return datetime.now(UTC) - timedelta(**{_UNITS[period["unit"]]: int(period["number"])})
