"""The pipelines that an event of EventBridge starts, and their inputs, by the deployed rules.

It also makes the events of S3 and of Step Functions, as AWS sends them.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.event_patterns import fits
from dorc_runtime.compile.triggers.rules import Rule, rule_input, triggers
from dorc_runtime.local.plan.local_target import ACCOUNT, LOCAL_NAMES
from dorc_runtime.local.seeds.lake_seeds import local_bucket
from dorc_runtime.local.seeds.trigger_messages import message_sources, messages_input
from dorc_runtime.model.triggers import S3Trigger
from dorc_runtime.runs.events import ExecutionStatusChanged

Event = dict[str, JsonValue]

OBJECTS = "aws.s3"
EXECUTIONS = "aws.states"
OBJECT_CREATED = "Object Created"
# The most characters of input and output together that an event has:
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_MOST_DATA = 248 * 1024
STATUS_CHANGE = "Step Functions Execution Status Change"


@dataclass(frozen=True)
class Subscriptions:
    """The triggers of ``sources``, which are in ``region``."""

    sources: Sequence[Source]
    region: str

    def started(self, event: Event, *, bus: str = "default") -> Iterator[tuple[Source, JsonValue]]:
        """Yield the pipelines that ``event`` on the event bus ``bus`` starts, each with its input.

        As on AWS, each trigger that matches starts its pipeline once.
        """
        for source in self.sources:
            for rule in self._rules(source):
                if rule.bus == bus and fits(rule.pattern, event):
                    yield source, rule_input(rule, event)

    def started_by_messages(
        self, address: str, texts: Sequence[str], *, target: Target, at: float
    ) -> Iterator[tuple[Source, JsonValue]]:
        """Yield the pipelines that messages start, each with its input.

        ``texts`` were sent to the topic or queue with ``address`` in ``target``, at ``at`` in
        seconds since 1970.
        """
        for source in self.sources:
            for each in message_sources(source.pipeline, source.id, target):
                if target.address(each.resource) == address:
                    for start in range(0, len(texts), each.batch):
                        batch = texts[start : start + each.batch]
                        yield source, messages_input(batch, each.queue_arn, at=at)

    @property
    def buses(self) -> frozenset[str]:
        """The event buses that the triggers watch."""
        return frozenset(rule.bus for source in self.sources for rule in self._rules(source))

    @property
    def buckets(self) -> frozenset[str]:
        """The buckets that S3 triggers watch by their names."""
        watched = (trigger for source in self.sources for trigger in source.pipeline.triggers)
        named = (each.bucket for each in watched if isinstance(each, S3Trigger))
        return frozenset(bucket for bucket in named if bucket is not None)

    def _rules(self, source: Source) -> Iterator[Rule]:
        made = triggers(
            source.pipeline,
            layer=source.layer,
            target=Target(
                names=LOCAL_NAMES,
                region=self.region,
                account=ACCOUNT,
                zones={zone: local_bucket(zone) for zone in zones(source.layer) or ()},
            ),
        )
        return (rule for rule in made if isinstance(rule, Rule))


def object_created(*, bucket: str, key: str, size: int, etag: str, time: str, region: str) -> Event:
    """Return the event of an uploaded object; ``size`` in bytes, ``time`` in ISO 8601.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    detail: Event = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size, "etag": etag, "sequencer": "00"},
        "request-id": "local",
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        # The ETag of an upload in parts ends in their number.
        "reason": "CompleteMultipartUpload" if "-" in etag else "PutObject",
    }
    return _event(OBJECTS, OBJECT_CREATED, detail, [f"arn:aws:s3:::{bucket}"], time, region)


def status_changed(change: ExecutionStatusChanged, *, region: str) -> Event:
    """Return the event of an execution that began or ended.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    ending = change.ending
    succeeded = ending is not None and ending.status == "SUCCEEDED"
    received = json.dumps(change.input)
    output = json.dumps(ending.output) if ending and succeeded else None
    size = len(json.dumps(output)) if output else 0
    has_input = len(json.dumps(received)) + size <= _MOST_DATA
    has_output = size <= _MOST_DATA
    detail: Event = {
        "executionArn": change.arn,
        "stateMachineArn": change.machine,
        "name": change.name,
        "status": ending.status if ending else "RUNNING",
        "startDate": int(change.started_at * 1000),
        "stopDate": int(change.at * 1000) if ending else None,
        "input": received if has_input else None,
        "inputDetails": {"included": has_input},
        "output": output if has_output else None,
        "outputDetails": {"included": has_output} if succeeded else None,
        "error": (ending.error or None) if ending else None,
        "cause": (ending.cause or None) if ending else None,
    }
    time = f"{datetime.fromtimestamp(change.at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return _event(EXECUTIONS, STATUS_CHANGE, detail, [change.arn], time, region)


def _event(
    source: str, kind: str, detail: Event, resources: list[JsonValue], time: str, region: str
) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": time,
        "region": region,
        "resources": resources,
        "detail": detail,
    }
