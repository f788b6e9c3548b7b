"""ARNs name the partition, the region and the account of what they stand for."""

from collections.abc import Callable

import pytest

from dorc_runtime.compile.arns import (
    alarm_arn,
    bucket_arn,
    execution_arn,
    function_arn,
    log_group_arn,
    machine_arn,
    queue_arn,
    role_arn,
    rule_arn,
    schedule_group_arn,
    topic_arn,
)

ACCOUNT = "123456789012"

Arn = Callable[[str, str, str], str]
ARNS: dict[str, tuple[Arn, str]] = {
    "function": (function_arn, "lambda:{region}:{account}:function:n"),
    "machine": (machine_arn, "states:{region}:{account}:stateMachine:n"),
    "log group": (log_group_arn, "logs:{region}:{account}:log-group:n"),
    "role": (role_arn, "iam::{account}:role/n"),
    "queue": (queue_arn, "sqs:{region}:{account}:n"),
    "topic": (topic_arn, "sns:{region}:{account}:n"),
    "alarm": (alarm_arn, "cloudwatch:{region}:{account}:alarm:n"),
    "rule": (rule_arn, "events:{region}:{account}:rule/n"),
    "group of schedules": (schedule_group_arn, "scheduler:{region}:{account}:schedule-group/n"),
}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
@pytest.mark.parametrize("kind", ARNS)
def test_an_arn_names_partition_region_and_account(kind: str, region: str, partition: str) -> None:
    arn, rest = ARNS[kind]
    wanted = f"arn:{partition}:{rest.format(region=region, account=ACCOUNT)}"
    assert arn(region, ACCOUNT, "n") == wanted


def test_the_arn_of_an_execution_names_its_machine() -> None:
    assert execution_arn("eu-west-2", ACCOUNT, "penguins", "first") == (
        f"arn:aws:states:eu-west-2:{ACCOUNT}:execution:penguins:first"
    )


def test_the_arn_of_a_bucket_names_neither_region_nor_account() -> None:
    assert bucket_arn("cn-north-1", "raw") == "arn:aws-cn:s3:::raw"


def test_a_rule_on_a_bus_of_its_own_names_it() -> None:
    assert rule_arn("eu-west-2", ACCOUNT, "n", bus="orders") == (
        f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/orders/n"
    )
