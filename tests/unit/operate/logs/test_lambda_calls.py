"""Which functions an execution called, by its history."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from dorc_runtime.operate.logs.lambda_calls import FunctionCall, calls_in

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULED = {
    "resourceType": "lambda",
    "parameters": json.dumps({"FunctionName": "arn:aws:lambda:eu-west-2:123456789012:function:f"}),
}
ANSWER = {"output": json.dumps({"SdkResponseMetadata": {"RequestId": "id-1"}})}


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def history(*events: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return events from ``(type, the one before, details)``, numbered from 1, a second apart."""
    return [
        {
            "id": number,
            "type": kind,
            "previousEventId": before,
            "timestamp": at(number),
            **({f"{kind[0].lower()}{kind[1:]}EventDetails": details[0]} if details else {}),
        }
        for number, (kind, before, *details) in enumerate(events, 1)
    ]


def test_a_call_has_the_request_id_of_its_answer() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskScheduled", 1, SCHEDULED),
        ("TaskStarted", 2),
        ("TaskSucceeded", 3, ANSWER),
    )
    assert calls_in(events).functions == [FunctionCall("f", at(2), at(4), "id-1")]


def test_a_retried_call_is_two_and_a_failed_one_has_the_id_of_its_error() -> None:
    error = {"error": "ValueError", "cause": '{"errorMessage": "no", "requestId": "id-0"}'}
    events = history(
        ("TaskScheduled", 0, SCHEDULED),
        ("TaskFailed", 1, error),
        ("TaskScheduled", 2, SCHEDULED),
        ("TaskSucceeded", 3, ANSWER),
    )
    assert [call.request_id for call in calls_in(events).functions] == ["id-0", "id-1"]


def test_a_call_that_waits_for_a_token_ends_with_the_answer_of_the_function() -> None:
    events = history(
        ("TaskScheduled", 0, SCHEDULED),
        ("TaskSubmitted", 1, {"resourceType": "lambda", **ANSWER}),
        ("TaskSucceeded", 2, {"output": "{}"}),
    )
    assert calls_in(events).functions == [FunctionCall("f", at(1), at(2), "id-1")]


def test_a_call_that_lambda_refused_is_none() -> None:
    refused = {"error": "Lambda.TooManyRequestsException", "cause": "Rate Exceeded."}
    events = history(("TaskScheduled", 0, SCHEDULED), ("TaskFailed", 1, refused))
    assert calls_in(events).functions == []


def test_a_call_that_runs_has_no_end_and_one_of_a_stopped_execution_has() -> None:
    events = history(("TaskScheduled", 0, SCHEDULED), ("TaskStarted", 1))
    assert calls_in(events).functions == [FunctionCall("f", at(1))]
    stopped = [*events, *history(("a", 0), ("b", 0), ("ExecutionAborted", 0))[2:]]
    assert calls_in(stopped).functions == [FunctionCall("f", at(1), at(3))]


def test_executions_that_it_waits_for_and_runs_of_distributed_maps_are_named() -> None:
    child = {"resourceType": "states", "output": json.dumps({"ExecutionArn": "arn:child"})}
    events = history(("TaskSubmitted", 0, child), ("MapRunStarted", 0, {"mapRunArn": "arn:map"}))
    found = calls_in(events)
    assert (found.executions, found.map_runs) == (["arn:child"], ["arn:map"])
