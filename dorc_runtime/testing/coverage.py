"""Which ways through the state machines of a test session were taken, and which never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dorc_runtime.runs.events import Event

# A state by its name, or a way from one state to another: of a Choice, or of a Catch.
Way = tuple[str, ...]
_STATE, _CHOICE, _CATCH = "states", "choices", "catches"


@dataclass
class Coverage:
    """What runs of pipelines had before them and what they took, by the pipelines' ids."""

    known: dict[str, set[Way]] = field(default_factory=dict)
    taken: dict[str, set[Way]] = field(default_factory=dict)

    def add(self, pipeline: str, document: Mapping[str, Any], events: Iterable[Event]) -> None:
        """Count a run of ``document``."""
        self.known.setdefault(pipeline, set()).update(_ways(document))
        self.taken.setdefault(pipeline, set()).update(_taken(events))

    def data(self) -> dict[str, Any]:
        """Return what ``join`` takes, in types that every process can send."""
        return {
            pipeline: [sorted(map(list, ways)), sorted(map(list, self.taken[pipeline]))]
            for pipeline, ways in self.known.items()
        }

    def join(self, data: Mapping[str, Any]) -> None:
        """Count what another process counted."""
        for pipeline, (known, taken) in data.items():
            self.known.setdefault(pipeline, set()).update(map(tuple, known))
            self.taken.setdefault(pipeline, set()).update(map(tuple, taken))

    def lines(self) -> list[str]:
        """Return what was never taken, a line for each pipeline and kind; none when all was.

        A way is left out whose beginning was never reached, since that is told.
        """
        lines: list[str] = []
        for pipeline, known in sorted(self.known.items()):
            missed = known - self.taken[pipeline]
            unreached = {way[1] for way in missed if way[0] == _STATE}
            told = [way for way in sorted(missed) if way[0] == _STATE or way[1] not in unreached]
            for kind in (_STATE, _CHOICE, _CATCH):
                ways = [" -> ".join(way[1:]) for way in told if way[0] == kind]
                if ways:
                    lines.append(f"{pipeline}: {kind}: {', '.join(ways)}")
        return lines


def _ways(machine: Mapping[str, Any]) -> Iterator[Way]:
    """Yield all that can be taken in a machine, and in the parts of its Maps and Parallels."""
    for name, state in machine["States"].items():
        yield _STATE, name
        for choice in state.get("Choices", ()):
            yield _CHOICE, name, choice["Next"]
        if "Default" in state:
            yield _CHOICE, name, state["Default"]
        for catch in state.get("Catch", ()):
            yield _CATCH, name, catch["Next"]
        for part in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _ways(part)


def _taken(events: Iterable[Event]) -> Iterator[Way]:
    from dorc_runtime.runs.events import StateCaught, StateEntered, StateExited

    # By the place of the state: what is entered next in the same place is where it led.
    chosen: dict[tuple[str, ...], str] = {}
    for event in events:
        match event:
            # A called pipeline's states are not this one's, whatever they are called.
            case (
                StateEntered(visit=visit) | StateExited(visit=visit) | StateCaught(visit=visit)
            ) if visit.pipeline:
                pass
            case StateEntered(visit=visit):
                yield _STATE, visit.state
                if visit.path in chosen:
                    yield _CHOICE, chosen.pop(visit.path), visit.state
            case StateExited(visit=visit) if visit.kind == "Choice":
                chosen[visit.path] = visit.state
            case StateCaught(visit=visit, to=to):
                yield _CATCH, visit.state, to
            case _:
                pass
