"""What a message in the log of a function is: a line of the function, or one of Lambda.

Functions of dorc have JSON logs: Lambda's own messages and those of Python's ``logging`` are
objects, and what ``print`` writes stays as it is. Text logs are read as well, because anybody may
change the format of a function in AWS's console:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["start", "end", "line", "exception", "other"]

_TEXT = re.compile(r"(?P<word>START|END|REPORT) RequestId: (?P<id>[\w-]+)")
_TEXT_KINDS: Mapping[str, Kind] = {"START": "start", "REPORT": "end"}
_OTHER = ("INIT_START ", "INIT_REPORT ", "EXTENSION\t", "TELEMETRY\t", "XRAY TraceId: ")
_PLATFORM_KINDS: Mapping[str, Kind] = {"platform.start": "start", "platform.report": "end"}
# The status of a call that Lambda ended; an exception has a message of its own.
_ENDED_BY_LAMBDA = ("failure", "timeout")
# What awslambdaric writes for a record of ``logging``, and for an exception of the handler.
_FIELDS = ("errorMessage", "errorType", "level", "location", "log_level", "logger", "message",
           "requestId", "stackTrace", "tenantId", "timestamp")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message: the ``start`` or ``end`` of a call, a ``line``, an ``exception``, or another one.

    The exception is that of a handler; others are Lambda's.

    ``text`` is what people read, and ``request_id`` the call that it belongs to; both are "" where
    the message has none.
    """

    kind: Kind
    text: str = ""
    request_id: str = ""


def read_message(message: str) -> LogMessage:
    """Return what ``message`` is, and its text."""
    text = message.rstrip("\r\n")
    if text.startswith("{"):
        return _read_object(text)
    if found := _TEXT.match(text):
        return LogMessage(_TEXT_KINDS.get(found["word"], "other"), request_id=found["id"])
    return LogMessage("other") if text.startswith(_OTHER) else LogMessage("line", text)


def _read_object(text: str) -> LogMessage:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return LogMessage("line", text)
    match fields:
        case {"type": str(kind), "record": dict(record)} if kind.startswith("platform."):
            return _platform_message(kind, record)
        case {"timestamp": _, "level": _, "message": _, "logger": _}:
            return _record("line", fields)
        case {"timestamp": _, "log_level": _, "errorType": _}:
            return _record("exception", fields)
        case _:
            return LogMessage("line", text)


def _record(kind: Kind, fields: Mapping[str, Any]) -> LogMessage:
    return LogMessage(kind, "\n".join(_record_lines(fields)), str(fields.get("requestId") or ""))


def _platform_message(kind: str, record: Mapping[str, Any]) -> LogMessage:
    """Return a message of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html."""
    meaning = _PLATFORM_KINDS.get(kind, "other")
    text, status = "", str(record.get("status", ""))
    if meaning == "end" and status in _ENDED_BY_LAMBDA:
        metrics = record.get("metrics", {})
        error = f" {record['errorType']}" if record.get("errorType") else ""
        text = (
            f"Lambda ended the call: {status}{error} after "
            f"{metrics.get('durationMs', 0) / 1000:.2f} s, with "
            f"{metrics.get('maxMemoryUsedMB', '?')} of {metrics.get('memorySizeMB', '?')} MB used"
        )
    return LogMessage(meaning, text, str(record.get("requestId", "")))


def _record_lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a record of ``logging``, or of an exception that a handler raised."""
    level = fields.get("level") or fields["log_level"]
    logger = fields.get("logger", "root")
    source = "" if logger == "root" else f" {logger}:"
    error = ": ".join(str(fields[key]) for key in ("errorType", "errorMessage") if fields.get(key))
    more = {key: value for key, value in fields.items() if key not in _FIELDS}
    extra = f" {json.dumps(more, ensure_ascii=False)}" if more else ""
    yield f"{level}{source} {fields.get('message', error)}{extra}"
    trace = fields.get("stackTrace")
    for frame in trace if isinstance(trace, list) else ():
        yield from str(frame).splitlines()
    if error and "message" in fields:
        yield error
