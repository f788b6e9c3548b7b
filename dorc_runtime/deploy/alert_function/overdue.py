"""Pipelines that a schedule did not start, and that have not succeeded for too long.

Each hour is looked at once, after its end, so nothing has to be stored.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from dorc_runtime.compile.triggers.schedules import Cron, cron_times, parse_schedule
from dorc_runtime.deploy.alert_function.deployed_pipelines import Aws, DeployedPipeline
from dorc_runtime.deploy.alert_function.machine_tags import expectation
from dorc_runtime.deploy.alert_function.repeated_failures import HOUR

_DAY = timedelta(days=1)
_PAGE = 100
# AWS is asked for the input of so many executions that started after a time of a schedule.
_COMPARED = 20


@dataclass(frozen=True)
class MissedStart:
    """A time at which a schedule did not start its pipeline."""

    due: datetime
    schedule: str


@dataclass(frozen=True)
class NoSuccess:
    """A pipeline that has to succeed ``every`` so often; ``last`` is its last success, if any."""

    every: timedelta
    last: datetime | None


def no_success(aws: Aws, pipeline: DeployedPipeline, hour: datetime) -> NoSuccess | None:
    """Return that ``pipeline`` is overdue, in the hour in which that begins, and once a day after.

    A pipeline that never succeeded counts from its creation.
    """
    every = expectation(pipeline.tags)
    if every is None:
        return None
    page = aws.states.list_executions(
        stateMachineArn=pipeline.machine, statusFilter="SUCCEEDED", maxResults=_PAGE
    )["executions"]
    last = max((each["stopDate"] for each in page), default=None)
    since = last or pipeline.created
    if since is None:
        return None
    deadline = since + every
    days = max(0, -((deadline - hour) // _DAY))
    return NoSuccess(every, last) if hour <= deadline + days * _DAY < hour + HOUR else None


def missed_starts(
    aws: Aws, pipeline: DeployedPipeline, group: str, hour: datetime
) -> Iterator[MissedStart]:
    """Yield the times in an hour at which a schedule of ``group`` did not start ``pipeline``.

    A schedule that is disabled, or that changed after the time, is not expected to start.
    """
    for schedule in _schedules(aws, group):
        text = schedule["ScheduleExpression"]
        if schedule["State"] != "ENABLED":
            continue
        changed, parsed = schedule["LastModificationDate"], parse_schedule(text)
        started = _started(aws, pipeline.machine)
        if isinstance(parsed, timedelta):
            begins = max([changed, *(each["startDate"] for each in started)])
            if hour <= begins + parsed < hour + HOUR:
                yield MissedStart(begins + parsed, text)
            continue
        for due in _times(parsed, schedule["ScheduleExpressionTimezone"], hour):
            if changed <= due and not _has_started(aws, started, due):
                yield MissedStart(due, text)


def _schedules(aws: Aws, group: str) -> Iterator[Mapping[str, Any]]:
    """Yield the schedules of a group; a pipeline without schedules has no group."""
    try:
        for page in aws.scheduler.get_paginator("list_schedules").paginate(GroupName=group):
            for each in page["Schedules"]:
                yield aws.scheduler.get_schedule(GroupName=group, Name=each["Name"])
    except aws.scheduler.exceptions.ResourceNotFoundException:
        return


def _started(aws: Aws, machine: str) -> list[Mapping[str, Any]]:
    """Return the newest executions of a state machine."""
    page = aws.states.list_executions(stateMachineArn=machine, maxResults=_PAGE)
    found: list[Mapping[str, Any]] = page["executions"]
    return found


def _times(schedule: Cron | datetime, timezone: str, hour: datetime) -> Iterator[datetime]:
    """Yield the times of a schedule in the hour, in UTC."""
    # Lambda may lack the time zones of the system; dateutil, which boto3 needs, brings them.
    from dateutil.tz import gettz

    zone = gettz(timezone)
    first = hour.astimezone(zone).date()
    if isinstance(schedule, Cron):
        last = datetime.combine(first + 2 * _DAY, time())
        days = _until(cron_times(schedule, first), last)
    else:
        days = iter([schedule])
    for local in days:
        due = local.replace(tzinfo=zone).astimezone(UTC)
        # A clock that goes forward leaves times out, and Scheduler does not start then.
        exists = due.astimezone(zone).replace(tzinfo=None) == local
        if exists and hour <= due < hour + HOUR:
            yield due


def _until(times: Iterator[datetime], end: datetime) -> Iterator[datetime]:
    for each in times:
        if each >= end:
            return
        yield each


def _has_started(aws: Aws, started: list[Mapping[str, Any]], due: datetime) -> bool:
    """Return whether one of the executions is that of the time, which its input says."""
    after = [each for each in started if each["startDate"] >= due - timedelta(seconds=1)]
    if len(after) > _COMPARED:
        return True
    expected = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    return any(_time(aws, each) == expected for each in after)


def _time(aws: Aws, execution: Mapping[str, Any]) -> object:
    found = aws.states.describe_execution(executionArn=execution["executionArn"])
    try:
        event = json.loads(found.get("input") or "null")
    except ValueError:
        return None
    return event.get("time") if isinstance(event, dict) else None
