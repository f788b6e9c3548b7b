"""When schedules fire, as tests see it through ``next_fires``."""

from datetime import UTC, datetime

import pytest

from dorc_runtime.errors import DefinitionError
from dorc_runtime.testing import next_fires

# A Tuesday, at noon.
AFTER = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "times"),
    [
        ("rate(90 minutes)", ["01-01T13:30", "01-01T15:00"]),
        ("rate(1 day)", ["01-02T12:00", "01-03T12:00"]),
        ("at(2030-01-31T06:00:00)", ["01-31T06:00"]),
        ("at(2029-01-31T06:00:00)", []),
        ("cron(0 12 * * ? *)", ["01-02T12:00", "01-03T12:00"]),
        ("cron(*/20 12 * * ? *)", ["01-01T12:20", "01-01T12:40"]),
        ("cron(50/5 12 * * ? *)", ["01-01T12:50", "01-01T12:55"]),
        ("cron(0 9-17/8 ? * MON-FRI *)", ["01-01T17:00", "01-02T09:00"]),
        ("cron(0 0 L * ? *)", ["01-31T00:00", "02-28T00:00"]),
        ("cron(0 0 L-3 * ? *)", ["01-28T00:00", "02-25T00:00"]),
        ("cron(0 0 LW * ? *)", ["01-31T00:00", "02-28T00:00"]),
        ("cron(0 0 1W 6,9 ? *)", ["06-03T00:00", "09-02T00:00"]),
        ("cron(0 0 5W * ? *)", ["01-04T00:00", "02-05T00:00"]),
        ("cron(0 0 31W * ? *)", ["01-31T00:00", "03-29T00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["01-29T00:00", "04-30T00:00"]),
        ("cron(0 0 ? * 6L *)", ["01-25T00:00", "02-22T00:00"]),
        ("cron(0 0 ? * L *)", ["01-05T00:00", "01-12T00:00"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 1 1 ? 2020-2030)", []),
    ],
)
def test_a_schedule_fires_at(schedule: str, times: list[str]) -> None:
    fires = next_fires(schedule, 2, after=AFTER)
    assert [f"{fire:%m-%dT%H:%M}" for fire in fires] == times


def test_a_time_that_summer_time_leaves_out_is_skipped() -> None:
    fires = next_fires(
        "cron(30 1 * * ? *)", 2, timezone="Europe/London", after=datetime(2030, 3, 30)
    )
    assert [fire.isoformat() for fire in fires] == [
        "2030-03-30T01:30:00+00:00",
        "2030-04-01T01:30:00+01:00",
    ]


def test_a_time_that_comes_twice_fires_once() -> None:
    fires = next_fires(
        "cron(30 1 * * ? *)", 2, timezone="Europe/London", after=datetime(2030, 10, 27)
    )
    assert [fire.isoformat() for fire in fires] == [
        "2030-10-27T01:30:00+01:00",
        "2030-10-28T01:30:00+00:00",
    ]


def test_a_schedule_that_aws_refuses_is_reported() -> None:
    with pytest.raises(DefinitionError, match="six fields"):
        next_fires("cron(0 6 * * ?)", 1)
