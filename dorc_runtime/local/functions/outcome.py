"""The functions of a pipeline, and the outcomes of their calls.

Open it for what worker processes and inline calls share: ``Functions`` is all that a run needs;
``worker_pool`` provides it with worker processes, and ``inline`` in this process.
"""

import json
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from dorc_runtime.local.functions.runtime import error_text
from dorc_runtime.local.http.answered_hosts import AnsweredHosts

Cancel = Callable[[], None]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_EVENT = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFunction:
    """A function as it is called here.

    ``name`` is its folder's name; ``timeout`` is in seconds, ``memory`` in MiB, and so is
    ``storage``, what ``/tmp`` holds. ``concurrency`` is how many calls it serves at the same time,
    None for as many as this machine does. ``environment`` has the variables that its step sets. Its
    image has ``folder`` and ``lib`` in one folder, and ``packages``. It must not see ``hidden``.
    ``answered`` are the hosts that a server on this machine plays.
    """

    name: str
    folder: Path
    timeout: float
    memory: int
    arn: str
    storage: int = 512
    concurrency: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    lib: Path | None = None
    packages: Path | None = None
    hidden: tuple[Path, ...] = ()
    answered: AnsweredHosts | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The folders to import from after its own."""
        return tuple(path for path in (self.lib, self.packages) if path is not None)


@dataclass(frozen=True, slots=True)
class Returned:
    """A function returned ``payload``; its process has used ``memory`` MiB, if that is known."""

    payload: JsonValue
    memory: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Raised:
    """A function failed: ``error`` is its type, ``cause`` the JSON that Lambda answers.

    Its process has used ``memory`` MiB, if that is known.
    """

    error: str
    cause: str
    memory: int | None = field(default=None, compare=False)


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
        """Start to load the handlers of ``names``, and return at once."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call a function; ``done`` gets the outcome, once, on any thread.

        The function that is returned cancels the call; ``done`` is then not called.
        """

    def close(self) -> None:
        """End every call and every process; ``done`` is not called after that."""


def raised_from(text: bytes) -> Raised:
    """Return the failure that ``text`` describes in Lambda's JSON."""
    return Raised(json.loads(text)["errorType"], text.decode())


def outcome(succeeded: bool, text: bytes) -> Outcome:
    """Return the outcome that a handler's runtime reports as JSON."""
    return Returned(json.loads(text)) if succeeded else raised_from(text)


def event_text(payload: JsonValue) -> bytes | Raised:
    """Return the event as a function gets it, or Lambda's refusal when it is too large."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    if len(text) <= LARGEST_EVENT:
        return text
    message = f"Request must be smaller than {LARGEST_EVENT} bytes for the InvokeFunction operation"
    return raised_from(error_text("Lambda.RequestTooLargeException", message))


def exit_failure(status: int, request_id: str) -> Raised:
    """Return the failure of a function: its process ended with ``status`` (-n: by signal n)."""
    if status < 0:
        reason = (signal.strsignal(-status) or str(-status)).lower()
        how = f"exited with error: signal: {reason}"
    elif status:
        how = f"exited with error: exit status {status}"
    else:
        how = "exited without providing a reason"
    message = f"RequestId: {request_id} Error: Runtime {how}"
    return raised_from(error_text("Runtime.ExitError", message))
