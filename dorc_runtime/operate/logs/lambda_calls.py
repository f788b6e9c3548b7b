"""Which functions an execution called, read from its history.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.failed_states import event_details

_ENDS = ("TaskFailed", "TaskStartFailed", "TaskSubmitFailed", "TaskSucceeded", "TaskTimedOut")


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of the Lambda function called ``function``.

    ``ended`` is None while it runs. ``request_id`` is "" where Step Functions got no answer: the
    call runs, or the state timed out or was stopped before.
    """

    function: str
    started: datetime
    ended: datetime | None = None
    request_id: str = ""


@dataclass
class StartedCalls:
    """What an execution started: calls of functions, other executions and runs of distributed Maps.

    The last two are ARNs.
    """

    functions: list[FunctionCall] = field(default_factory=list)
    executions: list[str] = field(default_factory=list)
    map_runs: list[str] = field(default_factory=list)


def calls_in(history: Iterable[Mapping[str, Any]]) -> StartedCalls:
    """Return what the events of a history say was started; ``history`` has the oldest first."""
    calls, open_calls = StartedCalls(), dict[int, FunctionCall]()
    end: datetime | None = None
    for event in history:
        kind, at = event["type"], event["timestamp"]
        details = event_details(event)
        call = open_calls.pop(event.get("previousEventId", 0), None)
        if kind == "TaskScheduled" and details.get("resourceType") == "lambda":
            call = FunctionCall(_function_name(details), at)
        elif kind == "MapRunStarted":
            calls.map_runs.append(details["mapRunArn"])
        elif kind == "TaskSubmitted" and details.get("resourceType") == "states":
            calls.executions.append(_json(details.get("output"))["ExecutionArn"])
        elif kind.startswith("Execution"):
            end = at if kind != "ExecutionStarted" and kind != "ExecutionRedriven" else None
        if call is None:
            continue
        request_id = call.request_id or _request_id(details)
        # A state that waits for a token goes on after the function has answered.
        if kind in (*_ENDS, "TaskSubmitted"):
            if request_id or kind == "TaskTimedOut":
                calls.functions.append(replace(call, ended=at, request_id=request_id))
        else:
            open_calls[event["id"]] = call
    calls.functions += (replace(call, ended=end) for call in open_calls.values())
    return calls


def _function_name(scheduled: Mapping[str, Any]) -> str:
    # An ARN, with or without a version, or a name.
    parts = str(_json(scheduled.get("parameters")).get("FunctionName", "")).split(":")
    return parts[6] if len(parts) > 6 else parts[0]


def _request_id(details: Mapping[str, Any]) -> str:
    """Return the request ID in the answer or the error of a function, "" for none."""
    match _json(details.get("output")):
        case {"SdkResponseMetadata": {"RequestId": str(request_id)}}:
            return request_id
        case _:
            return read_cause(details.get("cause", "")).request_id


def _json(text: str | None) -> Mapping[str, Any]:
    value = json.loads(text) if text else None
    return value if isinstance(value, dict) else {}
