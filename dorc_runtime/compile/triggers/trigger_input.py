"""The input that each kind of trigger gives to a pipeline, the same in local runs and on AWS.

Times are ISO 8601 text in UTC.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.model.triggers import CronTrigger

Event = dict[str, JsonValue]


def iso_time(moment: datetime) -> str:
    """Return ``moment`` as AWS writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def object_event(*, bucket: str, key: str, size: int, etag: str, time: str) -> Event:
    """Return the input from an S3Trigger: the uploaded object, with its ``size`` in bytes."""
    return {"bucket": bucket, "key": key, "size": size, "etag": etag, "time": time}


def schedule_event(*, time: str, extra: Mapping[str, JsonValue]) -> Event:
    """Return the input from a CronTrigger: the ``time`` of the schedule, and its own input."""
    return {"time": time, **extra}


def schedule_input(trigger: CronTrigger, time: datetime) -> Event:
    """Return the input from ``trigger`` when its schedule is due at ``time``."""
    return schedule_event(time=iso_time(time), extra=trigger.input)


def pipeline_event(
    *,
    pipeline: str,
    execution: str,
    status: str,
    time: str,
    input: JsonValue = None,  # noqa: A002 - AWS's word for it
    output: JsonValue = None,
) -> Event:
    """Return the input from a PipelineTrigger: the pipeline that ended, and its status.

    ``input`` and ``output`` are those of that pipeline as JSON text. AWS leaves out what is over
    248 KiB, and an execution that failed has no output: then they are None.
    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    return {
        "pipeline": pipeline,
        "execution": execution,
        "status": status,
        "time": time,
        "input": input,
        "output": output,
    }


def message_event(*, body: str, id: str, queue_arn: str, sent_at: float) -> Event:  # noqa: A002
    """Return one message of the input from a QueueTrigger or a TopicTrigger, as SQS gives it.

    ``body`` is the text of the message, ``sent_at`` the time in seconds since 1970.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
    """
    moment = str(int(sent_at * 1000))
    return {
        "messageId": id,
        "receiptHandle": id,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": moment,
            "SenderId": "local",
            "ApproximateFirstReceiveTimestamp": moment,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
