"""A long log: its pages, and the calls that they take."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dorc_runtime.compile.names import Names
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.logs.log_groups import LogEvent, log_events
from tests.unit.operate.large_aws import ACCOUNT, REGION, LargeAws, served

AWS = LargeAws((), 0, lines=25_000)


@pytest.fixture
def environment(credentials: None) -> Iterator[AwsEnvironment]:
    AWS.calls.clear()
    with served(AWS) as endpoint:
        yield AwsEnvironment(Names("bench", "prod"), REGION, ACCOUNT, "me", endpoint)


def lines(environment: AwsEnvironment, *functions: str) -> Iterator[LogEvent]:
    return log_events(environment, functions, start=datetime.now(UTC) - timedelta(hours=1))


def test_a_long_log_takes_a_call_for_each_10000_lines(environment: AwsEnvironment) -> None:
    shown = [event.text for event in lines(environment, "clean")]
    assert shown == [f"line {number}" for number in range(25_000)]
    assert AWS.calls == {"FilterLogEvents": 3}


def test_the_first_line_comes_after_one_page_of_each_function(environment: AwsEnvironment) -> None:
    found = lines(environment, "clean", "load")
    assert [next(found).function for _ in range(4)] == ["clean", "load"] * 2
    assert AWS.calls == {"FilterLogEvents": 2}
