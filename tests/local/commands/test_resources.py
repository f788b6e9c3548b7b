"""Runs of a repository with resources: a table, a topic, a queue and a bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy", "--input", "{}", "--json")
CONFIG = """
from datetime import timedelta

from dorc_runtime import Bucket, Config, Index, Queue, Table, Topic, UniversalConfig

orders = Table(
    "orders",
    partition_key="id",
    sort_key="at",
    key_types={"at": "N"},
    indexes={"by-day": Index(partition_key="day")},
)
seen = Table("seen", partition_key="id")
news = Topic("news")
work = Queue("work", visibility_timeout=timedelta(minutes=6))
archive = Bucket("archive")
universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal, resources=[orders, seen, news, work, archive])
"""
USE = """
import json
import os
import boto3
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
table.put_item(Item={"id": "a", "at": 1, "day": "monday"})
[item] = table.query(
    IndexName="by-day",
    KeyConditionExpression="#d = :d",
    ExpressionAttributeNames={"#d": "day"},
    ExpressionAttributeValues={":d": "monday"},
)["Items"]
sns, sqs, s3 = (boto3.client(name) for name in ("sns", "sqs", "s3"))
sns.publish(TopicArn=os.environ["NEWS_TOPIC"], Message=json.dumps({"id": "a"}))
sqs.send_message(QueueUrl=os.environ["WORK_QUEUE"], MessageBody="b")
[message] = sqs.receive_message(QueueUrl=os.environ["WORK_QUEUE"])["Messages"]
attributes = sqs.get_queue_attributes(QueueUrl=os.environ["WORK_QUEUE"], AttributeNames=["All"])
s3.put_object(Bucket=os.environ["ARCHIVE_BUCKET"], Key="c", Body=b"d")
return {
    "at": int(item["at"]),
    "body": message["Body"],
    "hidden": attributes["Attributes"]["VisibilityTimeout"],
}
"""
EVERYTHING = (
    'Function("clean", reads=[orders, work], writes=[orders, news, work, "archive/"]), '
    'Service("sns:publish", arguments={"TopicArn": news, "Message": {"n": 1}}, output=data)'
)
IMPORTS = "Function, Pipeline, Service, data\nfrom pipeline_config import news, orders, seen, work"


@pytest.fixture
def resources(repository: Repository) -> Repository:
    repository.write("pipeline_config.py", CONFIG)
    return repository


@pytest.mark.parametrize("how", [(), ("--inline",)])
def test_functions_use_resources_by_their_addresses(
    resources: Repository, how: tuple[str, ...]
) -> None:
    resources.define(EVERYTHING, imports=IMPORTS).handle(USE)
    done = resources.invoke(*RUN, *how)
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["output"] == {"at": 1, "body": "b", "hidden": "360"}
    assert result["written"] == [{"key": "archive/c", "size": 1}]


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (
            'client("dynamodb").put_item(TableName="Example--local--orders", Item={})',
            'dynamodb:PutItem on orders: give Function("clean", writes=[orders, ...]).',
        ),
        (
            'client("dynamodb").scan(TableName="Example--local--orders", IndexName="by-day")',
            'dynamodb:Scan on orders: give Function("clean", reads=[orders, ...]).',
        ),
        (
            'client("sqs").send_message(MessageBody="m", QueueUrl='
            '"https://sqs.eu-west-2.amazonaws.com/123456789012/Example--local--work")',
            'sqs:sendmessage on work: give Function("clean", writes=[work, ...]).',
        ),
        (
            'client("sns").publish(Message="m", '
            'TopicArn="arn:aws:sns:eu-west-2:123456789012:Example--local--news")',
            'SNS:Publish on news: give Function("clean", writes=[news, ...]).',
        ),
        (
            'client("ssm").get_parameter(Name="/shop/key")',
            "ssm:GetParameter on arn:aws:ssm:eu-west-2:123456789012:parameter/shop/key: give "
            'Function("clean", permissions=[Permission("ssm:GetParameter", resources=...)]).',
        ),
    ],
)
def test_a_refusal_ends_with_its_remedy(resources: Repository, call: str, remedy: str) -> None:
    resources.define('Function("clean")').handle(f"import boto3\nboto3.{call}")
    done = resources.invoke(*RUN)
    assert done.stderr == f"error: clean is not allowed {remedy}\n"
    assert done.returncode == 2


def test_a_step_is_held_to_the_role_of_the_machine(resources: Repository) -> None:
    resources.define(
        'Function("clean"), Service("aws-sdk:dynamodb:describeTable", name="look", '
        'arguments={"TableName": orders}, '
        'permissions=[Permission("dynamodb:DescribeTable", resources=seen.arn)])',
        imports=IMPORTS.replace("Function", "Function, Permission"),
    )
    resources.handle("return {}")
    done = resources.invoke(*RUN)
    assert done.returncode == 2
    assert done.stderr == (
        "error: look is not allowed dynamodb:DescribeTable on orders: give the step "
        'permissions=[Permission("dynamodb:DescribeTable", resources=...)].\n'
    )
    assert json.loads(done.stdout)["error"] == "DynamoDb.AccessDeniedException"
