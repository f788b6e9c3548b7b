"""When a pipeline starts next by its schedules."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dorc_runtime.compile.triggers.schedule_times import next_fires
from dorc_runtime.compile.triggers.schedules import parse_schedule
from dorc_runtime.model.triggers import CronTrigger, Trigger


@dataclass(frozen=True)
class NextStart:
    """The start of a pipeline by ``schedule``, at the time ``at``.

    A rate counts from a time that only AWS knows: then ``at`` is None, and the pipeline starts
    before ``within`` is over. It has neither where the schedule is not ``enabled``.
    """

    schedule: str
    at: datetime | None = None
    within: timedelta | None = None
    enabled: bool = True


def next_start(triggers: Iterable[Trigger], *, environment: str, now: datetime) -> NextStart | None:
    """Return the first start after ``now`` by ``triggers``, None without any.

    Where all schedules are disabled in ``environment``, it is that of the first one.
    """
    schedules = [each for each in triggers if isinstance(each, CronTrigger)]
    enabled = [each for each in schedules if each.is_enabled(environment)]
    if schedules and not enabled:
        return NextStart(schedules[0].schedule, enabled=False)
    starts = [start for each in enabled if (start := _start(each, now))]
    return min(starts, key=lambda each: each.at or now + (each.within or timedelta()), default=None)


def _start(trigger: CronTrigger, now: datetime) -> NextStart | None:
    schedule = parse_schedule(trigger.schedule)
    if isinstance(schedule, timedelta):
        return NextStart(trigger.schedule, within=schedule)
    fires = next_fires(trigger.schedule, 1, timezone=trigger.timezone, after=now)
    return NextStart(trigger.schedule, at=fires[0].astimezone(UTC)) if fires else None
