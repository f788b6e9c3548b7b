"""The input that each kind of trigger gives to a pipeline, the same in local runs and on AWS.

Times are ISO 8601 text in UTC.
"""

from collections.abc import Mapping

from pydantic import JsonValue

Event = dict[str, JsonValue]


def object_event(*, bucket: str, key: str, size: int, etag: str, time: str) -> Event:
    """Return the input from an S3Trigger: the uploaded object, with its ``size`` in bytes."""
    return {"bucket": bucket, "key": key, "size": size, "etag": etag, "time": time}


def schedule_event(*, time: str, extra: Mapping[str, JsonValue]) -> Event:
    """Return the input from a CronTrigger: the ``time`` of the schedule, and its own input."""
    return {"time": time, **extra}


def pipeline_event(*, pipeline: str, execution: str, status: str, time: str) -> Event:
    """Return the input from a PipelineTrigger: the pipeline that ended, and its status."""
    return {"pipeline": pipeline, "execution": execution, "status": status, "time": time}
