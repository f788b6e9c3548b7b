"""What executions cost: what they use, by AWS's prices."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dorc_runtime.operate.cost.measured_usage import execution_usage, run_usage
from dorc_runtime.operate.cost.prices import Usage, region_prices
from dorc_runtime.runs.visits import StateVisit

SCHEDULED = {
    "resourceType": "lambda",
    "parameters": '{"FunctionName": "arn:aws:lambda:eu-west-2:1:function:clean"}',
}


def event(number: int, kind: str, second: float, **details: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(second, UTC)
    return {"id": number, "previousEventId": number - 1, "type": kind, "timestamp": at, **details}


HISTORY = [
    event(1, "ExecutionStarted", 0),
    event(2, "TaskStateEntered", 0),
    event(3, "TaskScheduled", 0, taskScheduledEventDetails=SCHEDULED),
    event(4, "TaskStarted", 1),
    event(5, "TaskFailed", 3),
    event(6, "TaskScheduled", 9, taskScheduledEventDetails=SCHEDULED),
    event(7, "TaskStarted", 10),
    event(8, "TaskSucceeded", 14),
    event(9, "TaskStateExited", 14),
    event(10, "PassStateEntered", 14),
    event(11, "PassStateExited", 14),
    event(12, "ExecutionSucceeded", 14),
]


def test_an_execution_uses_its_states_retries_and_the_time_of_its_functions() -> None:
    usage = execution_usage(HISTORY, {"clean": 2048})
    # Two states, a retry and the end; 2 and 4 seconds with 2 GB.
    assert usage == Usage(transitions=4, calls=2, gb_seconds=12.0)


def test_a_run_on_this_machine_is_measured_by_its_visits() -> None:
    visits = [
        StateVisit("clean", "Task", (), 0.0, 3.0, retries=1),
        StateVisit("Look", "Pass", (), 3.0, 0.0),
    ]
    assert run_usage(visits, {"clean": 512}) == Usage(4, 2, 1.5)


def test_a_price_is_that_of_transitions_calls_and_time() -> None:
    prices = region_prices("eu-west-2", architecture="x86_64")
    assert prices is not None
    assert prices.price(Usage(1_000, 0, 0)) == pytest.approx(0.025)
    assert prices.price(Usage(0, 1_000_000, 0)) == pytest.approx(0.2)
    assert prices.price(Usage(0, 0, 1_000)) == pytest.approx(0.0166667)


def test_arm_costs_less() -> None:
    prices = [region_prices("us-east-1", architecture=each) for each in ("x86_64", "arm64")]
    x86, arm = (each.price(Usage(0, 0, 1)) for each in prices if each)
    assert arm < x86


def test_a_region_that_is_not_in_the_table_has_no_prices() -> None:
    assert region_prices("ap-east-1", architecture="arm64") is None
