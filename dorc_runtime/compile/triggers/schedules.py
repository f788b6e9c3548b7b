"""The schedules that EventBridge Scheduler accepts, checked and parsed.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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


# Whether a schedule is due on a day.
OnDay = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """The times of a cron text: months count from 1, ``on`` says on which days."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    on: OnDay


# rate(...) is the time between two starts; at(...) is a time without a time zone.
Schedule = Cron | timedelta | datetime


@dataclass(frozen=True)
class _Field:
    """One of the six fields of a cron text: its lowest and highest value, and its names."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def value(self, text: str) -> int:
        """Return the number of ``text``.

        Raises:
            ValueError: The field does not accept it; the message says what it accepts.
        """
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.least
        if text.isascii() and text.isdigit() and self.least <= int(text) <= self.most:
            return int(text)
        names = f", or {self.names[0]}-{self.names[-1]}" if self.names else ""
        raise ValueError(f"the {self.name} '{text}' is not {self.least}-{self.most}{names}")


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY_OF_MONTH = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = _Field("day of the week", 1, 7, _DAYS)
_YEAR = _Field("year", 1970, 2199)


def check_schedule(text: str) -> None:
    """Check that EventBridge Scheduler accepts a schedule, and that it can fire.

    Raises:
        DefinitionError: It does not, or it never fires; the message says what to write.
    """
    schedule = parse_schedule(text)
    if isinstance(schedule, Cron) and not any(cron_times(schedule, date(_YEAR.least, 1, 1))):
        raise DefinitionError(
            f"schedule '{text}' never fires: none of its months has that day. Write a day that "
            "exists, or L for the last day of a month"
        )


def cron_times(cron: Cron, day: date) -> Iterator[datetime]:
    """Yield the clock times of ``cron`` from ``day`` on."""
    while day.year <= max(cron.years):
        if day.year in cron.years and day.month in cron.months and cron.on(day):
            for hour in sorted(cron.hours):
                for minute in sorted(cron.minutes):
                    yield datetime.combine(day, time(hour, minute))
        day += timedelta(days=1)


def parse_schedule(text: str) -> Schedule:
    """Return the times of a schedule.

    Raises:
        DefinitionError: It is not a schedule; the message says why, and what to write.
    """
    try:
        return _parse(text)
    except ValueError as error:
        raise DefinitionError(f"schedule '{text}': {error}; {_FORMS}") from error


def check_timezone(name: str) -> None:
    """Check that a time zone is in the IANA database.

    Raises:
        DefinitionError: It is not; the message says what to write.
    """
    # A machine may have no such database, for example on Windows.
    known = available_timezones()
    if known and name not in known:
        raise DefinitionError(f"no timezone '{name}': write a name like Europe/London")


def _parse(text: str) -> Schedule:
    match = _SCHEDULE.fullmatch(text)
    if match is None:
        raise ValueError("it is not cron(...), rate(...) or at(...)")
    forms: dict[str, Callable[[str], Schedule]] = {"cron": _cron, "rate": _rate, "at": _at}
    return forms[match[1]](match[2])


def _rate(text: str) -> timedelta:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError("a rate has a whole number, and minutes, hours or days")
    number, unit = int(match[1]), match[2]
    if number < 1:
        raise ValueError("a rate is at least 1")
    if (number == 1) == bool(match[3]):
        raise ValueError(f"after {number} write {unit if number == 1 else unit + 's'}")
    return timedelta(**{f"{unit}s": number})


def _at(text: str) -> datetime:
    if not _AT.fullmatch(text):
        raise ValueError("a time has the form year-month-dayThour:minute:second, without a zone")
    return datetime.fromisoformat(text)


def _cron(text: str) -> Cron:
    parts = text.split()
    if len(parts) != 6:
        raise ValueError(
            f"cron has six fields (minute, hour, day of the month, month, day of the week, year), "
            f"not {len(parts)}"
        )
    minute, hour, day, month, weekday, year = parts
    minutes, hours, months, years = (
        _values(field, part)
        for field, part in ((_MINUTE, minute), (_HOUR, hour), (_MONTH, month), (_YEAR, year))
    )
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day of the month and day of the week must be ?")
    on = _on_day(day) if weekday == "?" else _on_weekday(weekday)
    return Cron(minutes, hours, months, years, on)


def _on_day(part: str) -> OnDay:
    """Return the days of a day of the month; L is the last, 15W the weekday nearest the 15th."""
    last = _LAST_DAY.fullmatch(part)
    if last and int(last[1]) < _DAY_OF_MONTH.most:
        back = int(last[1])
        return lambda day: day.day == _length(day) - back
    if part == "L":
        return lambda day: day.day == _length(day)
    if part == "LW":
        return lambda day: day == _nearest_weekday(day.replace(day=_length(day)))
    if part.endswith("W") and part[:-1].isdigit():
        number = _DAY_OF_MONTH.value(part[:-1])
        return lambda day: (
            number <= _length(day) and day == _nearest_weekday(day.replace(day=number))
        )
    days = _values(_DAY_OF_MONTH, part)
    return lambda day: day.day in days


def _on_weekday(part: str) -> OnDay:
    """Return the days of a day of the week; 3#2 is the second Tuesday, 6L the last Friday."""
    nth = _NTH_DAY.fullmatch(part)
    if nth:
        weekday, number = _DAY_OF_WEEK.value(nth[1]), int(nth[2])
        return lambda day: _weekday(day) == weekday and (day.day + 6) // 7 == number
    if part.endswith("L") and part != "L":
        last = _DAY_OF_WEEK.value(part.removesuffix("L"))
        return lambda day: _weekday(day) == last and day.day + 7 > _length(day)
    days = frozenset({7}) if part == "L" else _values(_DAY_OF_WEEK, part)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    """Return 1 for Sunday to 7 for Saturday."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    """Return how many days the month of ``day`` has."""
    return monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date) -> date:
    """Return the day from Monday to Friday that is nearest to ``day`` in its month."""
    if day.isoweekday() == 6:
        return day + timedelta(days=-1 if day.day > 1 else 2)
    if day.isoweekday() == 7:
        return day + timedelta(days=1 if day.day < _length(day) else -2)
    return day


def _values(field: _Field, part: str) -> frozenset[int]:
    """Return the numbers of a list of values, ranges and steps: ``1,3-5,10/5``, ``*``, ``*/15``."""
    values: set[int] = set()
    for piece in part.split(","):
        span, slash, step = piece.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 1 <= int(step) <= field.most):
            raise ValueError(f"the {field.name} '{piece}' needs a step from 1 to {field.most}")
        least, most = field.least, field.most
        if span != "*":
            first, dash, last = span.partition("-")
            least = field.value(first)
            most = field.value(last) if dash else most if slash else least
            if most < least:
                raise ValueError(f"the {field.name} '{piece}' goes backwards: swap the two")
        values.update(range(least, most + 1, int(step) if slash else 1))
    return frozenset(values)
