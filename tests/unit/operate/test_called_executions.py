"""What the cause of a Call's failure says about the execution that it waited for.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

import json

import pytest

from dorc_runtime.operate.deployed_executions import called_execution


def test_the_cause_of_a_call_names_the_execution_that_failed() -> None:
    cause = json.dumps({"ExecutionArn": "arn:report:1", "Status": "FAILED", "Error": "KeyError"})
    assert called_execution(cause) == "arn:report:1"


@pytest.mark.parametrize("cause", ["", "too many items", '{"errorMessage": "no"}', "[1]"])
def test_another_cause_names_none(cause: str) -> None:
    assert called_execution(cause) == ""
