"""Calls of Step Functions that moto does not answer as AWS does."""

import uuid
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from .map_runs import MapRuns
from .positions import continue_execution

_PAGE = 100
# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
_REDRIVABLE = timedelta(days=14)


class _ExecutionNotRedrivableError(AWSError):
    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


def replace_calls(map_runs: MapRuns) -> None:
    """Replace them for the rest of this process."""
    backend: Any = StepFunctionsParserBackend
    start, find = backend.start_execution, backend.describe_execution
    # moto leaves an execution that gets no name without one.
    backend.start_execution = lambda self, arn, name, text: start(
        self, arn, name or str(uuid.uuid4()), text
    )
    backend.describe_execution = lambda self, execution_arn: (
        map_runs.child(execution_arn) or find(self, execution_arn)
    )
    responses: Any = StepFunctionResponse
    describe, list_of_machine = responses.describe_execution, responses.list_executions

    def list_executions(self: Any) -> Any:
        map_run = self._get_param("mapRunArn")
        return _children(self, map_runs, map_run) if map_run else list_of_machine(self)

    responses.list_executions = list_executions
    responses.describe_execution = lambda self: _with_redrive(self, describe(self))
    responses.describe_state_machine_for_execution = _definition
    responses.get_execution_history = _history
    responses.redrive_execution = _redrive


def _history(self: Any) -> ActionResult:
    """Return a page of a history, of which moto gives everything at once, in one order.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
    """
    found = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events = found["events"]
    if self._get_param("reverseOrder"):
        events = events[::-1]
    start, size = int(self._get_param("nextToken") or 0), self._get_param("maxResults") or _PAGE
    end = start + size
    more = {"nextToken": str(end)} if end < len(events) else {}
    return ActionResult({"events": events[start:end], **more})


def _redrive(self: Any) -> ActionResult:
    """Continue an execution where it failed.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
    """
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if reason := _refusal(execution):
        raise _ExecutionNotRedrivableError(reason)
    worker = execution._get_start_execution_worker()
    worker.env = worker._get_evaluation_environment()
    worker.env.map_run_record_pool_manager = execution.exec_worker.env.map_run_record_pool_manager
    continue_execution(execution, worker.env)
    execution.exec_worker = worker

    def run() -> None:
        worker._get_evaluation_entrypoint().eval(worker.env)
        worker._execution_communication.terminated()

    Thread(target=run, daemon=True).start()
    return ActionResult({"redriveDate": execution.redrive_date})


def _with_redrive(self: Any, answer: ActionResult) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    found: Any = answer.result
    found["redriveCount"] = getattr(execution, "redrive_count", 0)
    if found["redriveCount"]:
        found["redriveDate"] = execution.redrive_date
    reason = _refusal(execution)
    found["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    if reason:
        found["redriveStatusReason"] = reason
    return answer


def _refusal(execution: Any) -> str:
    """Return why an execution cannot be redriven, in AWS's words, "" when it can.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if datetime.now(tz=UTC) - execution.stop_date > _REDRIVABLE:
        return "Execution redrivable period exceeded"
    return ""


def _children(self: Any, map_runs: MapRuns, map_run: str) -> ActionResult:
    """Return a page of the executions that a map run started."""
    status = self._get_param("statusFilter")
    children = [
        each for each in map_runs.children(map_run) if status is None or each.status == status
    ]
    start, size = int(self._get_param("nextToken") or 0), self._get_param("maxResults") or _PAGE
    end = start + size
    more = {"nextToken": str(end)} if end < len(children) else {}
    items = [
        {**each.to_execution_list_item(), "mapRunArn": map_run} for each in children[start:end]
    ]
    return ActionResult({"executions": items, **more})


def _definition(self: Any) -> ActionResult:
    """Return the state machine as it was when an execution started: moto gives that of now."""
    found = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    outer = found
    while arn := vars(outer).get("parent_arn"):
        outer = self.stepfunction_backend.describe_execution(arn)
    return ActionResult(
        {
            "stateMachineArn": found.state_machine.arn,
            "name": outer.state_machine.name,
            "definition": outer.state_machine.definition,
            "roleArn": found.role_arn,
            "updateDate": found.start_date,
        }
    )
