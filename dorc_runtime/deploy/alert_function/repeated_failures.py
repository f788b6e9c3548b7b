"""Which failures get a message of their own: the first of a pipeline with one error in an hour.

Nothing is stored: the executions say it. Hours are those of the clock, in UTC. Whatever AWS does
not say leads to a message too many, never to one too few.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from dorc_runtime.deploy.alert_function.deployed_pipelines import Aws, DeployedPipeline
from dorc_runtime.deploy.alert_function.failed_execution import FailedExecution

HOUR = timedelta(hours=1)
_FAILED = ("FAILED", "TIMED_OUT", "ABORTED")
# The largest page of ListExecutions:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
_PAGE = 1_000
# AWS is asked for the error of so many earlier failures, the newest first.
_COMPARED = 20
# So many failures of an hour are counted by their error.
_COUNTED = 200


def hour_of(when: datetime) -> datetime:
    """Return the beginning of the hour of the clock."""
    return when.replace(minute=0, second=0, microsecond=0)


def is_repeat(aws: Aws, execution: FailedExecution) -> bool:
    """Return whether another execution failed with the same error earlier in the same hour."""
    own = (execution.stopped, execution.arn)
    earlier = [
        each
        for each in _stopped(aws, execution.machine, execution.status, hour_of(execution.stopped))
        if (each["stopDate"], each["executionArn"]) < own
    ]
    earlier.sort(key=lambda each: each["stopDate"], reverse=True)
    return any(_error(aws, each) == execution.error for each in earlier[:_COMPARED])


def failures(aws: Aws, pipeline: DeployedPipeline, hour: datetime) -> Counter[str]:
    """Return how many executions of ``pipeline`` failed in the hour, by their error."""
    found = [
        each
        for status in _FAILED
        for each in _stopped(aws, pipeline.machine, status, hour)
        if each["stopDate"] < hour + HOUR
    ]
    if len(found) < 2:
        return Counter()
    counted = Counter(_error(aws, each) or each["status"] for each in found[:_COUNTED])
    if len(found) > _COUNTED:
        counted["other errors"] = len(found) - _COUNTED
    return counted


def _stopped(aws: Aws, machine: str, status: str, since: datetime) -> Iterator[Mapping[str, Any]]:
    """Yield the newest executions with a status that ended at ``since`` or later."""
    page = aws.states.list_executions(
        stateMachineArn=machine, statusFilter=status, maxResults=_PAGE
    )
    return (each for each in page["executions"] if "stopDate" in each and each["stopDate"] >= since)


def _error(aws: Aws, execution: Mapping[str, Any]) -> str:
    found = aws.states.describe_execution(executionArn=execution["executionArn"])
    return str(found.get("error", ""))
