"""What starts a pipeline: the fixture ``triggered``."""

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.compile.arns import execution_arn
from dorc_runtime.compile.checks import Source, problems_of, resolved_source
from dorc_runtime.compile.names import zones
from dorc_runtime.errors import DefinitionError
from dorc_runtime.local.plan.local_target import ACCOUNT, REGION, local_machine, local_target
from dorc_runtime.local.seeds.example_seeds import message_text
from dorc_runtime.local.seeds.lake_seeds import local_bucket
from dorc_runtime.local.subscriptions import Event, Subscriptions, object_created, status_changed
from dorc_runtime.model.triggers import S3Trigger, Status
from dorc_runtime.project.definitions import load_config, load_source
from dorc_runtime.project.repository import Repository
from dorc_runtime.runs.events import Ending, ExecutionStatusChanged


class Triggers:
    """Finds what starts pipelines of one repository: the value of the fixture ``triggered``."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def __call__(
        self,
        pipeline: str,
        *,
        key: str | None = None,
        bucket: str | None = None,
        body: bytes = b"",
        ended: str | None = None,
        status: Status = "SUCCEEDED",
        event: Mapping[str, JsonValue] | None = None,
        bus: str = "default",
        message: JsonValue = None,
        queue: str | None = None,
        topic: str | None = None,
        output: JsonValue = None,
    ) -> JsonValue:
        """Return the input of ``pipeline`` from the first trigger that starts it, else None.

        What happens is one of these: an object ``key`` with ``body`` is uploaded to ``bucket`` (a
        zone, or a bucket's name; by default the one that is watched), a pipeline ``ended`` with
        ``status`` and ``output``, EventBridge gets an ``event`` on the event bus ``bus``, or a
        ``message`` is sent to the ``queue`` or ``topic`` of that name. Raises a
        ``DefinitionError`` for a pipeline that AWS would refuse.
        """
        loaded = load_source(self._repository.pipeline(pipeline))
        target = local_target(self._repository, load_config(self._repository))
        source = resolved_source(loaded, target)
        if problems := problems_of(source):
            raise DefinitionError(str(problems[0]))
        subscriptions = Subscriptions([source], REGION)
        events: list[Event] = []
        if key is not None:
            buckets = _watched(source) if bucket is None else [bucket, local_bucket(bucket)]
            events += [_upload(each, key, body) for each in buckets]
        if ended is not None:
            events.append(_end_of(ended, status, output))
        if event is not None:
            events.append(dict(event))
        for kind, name in (("queue", queue), ("topic", topic)):
            if name is not None:
                address = target.address(target.resource(kind, name))
                texts = [message_text(message)]
                for _, received in subscriptions.started_by_messages(
                    address, texts, target=target, at=time.time()
                ):
                    return received
        for each in events:
            for _, received in subscriptions.started(each, bus=bus):
                return received
        return None


def _watched(source: Source) -> Iterator[str]:
    """Yield the buckets that triggers name, and that of the source zone."""
    triggers = [each for each in source.pipeline.triggers if isinstance(each, S3Trigger)]
    yield from dict.fromkeys(each.bucket for each in triggers if each.bucket is not None)
    if between := zones(source.layer):
        yield local_bucket(between[0])


def _upload(bucket: str, key: str, body: bytes) -> Event:
    return object_created(
        bucket=bucket,
        key=key,
        size=len(body),
        etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
        time=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        region=REGION,
    )


def _end_of(pipeline: str, status: Status, output: JsonValue) -> Event:
    now, name = time.time(), str(uuid.uuid4())
    machine = local_machine(pipeline, REGION)
    arn = execution_arn(REGION, ACCOUNT, machine.rpartition(":")[2], name)
    return status_changed(
        ExecutionStatusChanged(now, arn, machine, name, {}, now, Ending(status, output)),
        region=REGION,
    )
