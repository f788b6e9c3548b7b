"""What a pipeline receives from each kind of trigger: small documents, the same here and on AWS.

Times are ISO 8601 text in UTC.
"""

from collections.abc import Mapping

from pydantic import JsonValue

Event = dict[str, JsonValue]


def object_event(*, bucket: str, key: str, size: int, etag: str, time: str) -> Event:
    """Return what an S3Trigger sends: the object that landed, its ``size`` in bytes."""
    return {"bucket": bucket, "key": key, "size": size, "etag": etag, "time": time}


def schedule_event(*, time: str, given: Mapping[str, JsonValue]) -> Event:
    """Return what a CronTrigger sends: the ``time`` it was due, and the trigger's own input."""
    return {"time": time, **given}


def pipeline_event(*, pipeline: str, execution: str, status: str, time: str) -> Event:
    """Return what a PipelineTrigger sends: the pipeline that ended, and how."""
    return {"pipeline": pipeline, "execution": execution, "status": status, "time": time}
