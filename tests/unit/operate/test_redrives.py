"""Which executions can be redriven, and why the others cannot.

The reasons are AWS's: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.operate.redrives import refusal_of

FAIL: dict[str, Any] = {"Type": "Fail", "Error": "Empty"}
MACHINE: dict[str, Any] = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "No rows", "States": {"No rows": FAIL}}],
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "No item", "States": {"No item": FAIL}},
        },
        "clean": {"Type": "Task"},
    },
}
FAILED = Execution(
    "raw-to-processed/birds",
    "july",
    "arn:july",
    "FAILED",
    datetime(2026, 1, 1, tzinfo=UTC),
    error="ValueError",
    state="clean",
)


def test_an_execution_that_failed_in_a_task_can_be_redriven() -> None:
    assert refusal_of(FAILED, MACHINE) == ""


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("Execution redrivable period exceeded", "it ended more than 14 days ago"),
        ("Execution is SUCCEEDED and cannot be redriven", "it succeeded"),
        ("Execution is RUNNING and cannot be redriven", "it is still running"),
        ("State machine is in DELETING status", "AWS says: State machine is in DELETING status"),
    ],
)
def test_what_aws_does_not_redrive_is_refused_with_the_reason(reason: str, refusal: str) -> None:
    assert refusal_of(replace(FAILED, not_redrivable=reason), MACHINE) == refusal


@pytest.mark.parametrize("state", ["No rows", "No item"])
def test_an_execution_that_ended_in_a_fail_would_fail_again(state: str) -> None:
    refusal = refusal_of(replace(FAILED, state=state), MACHINE)
    assert refusal == f"it ended in the Fail state '{state}', and would fail again"


def test_an_execution_that_a_call_starts_again_is_not_redriven_as_well() -> None:
    refusal = refusal_of(FAILED, MACHINE, caller="daily")
    assert refusal == "a Call in daily started it, and starts it again"
