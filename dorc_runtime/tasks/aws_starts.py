"""Tasks that start and stop executions on AWS: ``start``, ``stop``.

Exit codes: 0 done, 1 the execution failed, 2 a mistake in the call, 130 stopped waiting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task
from pydantic import JsonValue

from dorc_runtime.errors import InputError
from dorc_runtime.tasks.aws_options import aws_environment, requested_pipelines, resolved_pipeline
from dorc_runtime.tasks.entry import (
    INTERRUPTED,
    MISTAKE,
    pinned_repository,
    print_line,
    report_errors,
)
from dorc_runtime.tasks.options import ENVIRONMENT, JSON, environment_option
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.compile.checks import Source
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.operate.deployed_executions import Execution
    from dorc_runtime.project.repository import Repository


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        **ENVIRONMENT,
        "key": "start as the object with this key would, in the bucket that the trigger watches",
        "input": "JSON, or a JSON file, to start the pipeline with",
        "like": "start with the input of this execution: its name, or its ARN",
        "wait": "show the execution until it ends; exit 1 if it fails",
        **CONFIRM,
        **JSON,
    }
)
@report_errors
def start(
    c: Context,
    pipeline: str,
    env: str | None = None,
    key: str | None = None,
    input: str | None = None,  # noqa: A002 - AWS's word for it
    like: str | None = None,
    wait: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Start a pipeline on AWS: for an object, with an input, or as an earlier execution.

    Without an option, a pipeline with a schedule starts as if that was due now.
    """
    if [each is not None for each in (key, input, like)].count(True) > 1:
        raise Exit("error: give one of --key, --input and --like.", code=MISTAKE)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    [pipeline] = requested_pipelines(repository, pipeline)
    from dorc_runtime.local.json_text import given_json
    from dorc_runtime.operate.execution_control import start_execution
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import execution_as_json

    received = None if input is None else given_json(input, option="--input")
    aws = aws_environment(c, repository, environment)
    if like is not None:
        received = _input_of(aws, pipeline, like)
    elif input is None:
        source = resolved_pipeline(c, repository, aws, pipeline)
        received = _schedule_input(source) if key is None else _object_input(aws, source, key)
    confirm_protected(
        c, repository, environment, confirm, action=f"start {pipeline} there", json=json
    )
    started = start_execution(aws, pipeline, received, command="invoke start").execution
    if wait:
        _wait(aws, started, repository, json=json)
    elif json:
        print_json(execution_as_json(started))
    else:
        print_line(f"started {started.name} of {pipeline} in {environment}")
        print_line(f"next: invoke history --execution {started.name} --env {environment}")


@task(
    help={
        "execution": "the name or the ARN of an execution that runs",
        **ENVIRONMENT,
        "reason": "why; it becomes part of the cause in the history of the execution",
        **CONFIRM,
        **JSON,
    },
    positional=[],
)
@report_errors
def stop(
    c: Context,
    execution: str | None = None,
    env: str | None = None,
    reason: str = "",
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Stop an execution that runs on AWS; its functions end what they do at the moment."""
    if not execution:
        raise Exit("error: which execution? Add --execution NAME.", code=MISTAKE)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = requested_pipelines(repository, None)
    from dorc_runtime.operate.deployed_executions import find_execution
    from dorc_runtime.operate.execution_control import check_running, stop_execution
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.execution_drawing import execution_as_json

    aws = aws_environment(c, repository, environment)
    found = find_execution(aws, pipelines, execution)
    check_running(found)
    confirm_protected(
        c, repository, environment, confirm, action=f"stop {found.name} there", json=json
    )
    stopped = stop_execution(aws, found, command="invoke stop", reason=reason)
    if json:
        print_json(execution_as_json(stopped))
    else:
        print_line(f"stopped {stopped.name} of {stopped.pipeline} in {environment}")


def _input_of(aws: AwsEnvironment, pipeline: str, execution: str) -> JsonValue:
    from dorc_runtime.operate.deployed_executions import find_execution
    from dorc_runtime.operate.execution_control import input_of

    return input_of(find_execution(aws, [pipeline], execution))


def _object_input(aws: AwsEnvironment, source: Source, key: str) -> JsonValue:
    from dorc_runtime.compile.triggers.object_triggers import bucket_of_key, object_input
    from dorc_runtime.operate.execution_inputs import stored_object

    assert source.target is not None, source  # noqa: S101 # it is resolved
    bucket = bucket_of_key(source.pipeline, key, name=source.id, target=source.target)
    stored = stored_object(aws, bucket, key)
    if stored is None:
        raise InputError(
            f"there is no object '{key}' in {bucket}: upload it, or give the key of another one."
        )
    return object_input(stored)


def _schedule_input(source: Source) -> JsonValue:
    from dorc_runtime.compile.triggers.trigger_input import schedule_input
    from dorc_runtime.model.triggers import CronTrigger

    for trigger in source.pipeline.triggers:
        if isinstance(trigger, CronTrigger):
            return schedule_input(trigger, datetime.now(UTC))
    raise InputError(
        f"what does {source.id} start with? Give --key KEY, --input JSON or --like EXECUTION."
    )


def _wait(aws: AwsEnvironment, started: Execution, repository: Repository, *, json: bool) -> None:
    """Show an execution until it ends; end the task with 1 where it failed."""
    from dorc_runtime.operate.live_history import ended_execution, live_history
    from dorc_runtime.operate.map_runs import execution_events
    from dorc_runtime.tasks.drawings.console import console, print_json
    from dorc_runtime.tasks.drawings.execution_drawing import history_as_json, show_end
    from dorc_runtime.tasks.drawings.live_execution import live_drawing

    environment, terminal = aws.names.environment, console()
    coming = live_history(aws, started)
    try:
        if json:
            read = execution_events(aws, started, coming=coming)
        else:
            with live_drawing(terminal, started, environment=environment) as draw:
                read = execution_events(aws, started, coming=coming, observe=draw)
        ended = ended_execution(aws, started)
    except KeyboardInterrupt:
        options = f"--execution {started.name} --env {environment}"
        raise Exit(
            f"{started.name} still runs: `invoke history {options}` shows it, and `invoke stop "
            f"{options}` stops it.",
            code=INTERRUPTED,
        ) from None
    if json:
        print_json(history_as_json(ended, read, root=repository.root))
    else:
        show_end(terminal, ended, read, root=repository.root, all_frames=False)
    if ended.status != "SUCCEEDED":
        raise Exit(code=1)


TASKS: tuple[Task[Any], ...] = (start, stop)
