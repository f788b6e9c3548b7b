"""The events of runs on this machine: those of S3 about objects, and those that functions put.

moto plays EventBridge too, and its S3 sends events there. A rule on each event bus sends all
events to a queue, which is read between runs.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.aws.server_process import OWN_KEY
from dorc_runtime.local.plan.local_target import ACCOUNT
from dorc_runtime.local.subscriptions import OBJECT_CREATED, OBJECTS, Event, object_created

_DEFAULT = "default"
_RULE = "everything"
# The most that one request receives:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_MOST = 10


@dataclass(frozen=True)
class _Queue:
    """The queue that receives the events of ``bus``; ``sqs`` is a client of its region."""

    bus: str
    sqs: Any
    url: str


class EventCapture:
    """Captures the events of ``buses`` and of existing ``buckets``, from its creation on.

    ``region`` is the region of the functions.
    """

    def __init__(
        self, lake: Lake, *, region: str, buses: Iterable[str], buckets: Iterable[str]
    ) -> None:
        import boto3

        self._session = boto3.Session(
            aws_access_key_id=OWN_KEY,
            aws_secret_access_key="local",  # noqa: S106 - the same for every user
        )
        self._endpoint = lake.endpoint
        self._region = region
        # S3 sends events to the bus in the bucket's region, functions to the one in their own.
        regions = sorted({region, lake.region})
        names = [_DEFAULT, *sorted({*buses} - {_DEFAULT})]
        self._queues = [
            self._subscribed(bus, place, f"{_RULE}-{number}")
            for number, bus in enumerate(names)
            for place in regions
        ]
        s3 = self._client("s3", lake.region)
        for bucket in buckets:
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )

    def take(self) -> Iterator[tuple[str, Event]]:
        """Yield the events since the last call, each with its event bus."""
        for queue in self._queues:
            for event in _received(queue):
                if event["source"] != OBJECTS:
                    yield queue.bus, {**event, "account": ACCOUNT}
                # moto sends S3's events to all buses, and in a form that differs from AWS's.
                elif queue.bus == _DEFAULT and event["detail-type"] == OBJECT_CREATED:
                    yield queue.bus, _object_event(event, self._region)

    def _subscribed(self, bus: str, region: str, name: str) -> _Queue:
        events, sqs = self._client("events", region), self._client("sqs", region)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        if bus != _DEFAULT:
            events.create_event_bus(Name=bus)
        pattern = json.dumps({"source": [{"exists": True}]})
        events.put_rule(Name=_RULE, EventPattern=pattern, EventBusName=bus)
        target = {"Id": "queue", "Arn": f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"}
        events.put_targets(Rule=_RULE, EventBusName=bus, Targets=[target])
        return _Queue(bus, sqs, url)

    def _client(self, service: str, region: str) -> Any:
        return self._session.client(service, region_name=region, endpoint_url=self._endpoint)


def _received(queue: _Queue) -> Iterator[Any]:
    while True:
        answer = queue.sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=_MOST)
        messages = answer.get("Messages", [])
        if not messages:
            return
        for message in messages:
            queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            yield json.loads(message["Body"])


def _object_event(event: Any, region: str) -> Event:
    item = event["detail"]["object"]
    return object_created(
        bucket=event["detail"]["bucket"]["name"],
        key=item["key"],
        size=item["size"],
        etag=item["eTag"],
        time=event["time"],
        region=region,
    )
