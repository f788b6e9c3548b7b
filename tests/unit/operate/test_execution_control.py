"""Executions that are started and stopped, on the AWS that moto plays."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from dorc_runtime.compile.names import Names
from dorc_runtime.errors import InputError, StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import find_execution
from dorc_runtime.operate.execution_control import (
    start_execution,
    stop_execution,
    without_caller,
)

ANA = "arn:aws:iam::123456789012:user/ana"
EVENT: dict[str, Any] = {"bucket": "raw", "key": "counts/may.csv"}
BIRDS = "raw-to-processed/birds"
START = "invoke start"


@pytest.fixture(scope="module")
def dev() -> Iterator[AwsEnvironment]:
    """An environment with one deployed pipeline; its executions do not end by themselves."""
    with mock_aws():
        environment = AwsEnvironment(Names("birds", "dev"), "eu-west-2", "123456789012", ANA)
        environment.states.create_state_machine(
            name="birds--dev--raw-to-processed--birds",
            definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
            roleArn="arn:aws:iam::123456789012:role/machine",
        )
        yield environment


def test_an_execution_says_who_started_it_with_which_command(dev: AwsEnvironment) -> None:
    started = start_execution(dev, BIRDS, EVENT, command=START)
    received = json.loads(find_execution(dev, [BIRDS], started.execution.name).input or "")
    by = received.pop("dorc.startedBy")
    assert (by["who"], by["command"], by["at"][:2]) == (ANA, START, "20")
    assert received == EVENT == without_caller(json.loads(started.execution.input or ""))


def test_an_input_that_is_no_object_is_as_given(dev: AwsEnvironment) -> None:
    started = start_execution(dev, BIRDS, [EVENT], command=START)
    assert json.loads(started.execution.input or "") == [EVENT]


def test_a_name_starts_one_execution_whoever_starts_it(dev: AwsEnvironment) -> None:
    first = start_execution(dev, BIRDS, EVENT, command=START, name="may")
    again = start_execution(
        replace(dev, caller="arn:bob"),
        BIRDS,
        json.loads(first.execution.input or ""),
        command="invoke backfill",
        name="may",
    )
    assert (first.is_new, again.is_new) == (True, False)
    assert again.execution.arn == first.execution.arn
    assert ANA in (again.execution.input or "")


def test_a_name_with_another_input_is_refused(dev: AwsEnvironment) -> None:
    start_execution(dev, BIRDS, EVENT, command=START, name="june")
    with pytest.raises(StackError, match="has an execution 'june' in dev already, with another"):
        start_execution(dev, BIRDS, {"key": "june.csv"}, command=START, name="june")


def test_an_input_over_the_limit_of_aws_is_refused(dev: AwsEnvironment) -> None:
    with pytest.raises(InputError, match=r"has 300,\d{3} bytes, and Step Functions takes at most"):
        start_execution(dev, BIRDS, {"rows": "x" * 300_000}, command=START)


def test_a_pipeline_that_is_not_deployed_cannot_start(dev: AwsEnvironment) -> None:
    with pytest.raises(StackError, match=r"^raw-to-processed/bees is not deployed in dev: "):
        start_execution(dev, "raw-to-processed/bees", EVENT, command=START)


def test_an_execution_that_has_ended_cannot_be_stopped(dev: AwsEnvironment) -> None:
    started = start_execution(dev, BIRDS, EVENT, command=START, name="july")
    stopped = stop_execution(dev, started.execution, command="invoke stop", reason="")
    with pytest.raises(StackError, match=r"^july does not run: it has ended \(stopped\)"):
        stop_execution(dev, stopped, command="invoke stop", reason="")
