"""A Step Functions in which executions fail in an item of a distributed Map; "now" runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from tests.local.operate.conftest import RAW

MACHINE = "Example--dev--raw-to-processed--tidy"
_ARN = "arn:aws:states:eu-west-2:123456789012:{}:" + MACHINE
_MAP_RUN = _ARN.format("mapRun") + "/Each:1"
_ITEM = _ARN.format("execution") + "/Each:item"
_TIME = datetime.now(UTC)
_FAILED = {"error": "ValueError", "cause": "no number"}
_INNER = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "clean",
    "States": {"clean": {"Type": "Task", "Resource": "arn:lambda", "End": True}},
}
_DEFINITION = json.dumps(
    {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": _INNER, "End": True}}}
)


@contextmanager
def played_states(events: Any) -> Iterator[None]:
    """Answer calls of Step Functions, of the clients that have the ``events`` of boto3."""
    answer = _States().answer
    events.register("before-call.sfn", answer)
    yield
    events.unregister("before-call.sfn", answer)


class _States:
    def __init__(self) -> None:
        self._names = ["may"]

    def answer(self, model: Any, params: dict[str, Any], **_: object) -> Any:
        asked = json.loads(params["body"])
        name = asked.get("executionArn", asked.get("name", "may")).rpartition(":")[2]
        is_item = "/" in asked.get("executionArn", asked.get("mapRunArn", ""))
        if model.name == "StartExecution":
            self._names.append(name)
        names = ["item"] if is_item else self._names
        listed = [] if asked.get("statusFilter") == "RUNNING" else names
        answer = {
            "DescribeExecution": _execution(name, is_item=is_item),
            "DescribeMapRun": {"executionCounts": _COUNTS, "status": "FAILED"},
            "DescribeStateMachine": {"definition": _DEFINITION},
            "DescribeStateMachineForExecution": {"definition": _DEFINITION},
            "GetExecutionHistory": {"events": _ITEM_EVENTS if is_item else _EVENTS},
            "ListExecutions": {
                "executions": [_execution(each, is_item=is_item) for each in listed]
            },
            "RedriveExecution": {"redriveDate": _TIME},
            "StartExecution": {
                "executionArn": _execution(name)["executionArn"],
                "startDate": _TIME,
            },
            "StopExecution": {"stopDate": _TIME},
        }[model.name]
        return SimpleNamespace(status_code=200), answer


def _execution(name: str, *, is_item: bool = False) -> dict[str, Any]:
    return {
        "executionArn": _ITEM if is_item else f"{_ARN.format('execution')}:{name}",
        "stateMachineArn": _ARN.format("stateMachine"),
        "name": name,
        "status": "RUNNING" if name == "now" else "FAILED",
        "startDate": _TIME,
        "stopDate": _TIME,
        "input": json.dumps({"bucket": RAW, "key": "tidy/may.csv"}),
        "redriveCount": 0,
        "redriveStatus": "REDRIVABLE",
        **_FAILED,
    }


def _event(number: int, kind: str, **details: object) -> dict[str, Any]:
    name = {
        "MapStateEntered": "stateEntered",
        "TaskStateEntered": "stateEntered",
    }.get(kind, f"{kind[0].lower()}{kind[1:]}")
    return {
        "id": number,
        "type": kind,
        "previousEventId": number - 1,
        "timestamp": _TIME,
        **({f"{name}EventDetails": details} if details else {}),
    }


_COUNTS = {"failed": 1, "timedOut": 0, "aborted": 0, "succeeded": 1, "total": 2}
_EVENTS = [
    _event(1, "ExecutionStarted", input="{}"),
    _event(2, "MapStateEntered", name="Each", input="{}"),
    _event(3, "MapStateStarted", length=2),
    _event(4, "MapRunStarted", mapRunArn=_MAP_RUN),
    _event(5, "MapRunFailed", **_FAILED),
    _event(6, "MapStateFailed"),
    _event(7, "ExecutionFailed", **_FAILED),
]
_ITEM_EVENTS = [
    _event(1, "ExecutionStarted", input="{}"),
    _event(2, "TaskStateEntered", name="clean", input="{}"),
    _event(3, "TaskScheduled", resource="invoke", resourceType="lambda"),
    _event(4, "TaskFailed", **_FAILED),
    _event(5, "ExecutionFailed", **_FAILED),
]
