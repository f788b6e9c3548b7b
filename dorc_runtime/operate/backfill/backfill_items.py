"""What a backfill starts: an execution for each object under a prefix, or for each time."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.object_triggers import (
    StoredObject,
    object_input,
    object_triggers,
)
from dorc_runtime.compile.triggers.schedule_times import schedule_times
from dorc_runtime.compile.triggers.trigger_input import iso_time, schedule_input
from dorc_runtime.errors import InputError, StackError
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.triggers import CronTrigger
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors

# An execution's name has at most 80 characters, of which these are good everywhere:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
_UNUSUAL = re.compile(r"[^A-Za-z0-9.]+")
_LABEL = re.compile(r"[A-Za-z0-9]{1,20}")
_LONGEST_TITLE = 24
_DIGEST = 20


@dataclass(frozen=True)
class Item:
    """An execution of a backfill, by its ``name``.

    ``title`` is the key of the object, or the time; ``size`` is that of the object in bytes.
    """

    name: str
    title: str
    input: JsonValue
    size: int = 0


@dataclass(frozen=True)
class Selection:
    """What a backfill is over: its items, and in words what they are (``kind``) and ``where``."""

    kind: str
    where: str
    items: tuple[Item, ...]


def object_items(
    environment: AwsEnvironment,
    pipeline: Pipeline,
    *,
    name: str,
    target: Target,
    prefix: str,
    label: str = "",
) -> Selection:
    """Return an item for each object under ``prefix`` that starts ``pipeline``, called ``name``.

    An item is known by ``label``, and by the object's bucket, key and ETag: an object with another
    content is another item. Raises ``InputError`` when no trigger takes objects under ``prefix``,
    or there are none.
    """
    triggers = tuple(object_triggers(pipeline, layer=name.split("/")[0], target=target))
    if not triggers:
        raise InputError(
            f"{name} has no S3Trigger, so no objects can start it: leave out --prefix."
        )
    patterns = ", ".join(f"{bucket}/{each.prefix}*{each.suffix}" for bucket, each in triggers)
    matching = [
        (bucket, each)
        for bucket, each in triggers
        if prefix.startswith(each.prefix) or each.prefix.startswith(prefix)
    ]
    if not matching:
        raise InputError(f"no object under '{prefix}' starts {name}, but these do: {patterns}.")
    stored = {
        (each.bucket, each.key): each
        for bucket, trigger in matching
        for each in _stored(environment, bucket, max(prefix, trigger.prefix, key=len))
        if trigger.matches(each.key)
    }
    buckets = " and ".join(dict.fromkeys(bucket for bucket, _ in matching))
    if not stored:
        raise InputError(
            f"{buckets} has no object under '{prefix}' that starts {name}; these do: {patterns}."
        )
    items = tuple(_object_item(each, label) for each in stored.values())
    return Selection("objects", f"under {prefix or 'all prefixes'} in {buckets}", items)


def time_items(
    pipeline: Pipeline,
    *,
    name: str,
    first: str,
    last: str,
    now: datetime,
    label: str = "",
) -> Selection:
    """Return an item for each time from ``first`` to ``last`` at which a CronTrigger is due.

    They are dates, or times like ``2025-01-31T06:00``, in the time zone of the schedule; a ``last``
    without a time is the whole day. A rate is due at ``first``, and so on. What is after ``now`` is
    left out. Raises ``InputError`` for a text that is no date, for dates in the wrong order or in
    the future, and when the pipeline has no CronTrigger or none is due.
    """
    triggers = [each for each in pipeline.triggers if isinstance(each, CronTrigger)]
    if not triggers:
        raise InputError(
            f"{name} has no CronTrigger, so no times can start it: leave out --from and --to."
        )
    begin, end = _time("--from", first), _time("--to", last)
    if end < begin:
        raise InputError(f"--from {first} is after --to {last}: swap the two.")
    if begin.replace(tzinfo=ZoneInfo(triggers[0].timezone)) > now:
        raise InputError(f"--from {first} is in the future: the schedule will start that itself.")
    after = end if "T" in last else end + timedelta(days=1) - timedelta.resolution
    due = sorted(
        (
            (moment, trigger)
            for trigger in dict.fromkeys(triggers)
            for moment in _due(trigger, begin, after, now)
        ),
        key=lambda each: each[0],
    )
    schedules = " and ".join(dict.fromkeys(each.schedule for each in triggers))
    if not due:
        raise InputError(f"{schedules} of {name} is not due between {first} and {last}.")
    items = tuple(_time_item(moment, trigger, label) for moment, trigger in due)
    return Selection("times", f"of {schedules} from {first} to {last}", items)


def check_label(label: str) -> None:
    """Raise ``InputError`` for a ``label`` that cannot be part of an execution's name."""
    if not _LABEL.fullmatch(label):
        raise InputError(f"--name is '{label}': write 1 to 20 letters and digits, such as again2.")


def _stored(environment: AwsEnvironment, bucket: str, prefix: str) -> Iterator[StoredObject]:
    pages = environment.s3.get_paginator("list_objects_v2")
    with aws_errors(f"s3:ListBucket of {bucket}"):
        try:
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                yield from (_stored_object(bucket, each) for each in page.get("Contents", ()))
        except environment.s3.exceptions.NoSuchBucket:
            name = environment.names.environment
            raise StackError(
                f"the bucket {bucket} does not exist: `invoke apply --instance infra --env {name}` "
                "creates those of zones."
            ) from None


def _stored_object(bucket: str, listed: Mapping[str, Any]) -> StoredObject:
    etag = listed["ETag"].strip('"')
    return StoredObject(bucket, listed["Key"], listed["Size"], etag, listed["LastModified"])


def _object_item(stored: StoredObject, label: str) -> Item:
    title = stored.key.rstrip("/").rpartition("/")[2]
    name = _name(label, title, (stored.bucket, stored.key, stored.etag))
    return Item(name, stored.key, object_input(stored), stored.size)


def _due(trigger: CronTrigger, begin: datetime, end: datetime, now: datetime) -> Iterable[datetime]:
    zone = ZoneInfo(trigger.timezone)
    last = min(end.replace(tzinfo=zone), now.astimezone(zone))
    times = schedule_times(trigger.schedule, timezone=trigger.timezone, start=begin)
    return takewhile(lambda moment: moment <= last, times)


def _time_item(moment: datetime, trigger: CronTrigger, label: str) -> Item:
    event = schedule_input(trigger, moment)
    time = iso_time(moment)
    title = time.replace("-", "").replace(":", "")
    return Item(_name(label, title, (trigger.schedule, trigger.timezone, event)), time, event)


def _name(label: str, title: str, identity: Sequence[JsonValue]) -> str:
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:_DIGEST]
    shown = _UNUSUAL.sub("-", title).strip("-.")[:_LONGEST_TITLE].strip("-.")
    return "-".join(filter(None, ("backfill", label, shown, digest)))


def _time(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise InputError(
            f"{option} is '{text}': write a date like 2025-01-31, or a time like 2025-01-31T06:00 "
            "in the time zone of the schedule."
        )
    return moment
