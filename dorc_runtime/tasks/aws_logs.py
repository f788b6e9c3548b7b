"""The task that shows what functions print on AWS: ``logs``.

It needs read permissions in CloudWatch Logs and Step Functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import StackError, UnknownNameError, suggestion
from dorc_runtime.tasks.aws_options import aws_environment, requested_pipelines, start_of_period
from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, print_line, report_errors
from dorc_runtime.tasks.options import ENVIRONMENT, environment_option
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.compile.names import Names
    from dorc_runtime.operate.deployed_executions import Execution
    from dorc_runtime.operate.logs.log_groups import LogEvent
    from dorc_runtime.operate.logs.log_request import LogRequest
    from dorc_runtime.project.repository import PipelineFolder

# How far back lines are shown without --since.
_PERIOD = timedelta(hours=1)


@task(
    help={
        "pipeline": "LAYER/NAME of a pipeline",
        **ENVIRONMENT,
        "function": "only this function of the pipeline",
        "execution": "the name or the ARN of an execution: only what its calls printed",
        "since": "how far back: 30m, 12h, 7d (default: 1h)",
        "grep": "only lines with this text",
        "follow": "show new lines as they come, until Ctrl-C or the end of the execution",
        "json": "print each line as a JSON object, for machines",
    },
    positional=[],
)
@report_errors
def logs(
    c: Context,
    pipeline: str | None = None,
    env: str | None = None,
    function: str | None = None,
    execution: str | None = None,
    since: str | None = None,
    grep: str = "",
    follow: bool = False,
    json: bool = False,
) -> None:
    """Show what functions printed on AWS, the oldest line first."""
    if not pipeline and not execution:
        raise Exit("error: which logs? Add -p LAYER/NAME or --execution NAME.", code=MISTAKE)
    if execution and since:
        raise Exit("error: --since has no effect with --execution: leave it out.", code=MISTAKE)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = requested_pipelines(repository, pipeline)
    start = start_of_period(since) or datetime.now(UTC) - _PERIOD
    if pipeline:
        _check_function(repository.pipeline(pipelines[0]), function)
    from dorc_runtime.operate.deployed_executions import find_execution
    from dorc_runtime.operate.logs.log_request import LogRequest
    from dorc_runtime.tasks.drawings.function_log_drawing import (
        print_lines,
        print_lines_as_json,
        print_note,
    )

    aws = aws_environment(c, repository, environment)
    found = find_execution(aws, pipelines, execution) if execution else None
    own = repository.pipeline(found.pipeline if found else pipelines[0])
    _check_function(own, function)
    names = aws.names.pipeline(own.layer, own.name)
    functions = [function] if function else [] if found else [*own.functions]
    request = LogRequest(
        aws,
        [names.function(each) for each in functions],
        on_note=print_note,
        text=grep,
        follow=follow,
        has_request_ids=json,
    )
    lines = request.lines_of_execution(found) if found else _lines_since(request, own, start)
    labels = _labels(repository.pipelines if found else (own,), aws.names, own)
    try:
        if json:
            print_lines_as_json(lines, labels)
        elif not print_lines(lines, labels, at_once=follow):
            print_line(_no_lines(found, start, grep=grep, environment=environment))
    except KeyboardInterrupt:
        if not follow:
            raise
        print_line("")


def _check_function(pipeline: PipelineFolder, function: str | None) -> None:
    if function is not None and function not in pipeline.functions:
        near = suggestion(function, pipeline.functions).strip()
        where = f"in {pipeline.id}"
        raise UnknownNameError("function", function, pipeline.functions, where=where, remedy=near)
    if not pipeline.functions:
        raise StackError(f"{pipeline.id} has no functions, so nothing prints lines.")


def _lines_since(
    request: LogRequest, pipeline: PipelineFolder, start: datetime
) -> Iterator[LogEvent]:
    from dorc_runtime.operate.deployed_executions import not_deployed
    from dorc_runtime.operate.execution_lists import newest_executions
    from dorc_runtime.operate.logs.log_groups import LogGroupMissingError

    aws = request.environment
    try:
        yield from request.lines_since(start)
    except LogGroupMissingError:
        if newest_executions(aws, pipeline.id, most=1) is None:
            raise not_deployed([pipeline.id], aws) from None
        raise


def _labels(
    pipelines: Sequence[PipelineFolder], names: Names, own: PipelineFolder
) -> dict[str, str]:
    """Return what people call each Lambda function, as in a run of the pipeline ``own``."""
    return {
        names.pipeline(folder.layer, folder.name).function(function): function
        if folder.id == own.id
        else f"{folder.layer}.{folder.name}.{function}"
        for folder in pipelines
        for function in folder.functions
    }


def _no_lines(execution: Execution | None, start: datetime, *, grep: str, environment: str) -> str:
    text = f" with '{grep}'" if grep else ""
    if execution:
        return f"no lines{text} of the functions that {execution.name} called in {environment}"
    return f"no lines{text} in {environment} since {start.astimezone():%Y-%m-%d %H:%M:%S}"


TASKS: tuple[Task[Any], ...] = (logs,)
