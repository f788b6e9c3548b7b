"""The executions of deployed pipelines: one by its name, how it failed, and its history."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.parallel_calls import in_parallel
from dorc_runtime.runs.failed_states import failed_state

ExecutionStatus = Literal[
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"
]
FAILED: tuple[ExecutionStatus, ...] = ("FAILED", "TIMED_OUT", "ABORTED")
"""How an execution ends that did not succeed."""

# The events of a page, at most, and those that say which state failed:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
_EVENTS = 1_000
_LAST_EVENTS = 100


@dataclass(frozen=True)
class Execution:
    """An execution of ``pipeline`` (``layer/name``).

    ``error`` is the name of the error that it ended with, ``cause`` is AWS's text, and ``state`` is
    the state that failed; they are "" where nothing failed or nobody has asked. ``input`` and
    ``output`` are JSON, and None where nobody has asked. ``redrives`` says how often it was
    redriven, ``not_redrivable`` why AWS does not redrive it, "" where it does or nobody has asked.
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
    redrives: int = 0
    not_redrivable: str = ""


def find_execution(
    environment: AwsEnvironment, pipelines: Sequence[str], execution: str
) -> Execution:
    """Return the execution with the name or ARN ``execution``, of one of ``pipelines``.

    The ARN may be that of an item of a distributed Map. Raises ``StackError`` when it does not
    exist. AWS deletes executions 90 days after their end.
    """
    name = execution.rpartition(":")[2]
    asked = []
    for pipeline in pipelines:
        arn = environment.execution(pipeline, name)
        if execution in (arn, name):
            asked.append((pipeline, arn))
        elif execution.startswith(f"{arn.removesuffix(f':{name}')}/"):
            asked.append((pipeline, execution))
    found = in_parallel(lambda each: _found(environment, *each), asked)
    if first := next((each for each in found if each is not None), None):
        return first
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


def deployed_definition(environment: AwsEnvironment, pipeline: str) -> Mapping[str, Any]:
    """Return the state machine of ``pipeline`` as it is deployed now.

    Raises ``StackError`` where it is not deployed.
    """
    with aws_errors("states:DescribeStateMachine"):
        try:
            found = environment.states.describe_state_machine(
                stateMachineArn=environment.machine(pipeline)
            )
        except environment.states.exceptions.StateMachineDoesNotExist:
            raise not_deployed([pipeline], environment) from None
    machine: Mapping[str, Any] = json.loads(found["definition"])
    return machine


def called_execution(cause: str) -> str:
    """Return the ARN of the execution that a Call waited for, from the cause of its failure.

    It is "" for the cause of another failure.
    """
    try:
        found = json.loads(cause)
    except ValueError:
        return ""
    return str(found.get("ExecutionArn", "")) if isinstance(found, dict) else ""


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


def with_failure(environment: AwsEnvironment, execution: Execution) -> Execution:
    """Return a failed execution with its error, and the state that failed."""
    with aws_errors("states:DescribeExecution"):
        described = _described(environment, execution.pipeline, execution.arn)
    with aws_errors("states:GetExecutionHistory"):
        last = environment.states.get_execution_history(
            executionArn=execution.arn,
            reverseOrder=True,
            maxResults=_LAST_EVENTS,
            includeExecutionData=False,
        )["events"]
    return replace(described, state=failed_state(last))


def _found(environment: AwsEnvironment, pipeline: str, arn: str) -> Execution | None:
    try:
        with aws_errors("states:DescribeExecution"):
            return _described(environment, pipeline, arn)
    except StackError as error:
        missing = environment.states.exceptions.ExecutionDoesNotExist
        if not isinstance(error.__cause__, missing):
            raise
        return None


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
        redrives=found.get("redriveCount", 0),
        not_redrivable=found.get("redriveStatusReason", ""),
    )
