"""The executions of deployed pipelines: the newest of each, one by its name, and its history."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Literal

from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.execution_history import failed_state

ExecutionStatus = Literal[
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"
]
FAILED: tuple[ExecutionStatus, ...] = ("FAILED", "TIMED_OUT", "ABORTED")
"""How an execution ends that did not succeed."""

# Of a page of ListExecutions, and of events: https://docs.aws.amazon.com/step-functions/latest/apireference/
_PAGE = 100
_EVENTS = 1_000


@dataclass(frozen=True)
class Execution:
    """An execution of ``pipeline`` (``layer/name``).

    ``error`` is the name of the error that it ended with, ``cause`` is AWS's text, and ``state`` is
    the state that failed; they are "" where nothing failed or nobody has asked. ``input`` and
    ``output`` are JSON, and None where nobody has asked.
    """

    pipeline: str
    name: str
    arn: str
    status: ExecutionStatus
    started: datetime
    stopped: datetime | None = None
    error: str = ""
    cause: str = ""
    state: str = ""
    input: str | None = None
    output: str | None = None


def latest_executions(
    environment: AwsEnvironment,
    pipelines: Sequence[str],
    *,
    statuses: Sequence[ExecutionStatus] = (),
    since: datetime | None = None,
    most: int = 20,
) -> tuple[Execution, ...]:
    """Return the newest executions of ``pipelines``, at most ``most``, the newest first.

    They have one of ``statuses``, if any, and started at ``since`` or later. A pipeline that is not
    deployed has none; ``StackError`` is raised when no pipeline is deployed.

    AWS is asked for a page of each pipeline and status, and twice about each of the result that
    failed: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    """
    found, deployed = [], False
    for pipeline in pipelines:
        try:
            found += [
                list(islice(_listed(environment, pipeline, status, since), most))
                for status in statuses or (None,)
            ]
        except environment.states.exceptions.StateMachineDoesNotExist:
            continue
        deployed = True
    if not deployed:
        raise not_deployed(pipelines, environment)
    newest = merge(*found, key=lambda each: each.started, reverse=True)
    return tuple(
        _with_failure(environment, each) if each.status in FAILED else each
        for each in islice(newest, most)
    )


def find_execution(
    environment: AwsEnvironment, pipelines: Sequence[str], execution: str
) -> Execution:
    """Return the execution with the name or ARN ``execution``, of one of ``pipelines``.

    Raises ``StackError`` when it does not exist. AWS deletes executions 90 days after their end.
    """
    for pipeline in pipelines:
        arn = environment.execution(pipeline, execution.rpartition(":")[2])
        if execution in (arn, arn.rpartition(":")[2]):
            try:
                with aws_errors("states:DescribeExecution"):
                    return _described(environment, pipeline, arn)
            except StackError as error:
                missing = environment.states.exceptions.ExecutionDoesNotExist
                if not isinstance(error.__cause__, missing):
                    raise
    raise StackError(
        f"there is no execution '{execution}' in {environment.names.environment}: `invoke "
        f"executions --env {environment.names.environment}` lists them; AWS keeps an execution for "
        "90 days after its end."
    )


def history(environment: AwsEnvironment, execution: Execution) -> Iterator[Mapping[str, Any]]:
    """Yield all events of an execution as AWS has them, page by page, the oldest first."""
    pages = environment.states.get_paginator("get_execution_history")
    with aws_errors("states:GetExecutionHistory"):
        for page in pages.paginate(
            executionArn=execution.arn, PaginationConfig={"PageSize": _EVENTS}
        ):
            yield from page["events"]


def definition(environment: AwsEnvironment, execution: Execution) -> Mapping[str, Any]:
    """Return the state machine as it was when ``execution`` started."""
    with aws_errors("states:DescribeStateMachineForExecution"):
        found = environment.states.describe_state_machine_for_execution(executionArn=execution.arn)
    machine: Mapping[str, Any] = json.loads(found["definition"])
    return machine


def not_deployed(pipelines: Sequence[str], environment: AwsEnvironment) -> StackError:
    """Return the error that none of ``pipelines`` is deployed in ``environment``."""
    name = environment.names.environment
    if len(pipelines) > 1:
        return StackError(
            f"no pipeline is deployed in {name}: `invoke apply --all --env {name}` deploys all."
        )
    return StackError(
        f"{pipelines[0]} is not deployed in {name}: `invoke apply --instance {pipelines[0]} "
        f"--env {name}` deploys it."
    )


def _listed(
    environment: AwsEnvironment,
    pipeline: str,
    status: ExecutionStatus | None,
    since: datetime | None,
) -> Iterator[Execution]:
    client = environment.states
    options = {"statusFilter": status} if status else {}
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=environment.machine(pipeline),
        PaginationConfig={"PageSize": _PAGE},
        **options,
    )
    missing = client.exceptions.StateMachineDoesNotExist
    try:
        with aws_errors("states:ListExecutions"):
            for each in (each for page in pages for each in page["executions"]):
                if since is not None and each["startDate"] < since:
                    return
                yield Execution(
                    pipeline,
                    each["name"],
                    each["executionArn"],
                    each["status"],
                    each["startDate"],
                    each.get("stopDate"),
                )
    except StackError as error:
        if isinstance(error.__cause__, missing):
            raise error.__cause__ from None
        raise


def _described(environment: AwsEnvironment, pipeline: str, arn: str) -> Execution:
    found = environment.states.describe_execution(executionArn=arn)
    return Execution(
        pipeline,
        found["name"],
        arn,
        found["status"],
        found["startDate"],
        found.get("stopDate"),
        error=found.get("error", ""),
        cause=found.get("cause", ""),
        input=found.get("input"),
        output=found.get("output"),
    )


def _with_failure(environment: AwsEnvironment, execution: Execution) -> Execution:
    """Return a failed execution with its error, and the state that failed."""
    with aws_errors("states:DescribeExecution"):
        described = _described(environment, execution.pipeline, execution.arn)
    with aws_errors("states:GetExecutionHistory"):
        last = environment.states.get_execution_history(
            executionArn=execution.arn,
            reverseOrder=True,
            maxResults=_PAGE,
            includeExecutionData=False,
        )["events"]
    return replace(described, state=failed_state(last))
