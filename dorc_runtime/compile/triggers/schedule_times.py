"""The times at which a schedule starts a pipeline."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dorc_runtime.compile.triggers.schedules import (
    Cron,
    check_timezone,
    cron_times,
    parse_schedule,
)


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
    zone = ZoneInfo(timezone)
    begin = after or datetime.now(UTC)
    begin = begin.astimezone(zone) if begin.tzinfo else begin.replace(tzinfo=zone)
    match parse_schedule(schedule):
        case timedelta() as rate:
            # Added in UTC: a day of a rate has 24 hours, also when summer time starts or ends.
            start = begin.astimezone(UTC)
            return tuple((start + rate * count).astimezone(zone) for count in range(1, n + 1))
        case datetime() as moment:
            once = moment.replace(tzinfo=zone)
            return (once,)[:n] if once.astimezone(UTC) > begin.astimezone(UTC) else ()
        case Cron() as cron:
            due = (moment.replace(tzinfo=zone) for moment in cron_times(cron, begin.date()))
            later = (moment for moment in due if moment.astimezone(UTC) > begin.astimezone(UTC))
            return tuple(islice(filter(_exists, later), n))


def _exists(moment: datetime) -> bool:
    """Return whether ``moment`` exists on the clock of its time zone."""
    return moment == moment.astimezone(UTC).astimezone(moment.tzinfo)
