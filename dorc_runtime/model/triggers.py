"""What starts a pipeline: an object, a clock, another pipeline, or any event."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, JsonValue

from dorc_runtime.model.base import Model

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class S3Trigger(Model):
    """Start when an object whose key fits ``prefix`` and ``suffix`` lands in a bucket.

    The bucket is that of the layer's source zone, or ``bucket`` by its name. The pipeline receives
    ``{"bucket", "key", "size", "etag", "time"}``.
    """

    prefix: str = ""
    suffix: str = ""
    bucket: str | None = None

    def matches(self, key: str) -> bool:
        """Tell whether an object with this key starts the pipeline."""
        fits = key.startswith(self.prefix) and key.endswith(self.suffix)
        return fits and len(key) >= len(self.prefix) + len(self.suffix)


class CronTrigger(Model):
    """Start by the clock.

    ``schedule`` is ``cron(0 6 * * ? *)``, ``rate(5 minutes)`` or ``at(2030-01-31T06:00:00)``;
    ``timezone`` is an IANA name. ``enabled`` is true, false, or the environments in which it is
    on. The pipeline receives ``{"time"}``, and what ``input`` adds to it.
    """

    schedule: str
    timezone: str = "UTC"
    input: dict[str, JsonValue] = Field(default={})
    enabled: bool | tuple[str, ...] = True

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
        """Tell whether the clock runs in ``environment``."""
        return self.enabled if isinstance(self.enabled, bool) else environment in self.enabled


class PipelineTrigger(Model):
    """Start when ``pipeline`` (``layer/name``) has ended with one of the statuses in ``on``.

    The pipeline receives ``{"pipeline", "execution", "status", "time"}``.
    """

    pipeline: str
    on: tuple[Status, ...] = ("SUCCEEDED",)

    def __init__(self, pipeline: str, *, on: Sequence[Status] = ("SUCCEEDED",)) -> None:
        super().__init__(pipeline=pipeline, on=tuple(on))


class EventTrigger(Model):
    """Start on any event that fits ``pattern``, of the event bus named ``bus``.

    Patterns: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    The pipeline receives the whole event.
    """

    pattern: dict[str, JsonValue]
    bus: str = "default"

    def __init__(self, pattern: Mapping[str, JsonValue], *, bus: str = "default") -> None:
        super().__init__(pattern=dict(pattern), bus=bus)


Trigger = S3Trigger | CronTrigger | PipelineTrigger | EventTrigger
