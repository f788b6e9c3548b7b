"""Tasks that look at what runs on AWS: ``executions``, ``history``.

They need read permissions in Step Functions, and neither Pulumi nor a passphrase.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import InputError, StackError
from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, report_errors, tasks_folder
from dorc_runtime.tasks.options import ENVIRONMENT, JSON, environment_option
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.operate.deployed_executions import Execution, ExecutionStatus
    from dorc_runtime.project.repository import Repository

_PERIOD = re.compile(r"(?P<number>\d{1,6})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_MOST = 20


@task(
    help={
        "pipeline": "LAYER/NAME of a pipeline (default: all)",
        **ENVIRONMENT,
        "failed": "only those that failed, timed out or were stopped",
        "running": "only those that run now",
        "since": "only those that started at most so long ago: 30m, 12h, 7d",
        "limit": f"how many at most (default: {_MOST})",
        **JSON,
    },
    positional=[],
)
@report_errors
def executions(
    c: Context,
    pipeline: str | None = None,
    env: str | None = None,
    failed: bool = False,
    running: bool = False,
    since: str | None = None,
    limit: int = _MOST,
    json: bool = False,
) -> None:
    """List the newest executions on AWS, with the error and the state that failed."""
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = _pipelines(repository, pipeline)
    start = _start(since)
    if limit < 1:
        raise InputError("--limit must be 1 or more.")
    from dorc_runtime.operate.deployed_executions import FAILED, latest_executions
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import (
        execution_as_json,
        show_executions,
    )

    statuses: list[ExecutionStatus] = [*FAILED] if failed else []
    statuses += ["RUNNING"] if running else []
    found = latest_executions(
        _aws(c, repository, environment), pipelines, statuses=statuses, since=start, most=limit
    )
    if json:
        print_json([execution_as_json(each) for each in found])
    else:
        show_executions(found, environment=environment, more=len(found) == limit)


@task(
    help={
        "execution": "the name or the ARN of an execution",
        **ENVIRONMENT,
        "last": "LAYER/NAME of a pipeline: its newest execution",
        "last-failed": "LAYER/NAME of a pipeline: its newest execution that failed",
        "trace": "show all frames of a function's exception",
        **JSON,
    },
    positional=[],
)
@report_errors
def history(
    c: Context,
    execution: str | None = None,
    env: str | None = None,
    last: str | None = None,
    last_failed: str | None = None,
    trace: bool = False,
    json: bool = False,
) -> None:
    """Show an execution on AWS as a run is shown: states, retries, failures, output."""
    if [bool(each) for each in (execution, last, last_failed)].count(True) != 1:
        raise Exit(
            "error: which execution? Give one of --execution NAME, --last LAYER/NAME and "
            "--last-failed LAYER/NAME.",
            code=MISTAKE,
        )
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = _pipelines(repository, last or last_failed)
    from dorc_runtime.operate import deployed_executions as operate
    from dorc_runtime.operate.execution_history import run_events
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import history_as_json, show_history

    aws = _aws(c, repository, environment)
    found = (
        operate.find_execution(aws, pipelines, execution)
        if execution
        else _newest(aws, pipelines, failed=bool(last_failed))
    )
    events = tuple(run_events(operate.history(aws, found), operate.definition(aws, found)))
    if json:
        print_json(history_as_json(found, events, root=repository.root))
    else:
        show_history(found, events, environment=environment, root=repository.root, all_frames=trace)


def _newest(aws: AwsEnvironment, pipelines: tuple[str, ...], *, failed: bool) -> Execution:
    from dorc_runtime.operate.deployed_executions import FAILED, find_execution, latest_executions

    found = latest_executions(aws, pipelines, statuses=FAILED if failed else (), most=1)
    if not found:
        word = "failed execution" if failed else "execution"
        raise StackError(f"{pipelines[0]} has no {word} in {aws.names.environment}.")
    return find_execution(aws, pipelines, found[0].arn)


def _pipelines(repository: Repository, pipeline: str | None) -> tuple[str, ...]:
    known = tuple(folder.id for folder in repository.pipelines)
    if pipeline is None:
        if not known:
            raise StackError("there are no pipelines: `invoke new-pipeline LAYER NAME` writes one.")
        return known
    return (repository.pipeline(pipeline).id,)


def _start(since: str | None) -> datetime | None:
    if since is None:
        return None
    period = _PERIOD.fullmatch(since)
    if period is None:
        raise InputError(f"--since is '{since}': write a number with m, h or d, for example 12h.")
    return datetime.now(UTC) - timedelta(**{_UNITS[period["unit"]]: int(period["number"])})


def _aws(c: Context, repository: Repository, environment: str) -> AwsEnvironment:
    """Return the environment on AWS, after a check of the credentials."""
    import boto3

    from dorc_runtime.compile.names import Names
    from dorc_runtime.deploy.deployment_context import shared_config
    from dorc_runtime.deploy.driver.account import check_account
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.project.settings import read_settings

    settings = read_settings(tasks_folder(c))
    universal = shared_config(repository, settings).universal
    endpoint = settings.aws_endpoint_url
    client = boto3.client("sts", region_name=universal.region, endpoint_url=endpoint)
    account = check_account(universal, settings, client=client)
    return AwsEnvironment(
        Names(universal.project, environment), universal.region, account, endpoint
    )


TASKS: tuple[Task[Any], ...] = (executions, history)
