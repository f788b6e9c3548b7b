"""Services of AWS that steps call, played by moto."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from pydantic import JsonValue

from dorc_runtime import Catch, Pass, Service, data, result
from dorc_runtime.local.aws.lake import Lake
from tests.local.run_document import REGION, Ran, ran

TOPIC = f"arn:aws:sns:{REGION}:111122223333:alerts"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/111122223333/work"


@pytest.fixture
def client(lake: Lake) -> Callable[[str], Any]:
    def made(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=lake.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the same for everybody
        )

    return made


@pytest.fixture
def called(lake: Lake) -> Callable[..., Ran]:
    def run(action: str, arguments: Any, **more: Any) -> Ran:
        step = Service(action, arguments=arguments, **more)
        return ran(step, event={"n": 1, "key": "a.txt"}, endpoint=lake.endpoint)

    return run


def output(found: Ran) -> Any:
    assert found.ending.status == "SUCCEEDED", found.ending.cause
    return found.ending.output


def test_a_message_is_sent_to_the_queue_that_its_url_names(
    called: Callable[..., Ran], client: Callable[[str], Any]
) -> None:
    answer = output(called("sqs:sendMessage", {"QueueUrl": QUEUE, "MessageBody": {"n": data.n}}))
    assert set(answer) == {"MD5OfMessageBody", "MessageId"}
    sqs = client("sqs")
    [message] = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="work")["QueueUrl"])[
        "Messages"
    ]
    assert json.loads(message["Body"]) == {"n": 1}


def test_a_message_is_published_to_the_topic_that_its_arn_names(
    called: Callable[..., Ran],
) -> None:
    answer = output(called("sns:publish", {"TopicArn": TOPIC, "Message": {"n": data.n}}))
    assert set(answer) == {"MessageId"}


def test_an_event_is_put_onto_its_bus(
    called: Callable[..., Ran], client: Callable[[str], Any]
) -> None:
    entry = {"Source": "me", "DetailType": "done", "Detail": {"n": data.n}, "EventBusName": "own"}
    answer = output(called("events:putEvents", {"Entries": [entry]}))
    assert answer["FailedEntryCount"] == 0
    assert "own" in {bus["Name"] for bus in client("events").list_event_buses()["EventBuses"]}


def test_an_item_is_put_into_a_table_and_found_again(
    called: Callable[..., Ran], client: Callable[[str], Any]
) -> None:
    client("dynamodb").create_table(
        TableName="runs",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    output(called("dynamodb:putItem", {"TableName": "runs", "Item": {"id": {"S": data.key}}}))
    found = called("dynamodb:getItem", {"TableName": "runs", "Key": {"id": {"S": "a.txt"}}})
    assert output(found)["Item"] == {"id": {"S": "a.txt"}}


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("dynamodb:putItem", "DynamoDB.ResourceNotFoundException"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.ResourceNotFoundException"),
    ],
)
def test_a_table_that_does_not_exist_fails_as_on_aws(
    called: Callable[..., Ran], action: str, error: str
) -> None:
    found = called(action, {"TableName": "none", "Item": {"id": {"S": "x"}}})
    assert found.ending.error == error


def test_objects_are_written_read_copied_and_listed(called: Callable[..., Ran], lake: Lake) -> None:
    lake.create_bucket("raw")
    place: dict[str, JsonValue] = {"Bucket": "raw", "Key": "a.txt"}
    output(called("aws-sdk:s3:putObject", {**place, "Body": {"n": 1}}))
    assert lake.get("raw", "a.txt") == b'{"n":1}'
    assert output(called("aws-sdk:s3:getObject", place, output=result.Body)) == '{"n":1}'
    output(
        called("aws-sdk:s3:copyObject", {"Bucket": "raw", "Key": "b", "CopySource": "raw/a.txt"})
    )
    listed = output(called("aws-sdk:s3:listObjectsV2", {"Bucket": "raw"}))
    assert [found["Key"] for found in listed["Contents"]] == ["a.txt", "b"]


def test_an_error_of_a_service_is_caught_by_its_name(
    called: Callable[..., Ran], lake: Lake
) -> None:
    lake.create_bucket("raw")
    catch = Catch("S3.NoSuchKeyException", steps=[Pass("not there")])
    found = called("aws-sdk:s3:getObject", {"Bucket": "raw", "Key": "none"}, catch=[catch])
    assert output(found) == "not there"


def test_an_argument_that_the_action_does_not_have_fails(called: Callable[..., Ran]) -> None:
    found = called("sns:publish", {"TopicArn": TOPIC, "Massage": "x"})
    assert found.ending.error == "States.Runtime"
    assert "Massage" in found.ending.cause
