"""Schedules that EventBridge Scheduler takes pass; all others are told apart before."""

import pytest

from dorc_runtime.compile.triggers.schedules import check_schedule, check_timezone
from dorc_runtime.errors import DefinitionError


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(2 days)",
        "at(2030-01-31T06:00:00)",
        "cron(0 6 * * ? *)",
        "cron(15 10 ? * MON-FRI *)",
        "cron(0/10 * ? * mon-fri 2024)",
        "cron(0 8 1 * ? *)",
        "cron(15 12 ? * 6L 2022-2023)",
        "cron(0 0 L * ? *)",
        "cron(0 0 L-3 * ? *)",
        "cron(0 0 LW * ? *)",
        "cron(0 0 3W * ? *)",
        "cron(0 0 ? * 3#2 *)",
        "cron(0 0 ? * TUE#5 *)",
        "cron(0 0 ? * L *)",
        "cron(0,30 0-5,20/2 1,15 JAN,JUL ? 1970-2199)",
        "cron(*/15 * * * ? *)",
        "cron(0 6 29 2 ? *)",
        "cron(0 6 31 * ? *)",
    ],
)
def test_a_schedule_that_scheduler_accepts_passes(text: str) -> None:
    check_schedule(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not cron"),
        ("every day", "not cron"),
        ("cron 0 6 * * ? *", "not cron"),
        ("Cron(0 6 * * ? *)", "not cron"),
        ("rate(0 minutes)", "at least 1"),
        ("rate(1 minutes)", "after 1 write minute"),
        ("rate(5 minute)", "after 5 write minutes"),
        ("rate(5 weeks)", "minutes, hours or days"),
        ("rate(1.5 hours)", "whole number"),
        ("rate(-1 hours)", "whole number"),
        ("at(2030-01-31)", "without a zone"),
        ("at(2030-01-31T06:00:00Z)", "without a zone"),
        ("at(2030-02-30T06:00:00)", "day"),
        ("cron(0 6 * * *)", "six fields"),
        ("cron(0 6 * * ? * *)", "six fields"),
        ("cron(0 6 * * * *)", "one of day of the month and day of the week must be ?"),
        ("cron(0 6 ? * ? *)", "one of day of the month and day of the week must be ?"),
        ("cron(60 6 * * ? *)", "minute '60'"),
        ("cron(0 24 * * ? *)", "hour '24'"),
        ("cron(0 6 0 * ? *)", "day of the month '0'"),
        ("cron(0 6 32 * ? *)", "day of the month '32'"),
        ("cron(0 6 32W * ? *)", "day of the month '32'"),
        ("cron(0 6 L-31 * ? *)", "day of the month"),
        ("cron(0 6 * 13 ? *)", "month '13'"),
        ("cron(0 6 * FOO ? *)", "JAN-DEC"),
        ("cron(0 6 ? * 0 *)", "day of the week '0'"),
        ("cron(0 6 ? * 8 *)", "day of the week '8'"),
        ("cron(0 6 ? * MONDAY *)", "SUN-SAT"),
        ("cron(0 6 ? * 3#6 *)", "day of the week '3#6'"),
        ("cron(0 6 ? * FRI#2,MON#1 *)", "day of the week"),
        ("cron(0 6 * * ? 1969)", "year '1969'"),
        ("cron(0 6 * * ? 2200)", "year '2200'"),
        ("cron(0 22-6 * * ? *)", "goes backwards"),
        ("cron(0/0 6 * * ? *)", "step"),
        ("cron(0/x 6 * * ? *)", "step"),
        ("cron(0, 6 * * ? *)", "minute ''"),
        ("cron(0 6 * ? * *)", "month '?'"),
        ("cron(٣ 6 * * ? *)", "minute"),
    ],
)
def test_another_schedule_is_refused_with_the_reason_and_an_example(text: str, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        check_schedule(text)
    message = str(caught.value)
    assert says in message
    assert text in message
    assert "cron(0 6 * * ? *)" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["UTC", "Europe/London", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_of_the_iana_database_passes(name: str) -> None:
    check_timezone(name)


@pytest.mark.parametrize("name", ["Europe/Londn", "london", "", "+01:00"])
def test_another_time_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(DefinitionError, match="Europe/London"):
        check_timezone(name)


@pytest.mark.parametrize("date", ["31 2 ? *", "30 FEB ? *", "31 4,6,9,11 ? *", "29 2 ? 2031"])
def test_a_schedule_on_days_that_no_month_has_is_refused(date: str) -> None:
    with pytest.raises(DefinitionError, match="never fires: none of its months has that day"):
        check_schedule(f"cron(0 6 {date})")
