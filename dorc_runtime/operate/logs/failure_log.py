"""What the call of a function printed last that failed an execution."""

from collections import deque
from dataclasses import replace

from dorc_runtime.errors import CredentialsError, StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.operate.logs.execution_calls import (
    LOADING,
    MOST_EXECUTIONS,
    ExecutionCalls,
    calls_by_history,
)
from dorc_runtime.operate.logs.execution_lines import lines_of
from dorc_runtime.operate.logs.lambda_calls import FunctionCall
from dorc_runtime.operate.logs.log_groups import log_events
from dorc_runtime.operate.map_runs import ExecutionEvents
from dorc_runtime.runs.causes import read_cause

_MOST_LINES = 10


def with_log(
    environment: AwsEnvironment, execution: Execution, read: ExecutionEvents
) -> ExecutionEvents:
    """Return ``read`` with the last lines of the call that failed ``execution``.

    There are none where no function failed it, or AWS does not give its log: it may be deleted, or
    the credentials may not read it. AWS is asked for the histories up to that with the call, and
    for its log.
    """
    request_id = read_cause(read.failed.cause).request_id if read.failed else ""
    if not request_id:
        return read
    place = read.failed_item.execution if read.failed_item else execution
    try:
        call = _call(environment, place, request_id)
        return replace(read, log=_last_lines(environment, call)) if call else read
    except (StackError, CredentialsError):
        return read


def _call(
    environment: AwsEnvironment, execution: Execution, request_id: str
) -> FunctionCall | None:
    histories = zip(range(MOST_EXECUTIONS), calls_by_history(environment, execution), strict=False)
    return next(
        (
            call
            for _, found in histories
            for call in found.functions
            if call.request_id == request_id
        ),
        None,
    )


def _last_lines(environment: AwsEnvironment, call: FunctionCall) -> tuple[str, ...]:
    """Return the last lines of a call; its exception is not one of them."""
    made = ExecutionCalls((call,), 1, are_all=True)
    start = call.started - LOADING
    events = log_events(environment, [call.function], start=start, end=made.end)
    lines = (event for event in lines_of(events, made.include) if event.kind != "exception")
    last = deque(lines, maxlen=_MOST_LINES)
    return tuple(line for event in last for line in event.text.splitlines())[-_MOST_LINES:]
