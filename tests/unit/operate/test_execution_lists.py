"""The newest executions of many pipelines: which they are, and how many calls AWS gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from dorc_runtime.compile.names import Names
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import FAILED
from dorc_runtime.operate.execution_lists import latest_executions

from .large_aws import ACCOUNT, REGION, LargeAws, served

pytestmark = pytest.mark.usefixtures("credentials")

NAMES = Names("my-pipelines", "prod")
PIPELINES = tuple(f"raw-to-processed/p{number}" for number in range(100))


def machines(pipelines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(NAMES.pipeline(*pipeline.split("/")).machine for pipeline in pipelines)


@contextmanager
def environment(aws: LargeAws) -> Iterator[AwsEnvironment]:
    with served(aws) as endpoint:
        yield AwsEnvironment(NAMES, REGION, ACCOUNT, "me", endpoint)


def test_10000_executions_of_100_pipelines_take_a_call_for_each_pipeline() -> None:
    aws = LargeAws(machines(PIPELINES), 100)
    with environment(aws) as prod:
        found = latest_executions(prod, PIPELINES)
    assert len(found) == 20
    assert {each.name for each in found} == {"0"}
    assert aws.calls == {"ListExecutions": 100}


def test_those_that_failed_take_a_call_for_each_pipeline_and_two_for_each() -> None:
    aws = LargeAws(machines(PIPELINES), 100)
    with environment(aws) as prod:
        found = latest_executions(prod, PIPELINES, statuses=FAILED)
    assert {(each.name, each.error, each.state) for each in found} == {
        ("39", "ValueError", "clean")
    }
    assert aws.calls == {
        "ListExecutions": 100,
        "DescribeExecution": 20,
        "GetExecutionHistory": 20,
    }


def test_100000_executions_of_a_pipeline_are_not_all_listed() -> None:
    aws = LargeAws(machines(PIPELINES[:1]), 100_000, failing=300)
    with environment(aws) as prod:
        found = latest_executions(prod, PIPELINES[:1], statuses=FAILED)
    assert [int(each.name) for each in found] == [300 * n - 1 for n in range(1, 21)]
    assert aws.calls["ListExecutions"] == 1 + len(FAILED)


def test_since_ends_the_list_of_those_that_failed() -> None:
    aws = LargeAws(machines(PIPELINES[:1]), 100_000, apart=timedelta(minutes=1), failing=300)
    with environment(aws) as prod:
        evening = aws.now - timedelta(hours=12)
        found = latest_executions(prod, PIPELINES[:1], statuses=FAILED, since=evening)
    assert [each.name for each in found] == ["299", "599"]
    assert aws.calls["ListExecutions"] == 1


def test_a_long_list_takes_a_call_for_each_thousand() -> None:
    aws = LargeAws(machines(PIPELINES[:1]), 100_000, failing=10**9)
    with environment(aws) as prod:
        found = latest_executions(prod, PIPELINES[:1], most=2_500)
    assert [int(each.name) for each in found] == list(range(2_500))
    assert aws.calls == {"ListExecutions": 3}
