"""What starts a pipeline: an object, a schedule, another pipeline, messages, or any event."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from dorc_runtime.model.base import Model, as_texts
from dorc_runtime.model.references import Fixed, Reference, Resolvable, is_reference
from dorc_runtime.model.resources import Bucket, Queue, Topic

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
_LARGEST_BATCH = 10

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class S3Trigger(Model):
    """Start when an object is uploaded that has ``prefix`` and ``suffix`` in its key.

    The bucket is that of the layer's source zone, or the one named ``bucket``.

    The input of the pipeline is ``{"bucket", "key", "size", "etag", "time"}``.

    Pipelines that may start each other in a circle, by the objects that they write, are refused.
    ``allow_loop`` is the reason why a circle through this trigger ends; then it is accepted.
    """

    prefix: str = ""
    suffix: str = ""
    bucket: str | None = None
    allow_loop: str | None = Field(default=None, pattern=r"\S")

    def __init__(
        self,
        *,
        prefix: str = "",
        suffix: str = "",
        bucket: str | Bucket | None = None,
        allow_loop: str | None = None,
    ) -> None:
        super().__init__(
            prefix=prefix,
            suffix=suffix,
            bucket=str(bucket) if isinstance(bucket, Bucket) else bucket,
            allow_loop=allow_loop,
        )

    def matches(self, key: str) -> bool:
        """Return whether an object with this key starts the pipeline."""
        fits = key.startswith(self.prefix) and key.endswith(self.suffix)
        return fits and len(key) >= len(self.prefix) + len(self.suffix)


class CronTrigger(Model):
    """Start on a schedule.

    ``schedule`` is ``cron(0 6 * * ? *)``, ``rate(5 minutes)`` or ``at(2030-01-31T06:00:00)``;
    ``timezone`` is an IANA name. ``enabled`` is true, false, or the environments in which the
    schedule is enabled. The input of the pipeline is ``{"time"}``, with the fields of ``input``.
    """

    schedule: str
    timezone: str = "UTC"
    input: dict[str, JsonValue] = Field(default={})
    enabled: Annotated[bool | tuple[str, ...], Resolvable] = True

    def __init__(
        self,
        schedule: str,
        *,
        timezone: str = "UTC",
        input: Mapping[str, JsonValue] | None = None,  # noqa: A002 - AWS's word for it
        enabled: bool | Sequence[str] = True,
    ) -> None:
        super().__init__(
            schedule=schedule, timezone=timezone, input=dict(input or {}), enabled=enabled
        )

    def is_enabled(self, environment: str) -> bool:
        """Return whether the schedule is enabled in ``environment``."""
        return self.enabled if isinstance(self.enabled, bool) else environment in self.enabled


class PipelineTrigger(Model):
    """Start when ``pipeline`` (``layer/name``) ends with one of the statuses in ``on``.

    The input of this pipeline is ``{"pipeline", "execution", "status", "time", "input",
    "output"}``; the last two are those of ``pipeline`` as JSON text, or None where it has none or
    AWS leaves it out, over 248 KiB.
    """

    pipeline: Annotated[str, Fixed]
    on: Annotated[tuple[Status, ...], Resolvable] = ("SUCCEEDED",)

    def __init__(self, pipeline: str, *, on: Sequence[Status] = ("SUCCEEDED",)) -> None:
        super().__init__(pipeline=pipeline, on=on if isinstance(on, Reference) else as_texts(on))


class EventTrigger(Model):
    """Start on any event that matches ``pattern``, on the event bus named ``bus``.

    Patterns: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    The input of the pipeline is the whole event. The creation of an object in S3
    is an event too, so circles are refused, and ``allow_loop`` accepted, as for an ``S3Trigger``.
    """

    pattern: dict[str, JsonValue]
    bus: str = "default"
    allow_loop: str | None = Field(default=None, pattern=r"\S")

    def __init__(
        self,
        pattern: Mapping[str, JsonValue],
        *,
        bus: str = "default",
        allow_loop: str | None = None,
    ) -> None:
        super().__init__(pattern=dict(pattern), bus=bus, allow_loop=allow_loop)


class QueueTrigger(Model):
    """Start with the messages of ``queue``, at most ``batch`` at a time.

    The pipeline's input is the list of messages as SQS gives them, each with its text in ``body``:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
    Messages are collected for ``window`` (at most 5 minutes), or until there are ``batch`` of them;
    with a ``window``, ``batch`` may be 10,000 instead of 10.

    A message is deleted from the queue when the pipeline starts, whether or not it succeeds. As
    with S3Trigger, ``allow_loop`` is the reason why a circle through this trigger ends.
    """

    queue: Queue
    batch: Annotated[int, Field(ge=1, le=10_000), Resolvable]
    window: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=5)), Resolvable]
    allow_loop: str | None = Field(default=None, pattern=r"\S")

    def __init__(
        self,
        queue: Queue,
        *,
        batch: int = 10,
        window: timedelta = timedelta(0),
        allow_loop: str | None = None,
    ) -> None:
        super().__init__(queue=queue, batch=batch, window=window, allow_loop=allow_loop)

    @model_validator(mode="after")
    def _batch_of_a_window(self) -> Self:
        large = not is_reference(self.batch) and self.batch > _LARGEST_BATCH
        if large and self.window == timedelta(0):
            raise ValueError(f"a batch of more than {_LARGEST_BATCH} messages needs window=")
        return self


class TopicTrigger(Model):
    """Start with each message that is published to ``topic``.

    The pipeline's input is a list with one message, as from a QueueTrigger: ``topic`` sends to a
    queue of the trigger's own. As with S3Trigger, ``allow_loop`` is the reason why a circle through
    this trigger ends.
    """

    topic: Topic
    allow_loop: str | None = Field(default=None, pattern=r"\S")

    def __init__(self, topic: Topic, *, allow_loop: str | None = None) -> None:
        super().__init__(topic=topic, allow_loop=allow_loop)


Trigger = S3Trigger | CronTrigger | PipelineTrigger | EventTrigger | QueueTrigger | TopicTrigger
