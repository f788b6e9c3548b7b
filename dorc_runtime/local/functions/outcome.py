"""The functions of a pipeline, as a run sees them: what they are, and how their calls end.

Open it for what is the same however functions are called: ``Functions`` is all that a run needs,
``pool`` gives it in worker processes and ``inline`` in this one.
"""

import json
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from dorc_runtime.local.functions.runtime import error_text

Cancel = Callable[[], None]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_EVENT = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function as it is called here.

    ``name`` is its folder's name; ``timeout`` is in seconds, ``memory`` in MiB. ``environment`` are
    variables of its own, and ``paths`` the folders to import from behind its own one.
    """

    name: str
    folder: Path
    timeout: float
    memory: int
    environment: Mapping[str, str]
    paths: tuple[Path, ...]
    arn: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A function ended well, with ``payload``."""

    payload: JsonValue


@dataclass(frozen=True, slots=True)
class Raised:
    """A function failed: ``error`` is its type, ``cause`` the JSON that Lambda answers then."""

    error: str
    cause: str


Outcome = Returned | Raised


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function printed; ``request_id`` is "" while its handler is loaded."""

    function: str
    request_id: str
    text: str


class Functions(Protocol):
    """The functions of one pipeline, ready to be called by name."""

    def start(self, names: Iterable[str]) -> None:
        """Begin to load the handlers of ``names``, and return at once."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call a function; ``done`` gets the outcome, once, on whatever thread.

        What is returned ends the call, wherever it is; ``done`` is then not called.
        """

    def close(self) -> None:
        """End every call and every process; ``done`` is not called any more."""


def raised(text: bytes) -> Raised:
    """Return the failure that ``text`` tells of, in Lambda's JSON."""
    return Raised(json.loads(text)["errorType"], text.decode())


def outcome(succeeded: bool, text: bytes) -> Outcome:
    """Return the outcome that a handler's runtime tells of in JSON."""
    return Returned(json.loads(text)) if succeeded else raised(text)


def event_text(payload: JsonValue) -> bytes | Raised:
    """Return the event as a function gets it, or how Lambda refuses one that is too large."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    if len(text) <= LARGEST_EVENT:
        return text
    message = f"Request must be smaller than {LARGEST_EVENT} bytes for the InvokeFunction operation"
    return raised(error_text("Lambda.RequestTooLargeException", message))


def exited(status: int, request_id: str) -> Raised:
    """Return the failure of a function whose process ended with ``status`` (-n: by signal n)."""
    if status < 0:
        reason = (signal.strsignal(-status) or str(-status)).lower()
        how = f"exited with error: signal: {reason}"
    elif status:
        how = f"exited with error: exit status {status}"
    else:
        how = "exited without providing a reason"
    message = f"RequestId: {request_id} Error: Runtime {how}"
    return raised(error_text("Runtime.ExitError", message))
