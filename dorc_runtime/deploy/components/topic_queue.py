"""The queue of a trigger that gets the messages of a topic."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import sns, sqs
from pydantic import JsonValue

from dorc_runtime.deploy.components.encryption import KeyArn, managed_by_sqs

# How often a pipe tries to start a pipeline with a message.
_MOST_RECEIVES = 5


class TopicQueue(pulumi.ComponentResource):
    """The encrypted queue ``queue``, subscribed to ``topic``; it gets messages as they are sent.

    ``policy`` says who can send. Messages that cannot start their pipeline go to the queue
    ``dead_letters``. ``topic`` and ``dead_letters`` are ARNs.
    https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        queue: str,
        topic: str,
        policy: Mapping[str, JsonValue],
        dead_letters: pulumi.Input[str],
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:TopicQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sqs_queue = sqs.Queue(
            name,
            name=queue,
            sqs_managed_sse_enabled=managed_by_sqs(key_arn),
            kms_master_key_id=key_arn,
            redrive_policy=pulumi.Output.from_input(dead_letters).apply(
                lambda arn: json.dumps(
                    {"deadLetterTargetArn": arn, "maxReceiveCount": _MOST_RECEIVES}
                )
            ),
            opts=child,
        )
        queue_policy = sqs.QueuePolicy(
            name, queue_url=sqs_queue.url, policy=json.dumps(policy), opts=child
        )
        sns.TopicSubscription(
            name,
            topic=topic,
            protocol="sqs",
            endpoint=sqs_queue.arn,
            raw_message_delivery=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue_policy]),
        )
        self.arn = sqs_queue.arn
        self.register_outputs({"arn": self.arn})
