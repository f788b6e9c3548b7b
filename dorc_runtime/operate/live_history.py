"""The history of an execution while it runs."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import Execution, find_execution

# In seconds; AWS allows five calls in a second for all who ask in an account:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_PAUSE = 1.0
# Of a page: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
_EVENTS = 1_000
_LAST = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


def live_history(
    environment: AwsEnvironment, execution: Execution, *, pause: float = _PAUSE
) -> Iterator[Mapping[str, Any]]:
    """Yield the events of ``execution`` as they happen, until it ends.

    AWS is asked every ``pause`` seconds for the newest events, back to the last one that is known,
    so a long history takes as few calls as a short one.
    """
    known = 0
    while True:
        for event in reversed(list(_newest(environment, execution, known))):
            known = event["id"]
            yield event
            if event["type"] in _LAST:
                return
        time.sleep(pause)


def ended_execution(
    environment: AwsEnvironment, execution: Execution, *, pause: float = _PAUSE
) -> Execution:
    """Return ``execution`` at its end; AWS may know its last event a little earlier."""
    while True:
        found = find_execution(environment, [execution.pipeline], execution.arn)
        if found.status != "RUNNING":
            return found
        time.sleep(pause)


def _newest(
    environment: AwsEnvironment, execution: Execution, known: int
) -> Iterator[Mapping[str, Any]]:
    """Yield the events after the one with the id ``known``, the newest first."""
    pages = environment.states.get_paginator("get_execution_history")
    with aws_errors("states:GetExecutionHistory"):
        for page in pages.paginate(
            executionArn=execution.arn, reverseOrder=True, PaginationConfig={"PageSize": _EVENTS}
        ):
            for event in page["events"]:
                if event["id"] <= known:
                    return
                yield event
