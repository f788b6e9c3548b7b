"""The visits of a run: one for each entering of a state, with its times, retries and error."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from dorc_runtime.runs.events import (
    Event,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
)


@dataclass(frozen=True, slots=True)
class StateVisit:
    """One entering of a state of the pipeline itself.

    ``path`` names the item of a Map, or the branch of a Parallel, that the state is in: ``("Map",
    "3")``. ``at`` is in seconds since the epoch; ``seconds`` is how long the visit took, None where
    the run ended before the visit did. ``error`` is the name of the error that failed the state, or
    that a catcher took; ``caught`` is then the state that the run continued at. Both are "" where
    nothing failed.
    """

    state: str
    kind: str
    path: tuple[str, ...]
    at: float
    seconds: float | None = None
    retries: int = 0
    error: str = ""
    caught: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """Return the visit as ``result.json`` has it, with null in place of ""."""
        return {
            "state": self.state,
            "kind": self.kind,
            "path": list(self.path),
            "at": round(self.at, 3),
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "retries": self.retries,
            "error": self.error or None,
            "caught": self.caught or None,
        }


def visits_of(events: Iterable[Event]) -> tuple[StateVisit, ...]:
    """Return the visits of the pipeline's own states, in the order they were entered."""
    visits: dict[int, StateVisit] = {}
    for event in events:
        match event:
            case StateEntered(at=at, visit=visit) if not visit.pipeline:
                visits[visit.number] = StateVisit(visit.state, visit.kind, visit.path, at)
            case StateEntered():
                continue
            case StateExited() | StateFailed() | StateRetried() | StateCaught():
                if known := visits.get(event.visit.number):
                    visits[event.visit.number] = _after(known, event)
            case _:
                continue
    return tuple(visits.values())


def _after(
    visit: StateVisit, event: StateExited | StateFailed | StateRetried | StateCaught
) -> StateVisit:
    match event:
        case StateRetried():
            return replace(visit, retries=visit.retries + 1)
        case StateCaught(error=error, to=to):
            return replace(visit, error=error, caught=to)
        case StateFailed(error=error):
            return replace(visit, error=error, seconds=event.at - visit.at)
        case StateExited():
            return replace(visit, seconds=event.at - visit.at)
