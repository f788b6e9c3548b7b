"""Triggers in words, for people."""

from pydantic import JsonValue

from dorc_runtime.compile.names import zones
from dorc_runtime.model.references import is_reference, with_calls
from dorc_runtime.model.triggers import (
    CronTrigger,
    EventTrigger,
    PipelineTrigger,
    QueueTrigger,
    S3Trigger,
    TopicTrigger,
    Trigger,
)


def trigger_text(trigger: Trigger, layer: str) -> str:
    """Return what starts a pipeline of ``layer``: ``object raw/penguins/*.csv``."""
    match trigger:
        case S3Trigger():
            place = trigger.bucket or (zones(layer) or ("?",))[0]
            text = f"object {place}/{trigger.prefix}*{trigger.suffix}"
        case CronTrigger():
            zone = "" if trigger.timezone == "UTC" else f" {trigger.timezone}"
            text = f"{trigger.schedule}{zone}{_enabled(trigger)}"
        case PipelineTrigger():
            usual = is_reference(trigger.on) or trigger.on == ("SUCCEEDED",)
            text = f"after {trigger.pipeline}" + ("" if usual else f" {' or '.join(trigger.on)}")
        case QueueTrigger():
            text = f"queue {trigger.queue.name}"
        case TopicTrigger():
            text = f"topic {trigger.topic.name}"
        case EventTrigger():
            bus = "" if trigger.bus == "default" else f" on {trigger.bus}"
            names = (_first(trigger.pattern.get(key)) for key in ("source", "detail-type"))
            text = " ".join(("event", *filter(None, names))) + bus
    return with_calls(text)


def _enabled(trigger: CronTrigger) -> str:
    if is_reference(trigger.enabled) or trigger.enabled is True:
        return ""
    if not trigger.enabled:
        return ", disabled"
    return f" in {', '.join(trigger.enabled)}"


def _first(condition: JsonValue) -> str:
    """Return the first value of a condition in an event pattern, "" for none."""
    match condition:
        case [str(first), *_]:
            return first
        case _:
            return ""
