"""A run as a value: what it started with, what happened, how it ended, what it wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from dorc_runtime.runs.events import Ending, Event, StateEntered
from dorc_runtime.runs.failure import Failure


class Refusal(NamedTuple):
    """What the role of a caller did not allow: ``s3:GetObject`` on the ARN ``resource``.

    A bucket that does not exist is among them, which S3 itself reports to the caller.

    ``function`` is the caller: a function, or the access key of a state machine.
    """

    function: str
    action: str
    resource: str


class ServiceCall(NamedTuple):
    """A call of an AWS service other than S3 that succeeded: ``PutItem`` of ``dynamodb``.

    ``caller`` is the function that made it, or the pipeline for a step without a function.
    """

    caller: str
    service: str
    action: str
    arguments: Mapping[str, JsonValue]


class FunctionMemory(NamedTuple):
    """The most memory that the calls of a function ``used``, of its ``size``, in MiB."""

    used: int
    size: int


@dataclass(frozen=True)
class RunResult:
    """How a run of ``pipeline`` (``layer/name``) went.

    ``document`` is the state machine that ran, on ``input``. ``written`` holds the objects that the
    run wrote, by ``zone/key``; ``refusals`` what its roles did not allow. ``seconds`` is
    how long it took. ``calls`` are those of its functions and steps, ``messages`` what
    these sent, by topic or queue: JSON as its value, other texts as they are. ``tables`` has all
    items of its tables after the run, as plain JSON. ``seeded`` has the objects
    from before the run that still are as they were: their files, by ``zone/key``. ``notes`` say
    what to look at in the example, whether the run succeeded or not. ``memory`` has that of the
    functions that were called in worker processes. ``function`` is the only one that was called,
    "" for a run of the whole pipeline; ``example`` is the example's name, if any.
    """

    pipeline: str
    document: Mapping[str, JsonValue]
    input: JsonValue
    ending: Ending
    events: tuple[Event, ...]
    written: Mapping[str, bytes]
    refusals: tuple[Refusal, ...]
    seconds: float
    calls: tuple[ServiceCall, ...] = ()
    tables: Mapping[str, Sequence[Mapping[str, JsonValue]]] = field(default_factory=dict)
    messages: Mapping[str, Sequence[JsonValue]] = field(default_factory=dict)
    seeded: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    memory: Mapping[str, FunctionMemory] = field(default_factory=dict)
    function: str = ""
    example: str = ""
    failure: Failure | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the pipeline's own states, in the order they were entered."""
        entered = [event.visit for event in self.events if isinstance(event, StateEntered)]
        return tuple(visit.state for visit in entered if not visit.pipeline)
