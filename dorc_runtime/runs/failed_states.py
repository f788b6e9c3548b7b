"""What failed an execution on AWS, by the last events of its history.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html

The function of alerts has this module too, so it imports the standard library alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

EXECUTION_FAILURES = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True)
class FailedCall:
    """The last call of a Lambda function before an execution failed; ``function`` is its name."""

    function: str
    started: datetime
    ended: datetime


def failed_state(newest: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the state that failed an execution, "" when the events do not say.

    ``newest`` are its last events, the newest first.
    """
    entered = next((event for event in _back(newest) if _is_entry(event)), None)
    return str(event_details(entered)["name"]) if entered else ""


def failed_call(newest: Sequence[Mapping[str, Any]]) -> FailedCall | None:
    """Return the call of a function by the state that failed, None where there is none.

    ``newest`` are the last events with their data, the newest first.
    """
    ended = None
    for event in _back(newest):
        if _is_entry(event):
            return None
        if event["type"] not in EXECUTION_FAILURES and ended is None:
            ended = event["timestamp"]
        if function := _called_function(event):
            return FailedCall(function, event["timestamp"], ended or event["timestamp"])
    return None


def event_details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an event says beside its type, its time and its numbers."""
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


def _back(newest: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the event that ended an execution, and from each the one that led to it."""
    by_id = {event["id"]: event for event in newest}
    event = next((each for each in newest if each["type"] in EXECUTION_FAILURES), None)
    while event is not None:
        yield event
        event = by_id.get(event.get("previousEventId", 0))


def _is_entry(event: Mapping[str, Any]) -> bool:
    return bool(event["type"].endswith("StateEntered"))


def _called_function(event: Mapping[str, Any]) -> str:
    """Return the name of the function that is called with an event, "" for another event."""
    details = event_details(event)
    match event["type"]:
        case "LambdaFunctionScheduled":
            arn = details.get("resource", "")
        case "TaskScheduled" if details.get("resourceType") == "lambda":
            try:
                arn = json.loads(details.get("parameters", "")).get("FunctionName", "")
            except ValueError:
                # Without its data, or cut off.
                return ""
        case _:
            return ""
    return str(arn.split(":")[6]) if arn.count(":") >= 6 else str(arn)
