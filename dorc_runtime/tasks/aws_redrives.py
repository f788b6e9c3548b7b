"""The task that lets failed executions continue: ``redrive``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import CredentialsError, StackError
from dorc_runtime.tasks.aws_options import (
    SINCE,
    aws_environment,
    requested_pipelines,
    start_of_period,
)
from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, report_errors
from dorc_runtime.tasks.options import (
    ENVIRONMENT,
    JSON,
    ask,
    check_confirmation,
    environment_option,
)
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.operate.deployed_executions import Execution
    from dorc_runtime.operate.redrives import Redrive

_MOST = 100


@task(
    help={
        "execution": "the name or the ARN of an execution that failed",
        **ENVIRONMENT,
        "failed": "all that failed, timed out or were stopped, of those that started --since",
        **SINCE,
        "pipeline": "LAYER/NAME of a pipeline (default: all)",
        "limit": f"with --failed: how many at most, the newest (default: {_MOST})",
        "old-definition": "also where the definition has changed: the old one is used",
        "yes": "do it without a question",
        **CONFIRM,
        **JSON,
    },
    positional=[],
)
@report_errors
def redrive(
    c: Context,
    execution: str | None = None,
    env: str | None = None,
    failed: bool = False,
    since: str | None = None,
    pipeline: str | None = None,
    limit: int = _MOST,
    old_definition: bool = False,
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Let executions on AWS continue where they failed, with the functions as they are now."""
    _check_options(execution, failed=failed, since=since, limit=limit)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = requested_pipelines(repository, pipeline)
    start = start_of_period(since)
    check_confirmation(yes, json=json)
    from dorc_runtime.operate.redrives import plan_redrives
    from dorc_runtime.tasks.drawings.redrive_drawing import counted, show_plan

    aws = aws_environment(c, repository, environment)
    if execution:
        found: Sequence[Execution] = [_one(aws, pipelines, execution)]
    else:
        from dorc_runtime.operate.deployed_executions import FAILED
        from dorc_runtime.operate.execution_lists import latest_executions

        found = latest_executions(aws, pipelines, statuses=FAILED, since=start, most=limit)
    plan = plan_redrives(aws, found)
    if execution:
        _check(plan[0], environment, old_definition=old_definition)
    chosen = [each for each in plan if not each.refusal]
    chosen = [each for each in chosen if old_definition or not each.is_changed]
    if not json:
        show_plan(plan, chosen, environment=environment, more=len(found) == limit)
    if chosen:
        action = f"redrive {chosen[0].execution.name}" if execution else "redrive these executions"
        if not yes:
            ask(f"Redrive {counted(len(chosen))} in {environment}?")
        confirm_protected(c, repository, environment, confirm, action=action, json=json)
    _redrive(aws, plan, chosen, json=json)


def _check_options(execution: str | None, *, failed: bool, since: str | None, limit: int) -> None:
    if bool(execution) == failed:
        raise Exit(
            "error: which executions? Give one of --execution NAME and --failed --since 2d.",
            code=MISTAKE,
        )
    if failed and since is None:
        raise Exit("error: failed since when? Add --since, for example --since 2d.", code=MISTAKE)
    if execution and since is not None:
        raise Exit("error: --since belongs to --failed: leave it out.", code=MISTAKE)
    if limit < 1:
        raise Exit("error: --limit must be 1 or more.", code=MISTAKE)


def _one(aws: AwsEnvironment, pipelines: Sequence[str], execution: str) -> Execution:
    from dorc_runtime.operate.deployed_executions import FAILED, find_execution, with_failure

    found = find_execution(aws, pipelines, execution)
    return with_failure(aws, found) if found.status in FAILED else found


def _check(redrive: Redrive, environment: str, *, old_definition: bool) -> None:
    """Raise ``StackError`` where an execution cannot be redriven, with what to do instead."""
    execution = redrive.execution
    start = f"`invoke start {execution.pipeline} --like {execution.name} --env {environment}`"
    if redrive.refusal and execution.status == "RUNNING":
        shows = f"`invoke history --execution {execution.name} --env {environment}` shows it"
        raise StackError(f"{execution.name} cannot be redriven: {redrive.refusal}; {shows}.")
    if redrive.refusal:
        raise StackError(
            f"{execution.name} cannot be redriven: {redrive.refusal}; {start} starts a new one "
            "with its input."
        )
    if redrive.is_changed and not old_definition:
        raise StackError(
            f"the definition of {execution.pipeline} has changed since {execution.name} started, "
            f"and a redrive uses the old one: {start} starts the new one with the same input, and "
            "--old-definition redrives with the old one."
        )


def _redrive(
    aws: AwsEnvironment, plan: Sequence[Redrive], chosen: Sequence[Redrive], *, json: bool
) -> None:
    """Redrive what is chosen; end with 1 where AWS refuses one."""
    from dorc_runtime.operate.redrives import redrive
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.redrive_drawing import (
        redrive_as_json,
        show_next,
        show_redriven,
    )

    problems: dict[str, str] = {}
    for each in chosen:
        try:
            redrive(aws, each.execution)
        except CredentialsError:
            raise
        except StackError as error:
            problems[each.execution.arn] = str(error)
        if not json:
            show_redriven(each.execution, problems.get(each.execution.arn, ""))
    redriven = [each.execution for each in chosen if each.execution.arn not in problems]
    if json:
        print_json([redrive_as_json(each, redriven, problems) for each in plan])
    else:
        show_next(redriven, environment=aws.names.environment)
    if problems:
        raise Exit(code=1)


TASKS: tuple[Task[Any], ...] = (redrive,)
