"""A run as a value: what it started with, what happened, how it ended, what it wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from dorc_runtime.runs.events import Ending, Event, StateEntered


class Refusal(NamedTuple):
    """What the role of a function did not allow: ``s3:GetObject`` on the ARN ``resource``."""

    function: str
    action: str
    resource: str


@dataclass(frozen=True)
class RunResult:
    """How a run of ``pipeline`` (``layer/name``) went.

    ``document`` is the state machine that ran, on ``input``. ``written`` holds the objects that the
    run wrote, by ``zone/key``; ``refusals`` what its functions were refused in S3. ``seconds`` is
    how long it took.
    """

    pipeline: str
    document: Mapping[str, JsonValue]
    input: JsonValue
    ending: Ending
    events: tuple[Event, ...]
    written: Mapping[str, bytes]
    refusals: tuple[Refusal, ...]
    seconds: float

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the pipeline's own states, in the order they were entered."""
        entered = [event.visit for event in self.events if isinstance(event, StateEntered)]
        return tuple(visit.state for visit in entered if not visit.pipeline)
