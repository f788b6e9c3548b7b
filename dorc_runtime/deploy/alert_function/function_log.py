"""The last lines that a function printed in one call.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from dorc_runtime.compile.names import function_log_group
from dorc_runtime.runs.failed_states import FailedCall

LINES = 10
_LONGEST_LINE = 300
# So many lines are read at most.
_READ = 20_000
# The clocks differ, and lines come to CloudWatch a little later.
_MARGIN = timedelta(seconds=10)
# The lines of Lambda itself, in its two formats of logs.
_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


def last_lines(logs: Any, call: FailedCall, request_id: str) -> tuple[str, ...]:
    """Return the last lines that a ``call`` printed, at most ten; ``logs`` is boto3's client.

    Lines of `print` have no id of the call, so they are those between the lines of its start and
    its end. Without a ``request_id`` they are the last ones of the function in that time.
    """
    place = {
        "logGroupName": function_log_group(call.function),
        "startTime": _milliseconds(call.started - _MARGIN),
        "endTime": _milliseconds(call.ended + _MARGIN),
    }
    pages = logs.get_paginator("filter_log_events")
    if request_id:
        marked = pages.paginate(**place, filterPattern=f'"{request_id}"')
        found = next((event for page in marked for event in page["events"]), None)
        if found is None:
            return ()
        place["logStreamNames"] = [found["logStreamName"]]
    events = (event["message"] for page in pages.paginate(**place) for event in page["events"])
    lines: Sequence[str] = [text.rstrip("\n") for text in islice(events, _READ)]
    if request_id:
        lines = _between(lines, request_id)
    printed = [text for line in lines if (text := _printed(line))]
    return tuple(printed[-LINES:])


def _between(lines: Sequence[str], request_id: str) -> Sequence[str]:
    """Return the lines between the first and the last that name a request, and those two."""
    named = [number for number, line in enumerate(lines) if request_id in line]
    return lines[named[0] : named[-1] + 1] if named else ()


def _printed(line: str) -> str:
    """Return what a function printed in a line, "" for a line of Lambda itself."""
    if line.startswith(_PLATFORM):
        return ""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    match record:
        case {"type": str(kind), "record": dict()} if kind.startswith("platform."):
            return ""
        case {"timestamp": _, "level": level, "message": message, "logger": _}:
            line = f"{level} {message}"
        case {"timestamp": _, "log_level": level, "errorType": error, "errorMessage": message}:
            line = f"{level} {error}: {message}"
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


def _milliseconds(when: Any) -> int:
    return int(when.timestamp() * 1000)
