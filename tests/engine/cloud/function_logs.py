"""What Lambda writes into the log of a function with JSON logs, which all functions of dorc have.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import LogLine

# What a record of ``logging`` is in a text log, which a local run has.
_RECORD = re.compile(r"\[(?P<level>\w+)\]\t(?P<time>\S+)\t(?P<id>\S*)\t(?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What Lambda answers: ``payload`` is a function's output, or its error when it ``failed``."""

    payload: JsonValue
    failed: bool
    request_id: str


def log_messages(
    answer: Answer, lines: Sequence[tuple[float, LogLine]], *, began: float, ended: float
) -> Iterator[tuple[float, str]]:
    """Yield the messages of a call with their times; ``lines`` are what the function printed."""
    handling = [(at, line) for at, line in lines if line.request_id]
    for at, line in lines:
        if not line.request_id:
            yield at, _printed(line.text)
            began = at
    start: JsonValue = {"requestId": answer.request_id, "version": "$LATEST"}
    yield began, _json(time=_time(began), type="platform.start", record=start)
    for at, line in handling:
        yield at, _printed(line.text)
    if isinstance(answer.payload, dict) and answer.failed:
        error = {"timestamp": _time(ended), "log_level": "ERROR", **answer.payload}
        yield ended, _json(**error)
    milliseconds = round((ended - began) * 1000, 3)
    report: JsonValue = {
        "requestId": answer.request_id,
        "metrics": {"durationMs": milliseconds, "memorySizeMB": 512, "maxMemoryUsedMB": 64},
        "status": "error" if answer.failed else "success",
    }
    yield ended, _json(time=_time(ended), type="platform.report", record=report)


def _printed(text: str) -> str:
    if record := _RECORD.fullmatch(text):
        return _json(
            timestamp=record["time"],
            level=record["level"],
            message=record["message"],
            logger="root",
            requestId=record["id"],
        )
    return text


def _json(**fields: JsonValue) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
