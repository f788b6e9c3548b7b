"""The causes of errors as AWS writes them, read for people: a message, and the frames of a trace.

What Lambda answers for an exception:
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html

The function of alerts has this module too, so it loads the standard library alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

# The line of a syntax error has no function, and is written differently.
_FRAME = re.compile(
    r'\s*File "(?P<file>[^"]+)",? [Ll]ine (?P<line>\d+)(?:, in (?P<function>.+))?\n?(?P<code>.*)'
)
# Some libraries color their messages, for a terminal that a function does not have.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_REQUEST = re.compile(r"RequestId: (?P<id>[\w-]+) Error: ")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stack trace: ``code`` is the line ``line`` of ``file``, in ``function``.

    ``is_own`` says that the file belongs to the user's repository, from which its path then starts.
    """

    file: str
    line: int
    function: str = ""
    code: str = ""
    is_own: bool = False

    def as_json(self) -> dict[str, JsonValue]:
        """Return the frame as ``result.json`` has it."""
        return {
            "file": self.file,
            "line": self.line,
            "function": self.function or None,
            "code": self.code,
            "own": self.is_own,
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause as people read it.

    ``request_id`` is that of the call of a function that failed, "" where the cause does not say.
    """

    message: str
    trace: tuple[Frame, ...] = ()
    request_id: str = ""


def read_cause(cause: str) -> Cause:
    """Return what ``cause`` says: of JSON from Lambda or a service the message, else the text.

    The cause of a pipeline that another one called is the error and the message that it ended with.
    """
    try:
        answer = json.loads(cause)
    except (ValueError, RecursionError):
        return Cause(cause)
    match answer:
        case {"errorMessage": message}:
            return _function_cause(str(message), answer)
        case {"ExecutionArn": _, "Status": status}:
            error = str(answer.get("Error") or status)
            inner = read_cause(str(answer.get("Cause") or ""))
            message = f"{error}: {inner.message}" if inner.message else error
            return replace(inner, message=message)
        case {"FailedEntryCount": _, "Entries": list(entries)}:
            return Cause("; ".join(_entry_message(each) for each in entries if "ErrorCode" in each))
        case _:
            return Cause(cause)


def _function_cause(message: str, answer: dict[str, object]) -> Cause:
    request_id = answer.get("requestId")
    # What Lambda reports from outside the function has the id in the message.
    if found := _REQUEST.match(message):
        message, request_id = message[found.end() :], found["id"]
    message = _COLORS.sub("", message)
    entries = answer.get("stackTrace")
    frames = (_FRAME.match(each) for each in entries) if isinstance(entries, list) else ()
    trace = tuple(
        Frame(each["file"], int(each["line"]), each["function"] or "", each["code"].strip())
        for each in frames
        if each
    )
    return Cause(message, trace, request_id if isinstance(request_id, str) else "")


def _entry_message(entry: dict[str, object]) -> str:
    return f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}".removesuffix(": ")
