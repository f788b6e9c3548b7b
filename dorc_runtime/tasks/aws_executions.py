"""Tasks that look at what runs on AWS: ``executions``, ``history``.

They need read permissions in Step Functions, and neither Pulumi nor a passphrase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import InputError, StackError
from dorc_runtime.tasks.aws_options import (
    SINCE,
    aws_environment,
    requested_pipelines,
    start_of_period,
)
from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, report_errors
from dorc_runtime.tasks.options import ENVIRONMENT, JSON, environment_option
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.operate.deployed_executions import Execution, ExecutionStatus

_MOST = 20


@task(
    help={
        "pipeline": "LAYER/NAME of a pipeline (default: all)",
        **ENVIRONMENT,
        "failed": "only those that failed, timed out or were stopped",
        "running": "only those that run now",
        **SINCE,
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
    pipelines = requested_pipelines(repository, pipeline)
    start = start_of_period(since)
    if limit < 1:
        raise InputError("--limit must be 1 or more.")
    from dorc_runtime.operate.deployed_executions import FAILED
    from dorc_runtime.operate.execution_lists import latest_executions
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import (
        execution_as_json,
        show_executions,
    )

    statuses: list[ExecutionStatus] = [*FAILED] if failed else []
    statuses += ["RUNNING"] if running else []
    found = latest_executions(
        aws_environment(c, repository, environment),
        pipelines,
        statuses=statuses,
        since=start,
        most=limit,
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
    pipelines = requested_pipelines(repository, last or last_failed)
    from dorc_runtime.operate import deployed_executions as operate
    from dorc_runtime.operate.logs.failure_log import with_log
    from dorc_runtime.operate.map_runs import execution_events
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import history_as_json, show_history

    aws = aws_environment(c, repository, environment)
    found = (
        operate.find_execution(aws, pipelines, execution)
        if execution
        else _newest(aws, pipelines, failed=bool(last_failed))
    )
    read = with_log(aws, found, execution_events(aws, found))
    if json:
        print_json(history_as_json(found, read, root=repository.root))
    else:
        show_history(found, read, environment=environment, root=repository.root, all_frames=trace)


def _newest(aws: AwsEnvironment, pipelines: tuple[str, ...], *, failed: bool) -> Execution:
    from dorc_runtime.operate.deployed_executions import FAILED, find_execution
    from dorc_runtime.operate.execution_lists import latest_executions

    found = latest_executions(aws, pipelines, statuses=FAILED if failed else (), most=1)
    if not found:
        word = "failed execution" if failed else "execution"
        raise StackError(f"{pipelines[0]} has no {word} in {aws.names.environment}.")
    return find_execution(aws, pipelines, found[0].arn)


TASKS: tuple[Task[Any], ...] = (executions, history)
