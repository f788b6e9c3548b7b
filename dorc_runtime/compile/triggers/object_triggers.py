"""The objects that start a pipeline by its S3Triggers, and the input that each of them gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dorc_runtime.compile.names import zones
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.trigger_input import Event, iso_time, object_event
from dorc_runtime.errors import InputError
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.triggers import S3Trigger


@dataclass(frozen=True)
class StoredObject:
    """An object in S3: its ``size`` in bytes, its ETag without quotes, and when it was written."""

    bucket: str
    key: str
    size: int
    etag: str
    written: datetime


def object_input(stored: StoredObject) -> Event:
    """Return the input that an S3Trigger gives to a pipeline for an object."""
    return object_event(
        bucket=stored.bucket,
        key=stored.key,
        size=stored.size,
        etag=stored.etag,
        time=iso_time(stored.written),
    )


def object_triggers(
    pipeline: Pipeline, *, layer: str, target: Target
) -> Iterator[tuple[str, S3Trigger]]:
    """Yield the S3Triggers of ``pipeline`` of ``layer``, each with the bucket that it watches."""
    for trigger in pipeline.triggers:
        if isinstance(trigger, S3Trigger):
            yield watched_bucket(trigger, layer=layer, target=target), trigger


def watched_bucket(trigger: S3Trigger, *, layer: str, target: Target) -> str:
    """Return the bucket that ``trigger`` of a pipeline of ``layer`` watches in ``target``.

    Raises ``InputError`` for a trigger without a bucket in a layer without a source zone.
    """
    if trigger.bucket is not None:
        return trigger.bucket
    between = zones(layer)
    if between is None:
        raise InputError(f"{layer} has no source zone: name a bucket in S3Trigger.")
    return target.buckets[between[0]]


def bucket_of_key(pipeline: Pipeline, key: str, *, name: str, target: Target) -> str:
    """Return the bucket in which an object with ``key`` starts ``pipeline``, called ``layer/name``.

    Raises ``InputError`` when it starts the pipeline in none.
    """
    triggers = tuple(object_triggers(pipeline, layer=name.split("/")[0], target=target))
    if not triggers:
        raise InputError(f"{name} has no S3Trigger, so no object can start it: give --input.")
    for bucket, trigger in triggers:
        if trigger.matches(key):
            return bucket
    patterns = ", ".join(f"{each.prefix}*{each.suffix}" for _, each in triggers)
    raise InputError(f"'{key}' is no key that starts {name}: {patterns}.")
