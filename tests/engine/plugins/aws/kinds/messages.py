"""Queues and topics."""

from typing import Any

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind
from tests.engine.plugins.aws.shapes import Rename
from tests.engine.plugins.properties import Properties

_TOPIC: Rename = {"arn": ("TopicArn", "ResourceArn")}


def _queue(aws: Aws, given: Properties) -> Properties:
    """Send the policy too: moto deletes it when other attributes are set."""
    attributes: Properties = {"attributeNames": ["All"]}
    if given.get("url") and not given.get("policy"):
        request = {"QueueUrl": given["url"], "AttributeNames": ["Policy"]}
        answer = aws.client("sqs").get_queue_attributes(**request)
        attributes["policy"] = answer.get("Attributes", {}).get("Policy")
    return attributes


def _no_policy(aws: Aws, given: Properties) -> None:
    aws.client("sqs").set_queue_attributes(QueueUrl=given["queueUrl"], Attributes={"Policy": ""})


def _topic_key(aws: Aws, given: Properties) -> None:
    aws.client("sns").set_topic_attributes(
        TopicArn=given["arn"],
        AttributeName="KmsMasterKeyId",
        AttributeValue=given.get("kmsMasterKeyId") or "",
    )


def _topic_policy(aws: Aws, given: Properties) -> None:
    aws.client("sns").set_topic_attributes(
        TopicArn=given["arn"], AttributeName="Policy", AttributeValue=given["policy"]
    )


def _no_operation(aws: Aws, given: Properties) -> None:
    """Do nothing: a topic's policy is deleted with the topic."""


def _with_arn(aws: Aws, given: Properties) -> dict[str, Any]:
    return {"returnSubscriptionArn": True}


MESSAGES = {
    "sqs/queue": Kind(
        service="sqs",
        create="create_queue",
        read="get_queue_attributes",
        delete="delete_queue",
        id="{url}",
        path="Attributes",
        rename={"name": ("QueueName",), "url": ("QueueUrl",)},
        update=("set_queue_attributes",),
        capture={"url": "QueueUrl"},
        outputs={"arn": "QueueArn"},
        tags="queue",
        attributes={
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "redrivePolicy": "RedrivePolicy",
            "policy": "Policy",
        },
        replace=("name",),
        prepare=_queue,
    ),
    "sqs/queuePolicy": Kind(
        service="sqs",
        create="set_queue_attributes",
        read="get_queue_attributes",
        delete=_no_policy,
        id="{queueUrl}",
        update=("set_queue_attributes",),
        attributes={"policy": "Policy"},
        replace=("queueUrl",),
        path="Attributes",
        prepare=lambda aws, given: {"attributeNames": ["Policy"]},
        tags=None,
    ),
    "sns/topic": Kind(
        service="sns",
        create="create_topic",
        read="get_topic_attributes",
        delete="delete_topic",
        id="{arn}",
        path="Attributes",
        capture={"arn": "TopicArn"},
        outputs={"owner": "Owner"},
        rename=_TOPIC,
        replace=("name",),
        update=(_topic_key,),
        attributes={"kmsMasterKeyId": "KmsMasterKeyId"},
    ),
    "sns/topicPolicy": Kind(
        service="sns",
        create=_topic_policy,
        read="get_topic_attributes",
        delete=_no_operation,
        id="{arn}",
        path="Attributes",
        rename=_TOPIC,
        replace=("arn",),
        update=(_topic_policy,),
        outputs={"owner": "Owner"},
        tags=None,
    ),
    "sns/topicSubscription": Kind(
        service="sns",
        create="subscribe",
        read="get_subscription_attributes",
        delete="unsubscribe",
        id="{arn}",
        path="Attributes",
        capture={"arn": "SubscriptionArn"},
        rename={"topic": ("TopicArn",), "arn": ("SubscriptionArn",)},
        outputs={"ownerId": "Owner"},
        prepare=_with_arn,
        tags=None,
    ),
}
