"""A queue that the pipelines of an environment share, with its dead-letter queue."""

import json

import pulumi
from pulumi_aws import sqs

from dorc_runtime.deploy.components.dead_letters import RETENTION
from dorc_runtime.deploy.components.dead_letters_alarm import dead_letters_alarm
from dorc_runtime.deploy.components.encryption import KeyArn, managed_by_sqs
from dorc_runtime.model.resources import Queue


class SharedQueue(pulumi.ComponentResource):
    """The encrypted SQS queue ``queue_name``; its dead-letter queue keeps messages for 14 days.

    The alarm, which has the name of the dead-letter queue, informs the topic ``alerts``.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        queue: Queue,
        queue_name: str,
        dead_letters: str,
        alerts: pulumi.Input[str],
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:SharedQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        failed = sqs.Queue(
            f"{name}--dead-letters",
            name=dead_letters,
            message_retention_seconds=RETENTION,
            sqs_managed_sse_enabled=managed_by_sqs(key_arn),
            kms_master_key_id=key_arn,
            opts=child,
        )
        sqs_queue = sqs.Queue(
            name,
            name=queue_name,
            visibility_timeout_seconds=int(queue.visibility_timeout.total_seconds()),
            message_retention_seconds=int(queue.retention.total_seconds()),
            sqs_managed_sse_enabled=managed_by_sqs(key_arn),
            kms_master_key_id=key_arn,
            redrive_policy=failed.arn.apply(
                lambda arn: json.dumps(
                    {"deadLetterTargetArn": arn, "maxReceiveCount": queue.max_receives}
                )
            ),
            opts=child,
        )
        dead_letters_alarm(
            name,
            alarm=dead_letters,
            description="Messages could not be processed: look into the queue",
            queue=dead_letters,
            topic=alerts,
            opts=child,
        )
        self.arn = sqs_queue.arn
        self.url = sqs_queue.url
        self.register_outputs({"arn": self.arn, "url": self.url})
