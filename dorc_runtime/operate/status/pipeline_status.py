"""How each pipeline of an environment is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import FAILED, Execution, with_failure
from dorc_runtime.operate.execution_lists import NewestExecutions, newest_executions
from dorc_runtime.operate.parallel_calls import in_parallel
from dorc_runtime.operate.status.current_pipelines import CurrentPipeline
from dorc_runtime.operate.status.deployed_images import deployed_images
from dorc_runtime.operate.status.next_start import NextStart, next_start

PERIOD = timedelta(days=1)
"""The time in which failures are counted."""


@dataclass(frozen=True)
class PipelineStatus:
    """How ``pipeline`` (``layer/name``) is.

    ``last`` is its newest execution, with its error if it failed. ``failed`` executions of the last
    24 hours did not succeed, and ``running`` of the newest 1,000 run now; ``is_complete`` says that
    the newest 1,000 have all of the 24 hours. ``stale`` has its functions that run another image
    than that of the current code.
    """

    pipeline: str
    deployed: bool
    last: Execution | None = None
    failed: int = 0
    running: int = 0
    is_complete: bool = True
    next_start: NextStart | None = None
    stale: tuple[str, ...] = ()

    @property
    def urgency(self) -> int:
        """0 for a pipeline that needs attention first, and more for others."""
        reasons = (
            self.last is not None and self.last.status in FAILED,
            self.failed > 0,
            not self.deployed,
            bool(self.stale),
        )
        return next((number for number, holds in enumerate(reasons) if holds), len(reasons))


def pipeline_statuses(
    environment: AwsEnvironment, pipelines: Sequence[CurrentPipeline], *, now: datetime
) -> tuple[PipelineStatus, ...]:
    """Return the status of each of ``pipelines``, those that need attention first.

    AWS gets a call for each pipeline, two for each one with a last execution that failed, and one
    for each 100 functions.
    """
    # Threads share the client.
    _ = environment.states
    lists = in_parallel(lambda each: newest_executions(environment, each.name), pipelines)
    images = deployed_images(environment)
    statuses = [
        _status(current, listed, images, environment.names.environment, now)
        for current, listed in zip(pipelines, lists, strict=True)
    ]
    complete = in_parallel(lambda each: _with_failure(environment, each), statuses)
    return tuple(sorted(complete, key=lambda each: (each.urgency, -each.failed, each.pipeline)))


def _status(
    current: CurrentPipeline,
    listed: NewestExecutions | None,
    images: Mapping[str, str],
    environment: str,
    now: datetime,
) -> PipelineStatus:
    if listed is None:
        return PipelineStatus(current.name, deployed=False)
    since = now - PERIOD
    of_the_day = [each for each in listed.executions if each.started >= since]
    return PipelineStatus(
        current.name,
        deployed=True,
        last=listed.executions[0] if listed.executions else None,
        failed=sum(each.status in FAILED for each in of_the_day),
        running=sum(each.status == "RUNNING" for each in listed.executions),
        is_complete=listed.has_all_since(since),
        next_start=next_start(current.definition.triggers, environment=environment, now=now),
        stale=tuple(
            function
            for function, fingerprint in current.images.items()
            if images.get(current.functions[function]) != fingerprint
        ),
    )


def _with_failure(environment: AwsEnvironment, status: PipelineStatus) -> PipelineStatus:
    if status.last is None or status.last.status not in FAILED:
        return status
    return replace(status, last=with_failure(environment, status.last))
