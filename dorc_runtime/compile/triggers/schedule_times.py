"""The times at which a schedule starts a pipeline."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from zoneinfo import ZoneInfo

from dorc_runtime.compile.triggers.schedules import (
    Cron,
    check_timezone,
    cron_times,
    parse_schedule,
)


def schedule_times(schedule: str, *, timezone: str, start: datetime) -> Iterator[datetime]:
    """Yield the times at which ``schedule`` fires from ``start`` on, in ``timezone``.

    ``start`` without a zone is in ``timezone``. A rate fires at ``start`` first. As on AWS, a clock
    time that does not exist because of summer time is skipped, and one that exists twice fires
    once: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

    Raises:
        DefinitionError: For a schedule or time zone that EventBridge Scheduler refuses.
    """
    check_timezone(timezone)
    zone = ZoneInfo(timezone)
    begin = start.astimezone(zone) if start.tzinfo else start.replace(tzinfo=zone)
    match parse_schedule(schedule):
        case timedelta() as rate:
            # Added in UTC: a day of a rate has 24 hours, also when summer time starts or ends.
            first = begin.astimezone(UTC)
            yield from ((first + rate * number).astimezone(zone) for number in count())
        case datetime() as moment:
            once = moment.replace(tzinfo=zone)
            if once.astimezone(UTC) >= begin.astimezone(UTC):
                yield once
        case Cron() as cron:
            due = (moment.replace(tzinfo=zone) for moment in cron_times(cron, begin.date()))
            later = (moment for moment in due if moment.astimezone(UTC) >= begin.astimezone(UTC))
            yield from filter(_exists, later)


def next_fires(
    schedule: str, n: int, *, timezone: str = "UTC", after: datetime | None = None
) -> tuple[datetime, ...]:
    """Return the next ``n`` times at which ``schedule`` fires, fewer where it ends.

    They are after ``after`` (default: now; without a zone it is in ``timezone``), and are in
    ``timezone``. A rate counts from ``after``. As on AWS, a clock time that does not exist because
    of summer time is skipped, and one that exists twice fires once:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

    Raises:
        DefinitionError: For a schedule or time zone that EventBridge Scheduler refuses.
    """
    check_timezone(timezone)
    begin = after or datetime.now(UTC)
    begin = begin if begin.tzinfo else begin.replace(tzinfo=ZoneInfo(timezone))
    times = schedule_times(schedule, timezone=timezone, start=begin)
    later = (each for each in times if each.astimezone(UTC) > begin.astimezone(UTC))
    return tuple(islice(later, n))


def _exists(moment: datetime) -> bool:
    """Return whether ``moment`` exists on the clock of its time zone."""
    return moment == moment.astimezone(UTC).astimezone(moment.tzinfo)
