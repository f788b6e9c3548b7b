"""The permissions that pipelines need for the services that they call."""

from typing import Any

import pytest

from dorc_runtime import Permission, Service, data
from dorc_runtime.compile.permissions.service_actions import ACTIONS, Place, permissions

PLACE = Place(region="eu-west-2", account="123456789012")
BUCKETS = {"raw": "my-raw-bucket"}
QUEUE = "https://sqs.eu-west-2.amazonaws.com/123456789012/work"


def allowed(action: str, arguments: Any, **more: Any) -> dict[str, list[str]] | None:
    step = Service(action, arguments=arguments, **more)
    found = permissions(step, place=PLACE, buckets=BUCKETS)
    if found is None:
        return None
    return {each.actions[0]: list(each.resources) for each in found}


@pytest.mark.parametrize(
    ("action", "arguments", "expected"),
    [
        (
            "sns:publish",
            {"TopicArn": "arn:aws:sns:eu-west-2:1:alerts"},
            {"sns:Publish": ["arn:aws:sns:eu-west-2:1:alerts"]},
        ),
        (
            "aws-sdk:sns:publish",
            {"TopicArn": "arn:aws:sns:eu-west-2:1:alerts"},
            {"sns:Publish": ["arn:aws:sns:eu-west-2:1:alerts"]},
        ),
        (
            "sqs:sendMessage",
            {"QueueUrl": QUEUE},
            {"sqs:SendMessage": ["arn:aws:sqs:eu-west-2:123456789012:work"]},
        ),
        (
            "aws-sdk:sqs:sendMessageBatch",
            {"QueueUrl": QUEUE},
            {"sqs:SendMessage": ["arn:aws:sqs:eu-west-2:123456789012:work"]},
        ),
        (
            "dynamodb:putItem",
            {"TableName": "runs"},
            {"dynamodb:PutItem": ["arn:aws:dynamodb:eu-west-2:123456789012:table/runs"]},
        ),
        (
            "aws-sdk:dynamodb:query",
            {"TableName": "runs"},
            {
                "dynamodb:Query": [
                    "arn:aws:dynamodb:eu-west-2:123456789012:table/runs",
                    "arn:aws:dynamodb:eu-west-2:123456789012:table/runs/index/*",
                ]
            },
        ),
        (
            "events:putEvents",
            {"Entries": [{"Source": "a"}, {"EventBusName": "own"}, {"EventBusName": "own"}]},
            {
                "events:PutEvents": [
                    "arn:aws:events:eu-west-2:123456789012:event-bus/default",
                    "arn:aws:events:eu-west-2:123456789012:event-bus/own",
                ]
            },
        ),
        (
            "aws-sdk:s3:getObject",
            {"Bucket": "raw", "Key": "a.csv"},
            {"s3:GetObject": ["arn:aws:s3:::my-raw-bucket/a.csv"]},
        ),
        (
            "aws-sdk:s3:putObject",
            {"Bucket": "theirs", "Key": data.key},
            {"s3:PutObject": ["arn:aws:s3:::theirs/*"]},
        ),
        (
            "aws-sdk:s3:copyObject",
            {"Bucket": "raw", "Key": "b", "CopySource": "raw/a"},
            {
                "s3:GetObject": ["arn:aws:s3:::my-raw-bucket/a"],
                "s3:PutObject": ["arn:aws:s3:::my-raw-bucket/b"],
            },
        ),
        (
            "aws-sdk:s3:listObjectsV2",
            {"Bucket": "raw"},
            {"s3:ListBucket": ["arn:aws:s3:::my-raw-bucket"]},
        ),
    ],
)
def test_an_action_is_allowed_on_what_its_arguments_name(
    action: str, arguments: Any, expected: Any
) -> None:
    assert allowed(action, arguments) == expected


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("sns:publish", {"TopicArn": data.topic}),
        ("sns:publish", {"PhoneNumber": "+44"}),
        ("sqs:sendMessage", {"QueueUrl": data.queue}),
        ("sqs:sendMessage", {"QueueUrl": "work"}),
        ("dynamodb:getItem", {"TableName": data.table}),
        ("events:putEvents", {"Entries": data.entries}),
        ("events:putEvents", {"Entries": [{"EventBusName": data.bus}]}),
        ("aws-sdk:s3:getObject", {"Bucket": data.bucket, "Key": "k"}),
        ("aws-sdk:s3:copyObject", {"Bucket": "raw", "Key": "k", "CopySource": data.source}),
        ("aws-sdk:glue:startCrawler", {"Name": "c"}),
    ],
)
def test_an_expression_for_a_resource_needs_permissions(action: str, arguments: Any) -> None:
    assert allowed(action, arguments) is None
    given = Permission("x:Do", resources="arn:x")
    assert allowed(action, arguments, permissions=[given]) == {"x:Do": ["arn:x"]}


def test_permissions_are_added_to_known_ones() -> None:
    key = Permission("kms:GenerateDataKey", resources="arn:aws:kms:eu-west-2:1:key/k")
    found = allowed("sns:publish", {"TopicArn": "arn:topic"}, permissions=[key])
    assert found == {"sns:Publish": ["arn:topic"], "kms:GenerateDataKey": list(key.resources)}


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_names_a_page_of_aws(action: str) -> None:
    assert ACTIONS[action].page.startswith("https://docs.aws.amazon.com/")
