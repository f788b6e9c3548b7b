"""Callers do in DynamoDB, SNS, SQS, SSM and Secrets Manager what their roles allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.aws.access.roles import Roles
from dorc_runtime.local.aws.lake import Lake

REGION = "eu-west-2"
HERE = f"{REGION}:123456789012"
USER = "User: arn:aws:sts::123456789012:assumed-role/use-role/use is not authorized to perform: "
QUEUE = f"https://sqs.{REGION}.amazonaws.com/123456789012/work"
ORDERS = f"arn:aws:dynamodb:{HERE}:table/orders"
ITEM = {"id": {"S": "1"}}
KEY = {"Key": ITEM, "TableName": "orders"}
PUT = {"Item": ITEM, "TableName": "orders"}

Use = Callable[..., Any]


@pytest.fixture
def use(lake: Lake) -> Use:
    """Return a way to call a service with a role that allows the actions on the resources."""

    def called(
        call: str, arguments: dict[str, Any], *, allowed: tuple[str, ...] = (), on: str = "*"
    ) -> Any:
        service, action = call.split(".")
        statement: Document = {"Effect": "Allow", "Action": list(allowed), "Resource": on}
        policy: Document = {"Version": "2012-10-17", "Statement": [statement]}
        lake.allow(Roles({"use": policy}, {}, "aws", {"use": "use-role/use"}))
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=lake.endpoint,
            aws_access_key_id="use",
            aws_secret_access_key="local",  # noqa: S106 - the same for everybody
        )
        return getattr(client, action)(**arguments)

    return called


@pytest.mark.parametrize(
    ("call", "arguments", "status", "message"),
    [
        (
            "dynamodb.put_item",
            PUT,
            400,
            f"An error occurred (AccessDeniedException) when calling the PutItem operation: {USER}"
            f"dynamodb:PutItem on resource: {ORDERS} because no identity-based policy allows the "
            "dynamodb:PutItem action",
        ),
        (
            "sns.publish",
            {"TopicArn": f"arn:aws:sns:{HERE}:news", "Message": "m"},
            403,
            f"An error occurred (AuthorizationError) when calling the Publish operation: {USER}"
            f"SNS:Publish on resource: arn:aws:sns:{HERE}:news because no identity-based policy "
            "allows the SNS:Publish action",
        ),
        (
            "sqs.send_message",
            {"QueueUrl": QUEUE, "MessageBody": "m"},
            403,
            f"An error occurred (AccessDenied) when calling the SendMessage operation: {USER}"
            f"sqs:sendmessage on resource: arn:aws:sqs:{HERE}:work because no identity-based "
            "policy allows the sqs:sendmessage action",
        ),
        (
            "ssm.get_parameter",
            {"Name": "/shop/key"},
            400,
            "An error occurred (AccessDeniedException) when calling the GetParameter operation: "
            f"{USER}ssm:GetParameter on resource: arn:aws:ssm:{HERE}:parameter/shop/key because "
            "no identity-based policy allows the ssm:GetParameter action",
        ),
        (
            "secretsmanager.get_secret_value",
            {"SecretId": "key"},
            400,
            "An error occurred (AccessDeniedException) when calling the GetSecretValue operation: "
            f"{USER}secretsmanager:GetSecretValue on resource: key because no identity-based "
            "policy allows the secretsmanager:GetSecretValue action",
        ),
    ],
)
def test_each_service_refuses_in_its_own_words(
    use: Use, call: str, arguments: dict[str, Any], status: int, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        use(call, arguments)
    assert str(refused.value) == message
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


BATCH = {"RequestItems": {"orders": [{"PutRequest": {"Item": ITEM}}]}}
ENTRY = {"Id": "1", "Message": "m"}
EVENT = {"Source": "our.app", "DetailType": "tidied", "Detail": "{}"}
SELECT = 'SELECT * FROM "orders"."by-day" WHERE day = \'1\''


@pytest.mark.parametrize(
    ("call", "arguments", "action", "resource"),
    [
        ("dynamodb.get_item", KEY, "dynamodb:GetItem", ORDERS),
        (
            "dynamodb.query",
            {"TableName": "orders", "IndexName": "by-day"},
            "dynamodb:Query",
            f"{ORDERS}/index/by-day",
        ),
        ("dynamodb.batch_write_item", BATCH, "dynamodb:BatchWriteItem", ORDERS),
        (
            "dynamodb.transact_write_items",
            {"TransactItems": [{"Delete": KEY}]},
            "dynamodb:DeleteItem",
            ORDERS,
        ),
        (
            "dynamodb.execute_statement",
            {"Statement": SELECT},
            "dynamodb:PartiQLSelect",
            f"{ORDERS}/index/by-day",
        ),
        (
            "events.put_events",
            {"Entries": [{**EVENT, "EventBusName": "ours"}]},
            "events:PutEvents",
            f"arn:aws:events:{HERE}:event-bus/ours",
        ),
        ("dynamodb.list_tables", {}, "dynamodb:ListTables", f"arn:aws:dynamodb:{HERE}:table/*"),
        (
            "sns.publish_batch",
            {"TopicArn": f"arn:aws:sns:{HERE}:news", "PublishBatchRequestEntries": [ENTRY]},
            "SNS:Publish",
            f"arn:aws:sns:{HERE}:news",
        ),
        (
            "sqs.send_message_batch",
            {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "MessageBody": "m"}]},
            "sqs:sendmessage",
            f"arn:aws:sqs:{HERE}:work",
        ),
        ("sqs.get_queue_url", {"QueueName": "work"}, "sqs:getqueueurl", f"arn:aws:sqs:{HERE}:work"),
        (
            "ssm.get_parameters_by_path",
            {"Path": "/shop"},
            "ssm:GetParametersByPath",
            f"arn:aws:ssm:{HERE}:parameter/shop",
        ),
        (
            "ssm.get_parameters",
            {"Names": ["key:2"]},
            "ssm:GetParameters",
            f"arn:aws:ssm:{HERE}:parameter/key",
        ),
    ],
)
def test_a_request_needs_the_action_that_aws_names(
    use: Use, call: str, arguments: dict[str, Any], action: str, resource: str
) -> None:
    with pytest.raises(ClientError, match="is not authorized") as refused:
        use(call, arguments, allowed=("other:*",))
    assert f"perform: {action} on resource: {resource} because" in str(refused.value)
    try:
        use(call, arguments, allowed=(action,), on=resource)
    except ClientError as error:
        assert "is not authorized" not in str(error)


def test_every_table_of_a_batch_needs_permission(use: Use) -> None:
    tables = {"RequestItems": {name: {"Keys": [ITEM]} for name in ("orders", "other")}}
    with pytest.raises(ClientError, match="table/other"):
        use("dynamodb.batch_get_item", tables, allowed=("dynamodb:*",), on=ORDERS)


def test_a_secret_is_allowed_by_its_name_and_six_characters(use: Use) -> None:
    allowed = f"arn:aws:secretsmanager:{HERE}:secret:key-??????"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        use(
            "secretsmanager.get_secret_value",
            {"SecretId": "key"},
            allowed=("secretsmanager:GetSecretValue",),
            on=allowed,
        )
