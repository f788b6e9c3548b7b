"""The queue for events that could not start their pipeline."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import sqs
from pydantic import JsonValue

from dorc_runtime.deploy.components.encryption import KeyArn, managed_by_sqs

# The longest time that SQS keeps a message, in seconds:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
RETENTION = 14 * 24 * 3600


class DeadLetters(pulumi.ComponentResource):
    """The encrypted queue ``queue``: it keeps events for 14 days; ``policy`` says who can send."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        queue: str,
        policy: Mapping[str, JsonValue],
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:DeadLetters", name, None, opts)
        sqs_queue = sqs.Queue(
            name,
            name=queue,
            message_retention_seconds=RETENTION,
            sqs_managed_sse_enabled=managed_by_sqs(key_arn),
            kms_master_key_id=key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        sqs.QueuePolicy(
            name,
            queue_url=sqs_queue.url,
            policy=json.dumps(policy),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = sqs_queue.arn
        self.url = sqs_queue.url
        self.register_outputs({"arn": self.arn, "url": self.url})
