"""The newest executions of many pipelines, with few calls.

AWS answers 100 calls of ListExecutions at once in most regions, and then 2 a second:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import (
    FAILED,
    Execution,
    ExecutionStatus,
    not_deployed,
    with_failure,
)
from dorc_runtime.operate.parallel_calls import in_parallel

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
LARGEST_PAGE = 1_000
"""The most executions that AWS lists in one call."""


@dataclass(frozen=True)
class NewestExecutions:
    """The newest executions of a pipeline, the newest first.

    ``before`` is the start of the oldest one that AWS was asked for; there may be others before it.
    It is None when there are none.
    """

    executions: tuple[Execution, ...]
    before: datetime | None

    def has_all_since(self, time: datetime | None) -> bool:
        """Return whether it has all that started at ``time`` or later, None for any time."""
        return self.before is None or (time is not None and self.before < time)


def newest_executions(
    environment: AwsEnvironment,
    pipeline: str,
    *,
    status: ExecutionStatus | None = None,
    since: datetime | None = None,
    most: int = LARGEST_PAGE,
) -> NewestExecutions | None:
    """Return the newest executions of ``pipeline``, at most ``most``; None if it is not deployed.

    They have ``status``, if any, and started at ``since`` or later. Up to 1,000 take one call.
    """
    client = environment.states
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=environment.machine(pipeline),
        PaginationConfig={"PageSize": min(most, LARGEST_PAGE)},
        **({"statusFilter": status} if status else {}),
    )
    found: list[Execution] = []
    before = None
    try:
        with aws_errors("states:ListExecutions"):
            for page in pages:
                found += [_execution(pipeline, each) for each in page["executions"]]
                before = found[-1].started if found and "nextToken" in page else None
                if len(found) >= most or (before and since and before < since):
                    break
    except StackError as error:
        if isinstance(error.__cause__, client.exceptions.StateMachineDoesNotExist):
            return None
        raise
    if len(found) > most:
        before = found[most - 1].started
    in_time = (each for each in found[:most] if since is None or each.started >= since)
    return NewestExecutions(tuple(in_time), before)


def latest_executions(
    environment: AwsEnvironment,
    pipelines: Sequence[str],
    *,
    statuses: Sequence[ExecutionStatus] = (),
    since: datetime | None = None,
    most: int = 20,
) -> tuple[Execution, ...]:
    """Return the newest executions of ``pipelines``, at most ``most``, the newest first.

    They have one of ``statuses``, if any, and started at ``since`` or later. A pipeline that is not
    deployed has none; ``StackError`` is raised when no pipeline is deployed.

    AWS is asked once for each pipeline, and twice about each of the result that failed. For several
    statuses it is asked again, once for each, for a pipeline with more than 1,000 executions where
    these may not be all.
    """
    several = len(statuses) > 1
    list_newest = partial(
        newest_executions,
        environment,
        status=None if several or not statuses else statuses[0],
        since=since,
        most=LARGEST_PAGE if several else most,
    )
    # Threads share the client.
    _ = environment.states
    lists = dict(zip(pipelines, in_parallel(list_newest, pipelines), strict=True))
    deployed = {pipeline: each for pipeline, each in lists.items() if each is not None}
    if not deployed:
        raise not_deployed(pipelines, environment)
    found = {
        pipeline: [each for each in newest.executions if not statuses or each.status in statuses]
        for pipeline, newest in deployed.items()
    }
    if several:
        first = _newest(found.values(), most)
        since = first[-1].started if len(first) == most else since
        missed = [pipeline for pipeline, each in deployed.items() if not each.has_all_since(since)]
        found.update(_of_each_status(environment, missed, statuses, since, most))
    return tuple(
        in_parallel(
            lambda each: with_failure(environment, each) if each.status in FAILED else each,
            _newest(found.values(), most),
        )
    )


def _of_each_status(
    environment: AwsEnvironment,
    pipelines: Sequence[str],
    statuses: Sequence[ExecutionStatus],
    since: datetime | None,
    most: int,
) -> dict[str, list[Execution]]:
    """Return the newest executions of pipelines, by a list of each status."""
    found: dict[str, list[Execution]] = {pipeline: [] for pipeline in pipelines}
    asked = [(pipeline, status) for pipeline in pipelines for status in statuses]
    lists = in_parallel(
        lambda each: newest_executions(
            environment, each[0], status=each[1], since=since, most=most
        ),
        asked,
    )
    for (pipeline, _), listed in zip(asked, lists, strict=True):
        found[pipeline] += listed.executions if listed else ()
    return found


def _newest(lists: Iterable[Sequence[Execution]], most: int) -> list[Execution]:
    whole = (each for executions in lists for each in executions)
    return list(islice(sorted(whole, key=lambda each: each.started, reverse=True), most))


def _execution(pipeline: str, listed: Mapping[str, Any]) -> Execution:
    return Execution(
        pipeline,
        listed["name"],
        listed["executionArn"],
        listed["status"],
        listed["startDate"],
        listed.get("stopDate"),
    )
