"""Times to start at, as EventBridge Scheduler takes them.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from dorc_runtime.errors import DefinitionError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FORMS = "write cron(0 6 * * ? *) for every day at six, rate(5 minutes), or at(2030-01-31T06:00:00)"
_SCHEDULE = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
_RATE = re.compile(r"([0-9]+) +(minute|hour|day)(s?)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_NTH_DAY = re.compile(r"(\w+)#([1-5])", re.ASCII)
_LAST_DAY = re.compile(r"L-([0-9]{1,2})", re.ASCII)


@dataclass(frozen=True)
class _Field:
    """One of the six fields of a cron text: its bounds, both included, and its names."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def value(self, text: str) -> int:
        """Return the number that ``text`` stands for.

        Raises:
            ValueError: With what the field takes.
        """
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.least
        if text.isascii() and text.isdigit() and self.least <= int(text) <= self.most:
            return int(text)
        names = f", or {self.names[0]}-{self.names[-1]}" if self.names else ""
        raise ValueError(f"the {self.name} '{text}' is none of {self.least}-{self.most}{names}")


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY_OF_MONTH = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = _Field("day of the week", 1, 7, _DAYS)
_YEAR = _Field("year", 1970, 2199)


def check_schedule(text: str) -> None:
    """Refuse a schedule that EventBridge Scheduler would refuse.

    Raises:
        DefinitionError: With what is wrong, and how it is written.
    """
    try:
        _check(text)
    except ValueError as error:
        raise DefinitionError(f"schedule '{text}': {error}; {_FORMS}") from error


def check_timezone(name: str) -> None:
    """Refuse a time zone that is not in the IANA database.

    Raises:
        DefinitionError: With how one is written.
    """
    # A machine without the database, as Windows is, leaves it to Scheduler.
    known = available_timezones()
    if known and name not in known:
        raise DefinitionError(f"timezone '{name}' is not known: write one like Europe/London")


def _check(text: str) -> None:
    match = _SCHEDULE.fullmatch(text)
    if match is None:
        raise ValueError("it is neither cron(...), rate(...) nor at(...)")
    {"cron": _check_cron, "rate": _check_rate, "at": _check_at}[match[1]](match[2])


def _check_rate(text: str) -> None:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError("a rate is a whole number and minutes, hours or days")
    number, unit = int(match[1]), match[2]
    if number < 1:
        raise ValueError("a rate is at least 1")
    if (number == 1) == bool(match[3]):
        raise ValueError(f"{number} goes with {unit if number == 1 else unit + 's'}")


def _check_at(text: str) -> None:
    if not _AT.fullmatch(text):
        raise ValueError("a time is written year-month-dayThour:minute:second, without a zone")
    datetime.fromisoformat(text)


def _check_cron(text: str) -> None:
    parts = text.split()
    if len(parts) != 6:
        raise ValueError(
            f"cron has six fields (minute, hour, day of the month, month, day of the week, year), "
            f"not {len(parts)}"
        )
    minute, hour, day, month, weekday, year = parts
    for field, part in ((_MINUTE, minute), (_HOUR, hour), (_MONTH, month), (_YEAR, year)):
        _check_list(field, part)
    if (day == "?") == (weekday == "?"):
        raise ValueError("one of day of the month and day of the week is ?, and not both")
    if day != "?":
        _check_day(day)
    if weekday != "?":
        _check_weekday(weekday)


def _check_day(part: str) -> None:
    """Check a day of the month: L is the last one, 15W the weekday nearest the 15th."""
    last = _LAST_DAY.fullmatch(part)
    if part in ("L", "LW") or (last and int(last[1]) < _DAY_OF_MONTH.most):
        return
    _check_list(_DAY_OF_MONTH, part.removesuffix("W") if part[:-1].isdigit() else part)


def _check_weekday(part: str) -> None:
    """Check a day of the week: 3#2 is the second Tuesday, 6L the last Friday of the month."""
    nth = _NTH_DAY.fullmatch(part)
    if nth:
        _DAY_OF_WEEK.value(nth[1])
    elif part.endswith("L"):
        if part != "L":
            _DAY_OF_WEEK.value(part.removesuffix("L"))
    else:
        _check_list(_DAY_OF_WEEK, part)


def _check_list(field: _Field, part: str) -> None:
    """Check a list of values, ranges and steps: ``1,3-5,10/5``, ``*``, ``*/15``."""
    for piece in part.split(","):
        span, slash, step = piece.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 1 <= int(step) <= field.most):
            raise ValueError(f"the {field.name} '{piece}' has no step from 1 to {field.most}")
        if span == "*":
            continue
        first, dash, last = span.partition("-")
        least = field.value(first)
        if dash and field.value(last) < least:
            raise ValueError(f"the {field.name} '{piece}' runs backwards")
