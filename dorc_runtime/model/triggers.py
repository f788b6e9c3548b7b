"""What starts a pipeline: an object, a schedule, another pipeline, or any event."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from dorc_runtime.model.base import Model, as_texts
from dorc_runtime.model.references import Fixed, Reference, Resolvable

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class S3Trigger(Model):
    """Start when an object is uploaded that has ``prefix`` and ``suffix`` in its key.

    The bucket is that of the layer's source zone, or the one named ``bucket``. The input of the
    pipeline is ``{"bucket", "key", "size", "etag", "time"}``.

    Pipelines that may start each other in a circle, by the objects that they write, are refused.
    ``allow_loop`` is the reason why a circle through this trigger ends; then it is accepted.
    """

    prefix: str = ""
    suffix: str = ""
    bucket: str | None = None
    allow_loop: str | None = Field(default=None, pattern=r"\S")

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

    The input of this pipeline is ``{"pipeline", "execution", "status", "time"}``.
    """

    pipeline: Annotated[str, Fixed]
    on: Annotated[tuple[Status, ...], Resolvable] = ("SUCCEEDED",)

    def __init__(self, pipeline: str, *, on: Sequence[Status] = ("SUCCEEDED",)) -> None:
        super().__init__(pipeline=pipeline, on=on if isinstance(on, Reference) else as_texts(on))


class EventTrigger(Model):
    """Start on any event that matches ``pattern``, on the event bus named ``bus``.

    Patterns: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    The input of the pipeline is the whole event.
    """

    pattern: dict[str, JsonValue]
    bus: str = "default"

    def __init__(self, pattern: Mapping[str, JsonValue], *, bus: str = "default") -> None:
        super().__init__(pattern=dict(pattern), bus=bus)


Trigger = S3Trigger | CronTrigger | PipelineTrigger | EventTrigger
