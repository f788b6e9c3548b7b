"""What failed an execution: asked of AWS, as far as AWS still knows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from dorc_runtime.deploy.alert_function.deployed_pipelines import Aws
from dorc_runtime.deploy.alert_function.function_log import last_lines
from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.failed_states import failed_call, failed_state

# So many events of a history are read, from its end.
_EVENTS = 200

T = TypeVar("T")


@dataclass(frozen=True)
class FailedExecution:
    """An execution that failed, timed out or was stopped at ``stopped``.

    ``arn`` and ``machine`` are ARNs. ``state``, ``error``, ``message`` and ``function`` are ""
    where there is none, ``log`` has the last lines of the function. ``problems`` says what AWS did
    not answer, and ``is_described`` that it answered with the error, if there is one.
    """

    arn: str
    machine: str
    status: str
    stopped: datetime
    state: str = ""
    error: str = ""
    message: str = ""
    function: str = ""
    log: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_described: bool = False

    @property
    def name(self) -> str:
        """The name of the execution."""
        return self.arn.rpartition(":")[2]


def event_execution(event: Mapping[str, str]) -> FailedExecution:
    """Return what the event of the failure says by itself."""
    return FailedExecution(
        arn=event["execution"],
        machine=event["machine"],
        status=event["status"],
        stopped=datetime.fromisoformat(event["time"]),
    )


def attempt(call: Callable[[], T], failed: T, problems: list[str]) -> T:
    """Return what ``call`` returns; ``failed``, and its problem in ``problems``, when it fails.

    An alert that says less is better than none, whatever the reason is.
    """
    try:
        return call()
    except Exception as error:
        problems.append(" ".join(str(error).split()) or type(error).__name__)
        return failed


def _with_error(aws: Aws, execution: FailedExecution) -> FailedExecution:
    found = aws.states.describe_execution(executionArn=execution.arn)
    return replace(
        execution,
        stopped=found.get("stopDate") or execution.stopped,
        error=found.get("error", ""),
        message=read_cause(found.get("cause", "")).message,
        is_described=True,
    )


def with_details(aws: Aws, execution: FailedExecution) -> FailedExecution:
    """Return an execution with its error, the state that failed, and the log of its function."""
    problems: list[str] = []
    execution = attempt(lambda: _with_error(aws, execution), execution, problems)
    if execution.is_described:
        execution = attempt(lambda: _with_state(aws, execution, problems), execution, problems)
    return replace(execution, problems=tuple(problems))


def _with_state(aws: Aws, execution: FailedExecution, problems: list[str]) -> FailedExecution:
    newest: list[Mapping[str, Any]] = aws.states.get_execution_history(
        executionArn=execution.arn, reverseOrder=True, maxResults=_EVENTS
    )["events"]
    call = failed_call(newest)
    execution = replace(execution, state=failed_state(newest))
    if call is None:
        return execution
    request = read_cause(_last_cause(newest)).request_id
    lines: tuple[str, ...] = ()
    lines = attempt(lambda: last_lines(aws.logs, call, request), lines, problems)
    return replace(execution, function=call.function, log=lines)


def _last_cause(newest: list[Mapping[str, Any]]) -> str:
    """Return the newest cause that a call answered: what ends an execution may add words to it."""
    kinds = ("taskFailedEventDetails", "lambdaFunctionFailedEventDetails")
    found = (event[kind].get("cause", "") for event in newest for kind in kinds if kind in event)
    return next(found, "")
