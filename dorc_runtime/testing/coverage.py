"""Which states and transitions the tests of a session reached, and which not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dorc_runtime.runs.events import Event

# A kind and a state, or a kind and the two states of a transition: of a Choice, or of a Catch.
Part = tuple[str, ...]
_STATE, _CHOICE, _CATCH = "states", "choices", "catches"


@dataclass
class Coverage:
    """The parts of state machines, and those that runs reached, by the pipelines' ids."""

    parts: dict[str, set[Part]] = field(default_factory=dict)
    reached: dict[str, set[Part]] = field(default_factory=dict)

    def add(self, pipeline: str, document: Mapping[str, Any], events: Iterable[Event]) -> None:
        """Count a run of ``document``."""
        self.parts.setdefault(pipeline, set()).update(_parts(document))
        self.reached.setdefault(pipeline, set()).update(_reached(events))

    def data(self) -> dict[str, Any]:
        """Return what ``join`` takes, as values that processes can send."""
        return {
            pipeline: [sorted(map(list, parts)), sorted(map(list, self.reached[pipeline]))]
            for pipeline, parts in self.parts.items()
        }

    def join(self, data: Mapping[str, Any]) -> None:
        """Count what another process counted."""
        for pipeline, (parts, reached) in data.items():
            self.parts.setdefault(pipeline, set()).update(map(tuple, parts))
            self.reached.setdefault(pipeline, set()).update(map(tuple, reached))

    def lines(self) -> list[str]:
        """Return what was not reached, one line for each pipeline and kind.

        A transition is left out where its first state was not reached, as that has its own line.
        """
        lines: list[str] = []
        for pipeline, parts in sorted(self.parts.items()):
            missed = parts - self.reached[pipeline]
            states = {part[1] for part in missed if part[0] == _STATE}
            shown = [part for part in sorted(missed) if part[0] == _STATE or part[1] not in states]
            for kind in (_STATE, _CHOICE, _CATCH):
                names = [" -> ".join(part[1:]) for part in shown if part[0] == kind]
                if names:
                    lines.append(f"{pipeline}: {kind}: {', '.join(names)}")
        return lines


def _parts(machine: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts of a machine, and of the machines in its Maps and Parallels."""
    for name, state in machine["States"].items():
        yield _STATE, name
        for choice in state.get("Choices", ()):
            yield _CHOICE, name, choice["Next"]
        if "Default" in state:
            yield _CHOICE, name, state["Default"]
        for catch in state.get("Catch", ()):
            yield _CATCH, name, catch["Next"]
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _parts(inner)


def _reached(events: Iterable[Event]) -> Iterator[Part]:
    from dorc_runtime.runs.events import StateCaught, StateEntered, StateExited

    # By the path of a Choice: the state that is entered next on that path is the chosen one.
    chosen: dict[tuple[str, ...], str] = {}
    for event in events:
        match event:
            # The states of a called pipeline are not those of this one, even with the same name.
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
