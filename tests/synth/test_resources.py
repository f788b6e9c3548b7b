"""The resources of ``Config(resources=...)``, which infra creates."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dorc_runtime.deploy.synth.synthesis import Stack, Synthesis

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
QUEUE = "aws:sqs/queue:Queue"
DEAD_LETTERS = "ExampleDorc--prod--work--dead-letters"


@pytest.fixture
def infra(synthesized: Synthesize) -> Stack:
    [stack] = [each for each in synthesized("everything").stacks if each.instance == "infra"]
    return stack


def inputs(stack: Stack, kind: str, name: str) -> dict[str, Any]:
    [resource] = [each for each in stack.of_type(kind) if each.name == name]
    return resource.inputs


def test_a_table_has_its_keys_indexes_and_time_to_live(infra: Stack) -> None:
    table = inputs(infra, "aws:dynamodb/table:Table", "customers")
    assert table["name"] == "ExampleDorc--prod--customers"
    assert (table["hashKey"], table["rangeKey"]) == ("id", "at")
    assert {each["name"]: each["type"] for each in table["attributes"]} == {
        "id": "S",
        "at": "N",
        "town": "S",
    }
    assert table["globalSecondaryIndexes"] == [
        {
            "name": "by-town",
            "projectionType": "ALL",
            "keySchemas": [{"attributeName": "town", "keyType": "HASH"}],
        }
    ]
    assert table["ttl"] == {"attributeName": "expires", "enabled": True}


def test_a_table_can_be_restored_and_is_billed_by_request(infra: Stack) -> None:
    table = inputs(infra, "aws:dynamodb/table:Table", "customers")
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert table["deletionProtectionEnabled"] is True


def test_a_queue_sends_what_fails_to_its_dead_letter_queue(infra: Stack) -> None:
    queue = inputs(infra, QUEUE, "work")
    assert queue["visibilityTimeoutSeconds"] == 360
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:eu-west-2:{ACCOUNT}:{DEAD_LETTERS}",
        "maxReceiveCount": 5,
    }
    assert inputs(infra, QUEUE, "work--dead-letters")["messageRetentionSeconds"] == 14 * 86400


def test_a_dead_letter_queue_with_messages_raises_the_alarm(infra: Stack) -> None:
    alarm = inputs(infra, "aws:cloudwatch/metricAlarm:MetricAlarm", "work")
    assert alarm["dimensions"] == {"QueueName": DEAD_LETTERS}
    assert alarm["alarmActions"] == [f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod"]


def test_a_bucket_of_the_configuration_is_a_bucket_of_the_lake(infra: Stack) -> None:
    bucket = inputs(infra, "aws:s3/bucket:Bucket", "archive")
    assert bucket["bucket"].startswith("exampledorc--prod--archive--")
    versioning = inputs(infra, "aws:s3/bucketVersioning:BucketVersioning", "archive")
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_resources_with_data_are_protected(infra: Stack) -> None:
    kinds = {"aws:dynamodb/table:Table": 1, QUEUE: 2, "aws:sns/topic:Topic": 1}
    for kind, number in kinds.items():
        protected = [each for each in infra.of_type(kind) if each.protected]
        assert len(protected) == number, kind


def test_the_address_of_each_resource_is_exported(infra: Stack) -> None:
    addresses: Any = infra.outputs["resources"]
    assert addresses["table-customers"] == "ExampleDorc--prod--customers"
    assert addresses["topic-news"] == f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod--news"
    assert addresses["queue-work"].endswith(f".amazonaws.com/{ACCOUNT}/ExampleDorc--prod--work")
    assert addresses["bucket-archive"].startswith("exampledorc--prod--archive--")
