"""The objects that start a pipeline when they are created."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.names import zones
from dorc_runtime.compile.text_patterns import ANY, TextPattern
from dorc_runtime.compile.triggers.event_patterns import fits, nested, pattern_problems
from dorc_runtime.compile.triggers.pattern_operators import listed
from dorc_runtime.model.triggers import EventTrigger, S3Trigger

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
_CREATED: Mapping[str, JsonValue] = {"source": "aws.s3", "detail-type": "Object Created"}


@dataclass(frozen=True)
class WatchedObjects:
    """Objects by their bucket and key.

    The bucket is a zone, or the existing bucket of one; ``on_aws`` says that it has the name that
    dorc gives the bucket of a zone on AWS.
    """

    bucket: TextPattern
    keys: TextPattern
    on_aws: bool = False


def watched_objects(
    trigger: S3Trigger | EventTrigger, *, layer: str, buckets: Mapping[str, str]
) -> Iterator[WatchedObjects]:
    """Yield the objects that start a pipeline of ``layer`` by ``trigger``.

    ``buckets`` has the buckets of the zones that have one already.
    """
    if isinstance(trigger, S3Trigger):
        zone = (zones(layer) or ("",))[0]
        bucket = trigger.bucket or buckets.get(zone, zone)
        yield WatchedObjects(tuple(bucket), (*trigger.prefix, ANY, *trigger.suffix))
    elif trigger.bus == "default" and not any(pattern_problems(trigger.pattern)):
        pattern = nested(trigger.pattern)
        if fits(_of_event(pattern), _CREATED):
            names = _texts(pattern, "detail", "bucket", "name")
            keys = _texts(pattern, "detail", "object", "key")
            for name, key in product(names, keys):
                yield WatchedObjects(name, key, on_aws=True)


def _of_event(pattern: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return what ``pattern`` says about the fields that all events of S3 share."""
    own: dict[str, Any] = {name: pattern[name] for name in _CREATED if name in pattern}
    if "$or" in pattern:
        own["$or"] = [_of_event(each) for each in listed(pattern["$or"]) if isinstance(each, dict)]
    return own


def _texts(pattern: JsonValue, *path: str) -> list[TextPattern]:
    """Return the texts that the field at ``path`` of an event may have."""
    for name in path:
        pattern = pattern.get(name) if isinstance(pattern, dict) else None
    return [_text(each) for each in pattern] if isinstance(pattern, list) else [(ANY,)]


def _text(condition: JsonValue) -> TextPattern:
    match condition:
        case str():
            return tuple(condition)
        case {"prefix": str(prefix)}:
            return (*prefix, ANY)
        case {"suffix": str(suffix)}:
            return (ANY, *suffix)
        case {"wildcard": str(wildcard)} if "\\" not in wildcard:
            return tuple(ANY if character == "*" else character for character in wildcard)
        case _:
            return (ANY,)
