"""Requests that AWS refuses for what is in them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.aws.access.roles import Roles
from dorc_runtime.local.aws.lake import Lake

REGION = "eu-west-2"
KEY = {"id": {"S": "a"}, "at": {"N": "1"}}
PUT, QUERY = "dynamodb.put_item", "dynamodb.query"
A = {":a": {"S": "x"}}


@pytest.fixture(scope="module")
def clients() -> Any:
    """Clients of a caller that may do everything; there are a table, a queue and a topic."""
    with Lake.start(region=REGION) as lake:
        lake.open()
        everything: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        lake.allow(Roles({"use": {"Statement": [everything]}}, {}, "aws"))
        made = {
            name: boto3.client(
                name,
                region_name=REGION,
                endpoint_url=lake.endpoint,
                aws_access_key_id="use",
                aws_secret_access_key="local",  # noqa: S106 - the same for everybody
            )
            for name in ("dynamodb", "sns", "sqs", "ssm")
        }
        made["dynamodb"].create_table(
            TableName="orders",
            KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind}
                for name, kind in (("id", "S"), ("at", "N"), ("area", "S"))
            ],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-area",
                    "KeySchema": [{"AttributeName": "area", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        made["sqs"].create_queue(QueueName="work")
        made["sns"].create_topic(Name="news")
        yield made


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (
            PUT,
            {"Item": {**KEY, "area": {"N": "1"}}},
            "One or more parameter values were invalid: Type mismatch for Index Key area Expected: "
            "S Actual: N IndexName: by-area",
        ),
        (
            PUT,
            {"Item": {**KEY, "n": {"L": [{"N": "1" * 39}]}}},
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            PUT,
            {"Item": {**KEY, "s": {"SS": ["a", "a"]}}},
            "One or more parameter values were invalid: Input collection [a, a] contains "
            "duplicates.",
        ),
        (
            PUT,
            {
                "Item": KEY,
                "ConditionExpression": "area <> :a",
                "ExpressionAttributeValues": {**A, ":b": {"S": "y"}},
            },
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            PUT,
            {"Item": KEY, "ConditionExpression": "attribute_not_exists(id"},
            "Invalid ConditionExpression: Syntax error",
        ),
        (
            "dynamodb.get_item",
            {"Key": {**KEY, "at": {"S": "1"}}},
            "The provided key element does not match the schema",
        ),
        (
            QUERY,
            {"KeyConditionExpression": "hash = :a", "ExpressionAttributeValues": A},
            "Invalid KeyConditionExpression: Attribute name is a reserved keyword; reserved "
            "keyword: hash",
        ),
        (
            QUERY,
            {
                "KeyConditionExpression": "id = :a",
                "FilterExpression": "begins_with(id, :a)",
                "ExpressionAttributeValues": A,
            },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
            "id",
        ),
    ],
)
def test_what_dynamodb_refuses_is_refused_in_its_words(
    clients: Any, call: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(clients["dynamodb"], call.partition(".")[2])(TableName="orders", **arguments)
    assert refused.value.response["Error"]["Message"] == message
    assert refused.value.response["Error"]["Code"] == "ValidationException"


WORK = f"https://sqs.{REGION}.amazonaws.com/123456789012/work"
NEWS = f"arn:aws:sns:{REGION}:123456789012:news"
PUTS = [{"PutRequest": {"Item": {**KEY, "at": {"N": str(number)}}}} for number in range(26)]


@pytest.mark.parametrize(
    ("call", "arguments", "error"),
    [
        ("dynamodb.batch_write_item", {"RequestItems": {"orders": PUTS}}, "ValidationException"),
        ("sqs.send_message", {"QueueUrl": WORK, "MessageBody": ""}, "MissingParameter"),
        ("sqs.send_message", {"QueueUrl": WORK, "MessageBody": "\x01"}, "InvalidMessageContents"),
        ("sns.publish", {"TopicArn": NEWS, "Message": ""}, "InvalidParameter"),
        (
            "ssm.put_parameter",
            {"Name": "/a", "Value": "x" * 4097, "Type": "String"},
            "ValidationException",
        ),
        (
            "ssm.put_parameter",
            {"Name": "a/b", "Value": "x", "Type": "String"},
            "ValidationException",
        ),
    ],
)
def test_what_a_service_refuses_is_refused_in_its_words(
    clients: Any, call: str, arguments: dict[str, Any], error: str
) -> None:
    service, action = call.split(".")
    with pytest.raises(ClientError) as refused:
        getattr(clients[service], action)(**arguments)
    assert refused.value.response["Error"]["Code"] == error


def test_what_a_service_accepts_is_accepted(clients: Any) -> None:
    dynamodb = clients["dynamodb"]
    dynamodb.put_item(TableName="orders", Item={**KEY, "area": {"S": "north"}, "s": {"NS": ["1"]}})
    found = dynamodb.query(
        TableName="orders",
        IndexName="by-area",
        KeyConditionExpression="area = :a",
        FilterExpression="#at BETWEEN :b AND :c AND size(id) > :zero",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={
            ":a": {"S": "north"},
            ":b": {"N": "0"},
            ":c": {"N": "2"},
            ":zero": {"N": "0"},
        },
    )
    assert found["Count"] == 1
    update = "SET #s = list_append(if_not_exists(#s, :none), :none)"
    dynamodb.update_item(
        TableName="orders",
        Key=KEY,
        UpdateExpression=update,
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":none": {"L": []}},
    )
    clients["sqs"].send_message(QueueUrl=WORK, MessageBody="a\nü")
    clients["sns"].publish(TopicArn=NEWS, Message="a")
    clients["ssm"].put_parameter(Name="/a", Value="x", Type="String")
