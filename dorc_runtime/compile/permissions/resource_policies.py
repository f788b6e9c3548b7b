"""Who may use a resource on AWS: the policy documents of buckets, keys, queues and topics."""

from pydantic import JsonValue

from dorc_runtime.compile.arns import alarm_arn, arn_region, bucket_arn, partition, rule_arn
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.permissions.statements import allow_service, only_for, policy


def bucket_policy(*, region: str, bucket: str) -> Document:
    """Return the policy of a bucket that refuses every request without TLS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    arn = bucket_arn(region, bucket)
    return policy(
        [
            {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    )


def alerts_key_policy(*, region: str, account: str) -> Document:
    """Return the policy of the key for the topic of alerts.

    The policies of roles in the account may allow its use. EventBridge rules and alarms of the
    account publish encrypted messages. For EventBridge, KMS does not support a condition on the
    source:
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    publish: JsonValue = ["kms:Decrypt", "kms:GenerateDataKey"]
    alarms = alarm_arn(region, account, "*")
    root = f"arn:{partition(region)}:iam::{account}:root"
    return policy(
        [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": root},
                "Action": "kms:*",
                "Resource": "*",
            },
            allow_service("events", publish, "*", None),
            allow_service("cloudwatch", publish, "*", only_for(account, alarms)),
        ]
    )


def queue_policy(*, queue_arn: str, account: str) -> Document:
    """Return the policy of a queue for dead letters of the EventBridge rules of this account.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    rules = rule_arn(arn_region(queue_arn), account, "*")
    return policy([allow_service("events", "sqs:SendMessage", queue_arn, only_for(account, rules))])


def topic_policy(*, topic_arn: str, account: str) -> Document:
    """Return the policy of a topic that EventBridge rules and alarms of the account publish to.

    EventBridge does not publish to a topic if the policy sets it a condition:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
    """
    alarms = alarm_arn(arn_region(topic_arn), account, "*")
    return policy(
        [
            allow_service("events", "sns:Publish", topic_arn, None),
            allow_service("cloudwatch", "sns:Publish", topic_arn, only_for(account, alarms)),
        ]
    )


def topic_queue_policy(*, queue_arn: str, topic_arn: str) -> Document:
    """Return the policy of a queue that a topic sends to.

    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    condition: Document = {"ArnEquals": {"aws:SourceArn": topic_arn}}
    return policy([allow_service("sns", "sqs:SendMessage", queue_arn, condition)])
