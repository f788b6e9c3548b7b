"""What each expression of a document may refer to: variables, and members of ``$states``.

Which variables exist in a state depends on the ways that lead to it:
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

Names = frozenset[str]

_ALWAYS = frozenset({"input", "context"})
_RESULT = _ALWAYS | {"result"}
_ERROR = _ALWAYS | {"errorOutput"}
_WITH_RESULT = ("Task", "Map", "Parallel")
_HANDED_ON = ("Output", "Assign")


@dataclass(frozen=True)
class Use:
    """An expression, ``{% ... %}``, in a state.

    ``members`` are the members that ``$states`` has there; ``variables`` are those that may have a
    value there.
    """

    state: str
    text: str
    members: Names
    variables: Names


@dataclass(frozen=True)
class Clash:
    """A state inside a Map or Parallel assigns a variable that also exists outside."""

    state: str
    variable: str


def uses(machine: Mapping[str, Any], outer: Names = frozenset()) -> Iterator[Use]:
    """Yield all expressions of ``machine``; ``outer`` are the variables around it."""
    known = _known(machine, outer)
    for name, state in machine["States"].items():
        names = known.get(name, outer)
        for field, value in state.items():
            if field in ("Branches", "ItemProcessor", "Retry"):
                continue
            for part, members in _parts(state, field, value):
                yield from (Use(name, text, members, names) for text in _expressions(part))
        for inner, distributed in inner_machines(state):
            yield from uses(inner, frozenset() if distributed else names)


def clashes(machine: Mapping[str, Any], outer: Names = frozenset()) -> Iterator[Clash]:
    """Yield the variables that are assigned both inside and outside of a Map or Parallel."""
    own = frozenset().union(*(_assigned(state) for state in machine["States"].values()))
    for name, state in machine["States"].items():
        yield from (Clash(name, variable) for variable in sorted(_assigned(state) & outer))
        for inner, distributed in inner_machines(state):
            yield from clashes(inner, frozenset() if distributed else own | outer)


def inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the machines inside ``state``, and whether each runs in its own executions."""
    for branch in state.get("Branches", ()):
        yield branch, False
    if "ItemProcessor" in state:
        processor = state["ItemProcessor"]
        yield processor, processor["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


def _known(machine: Mapping[str, Any], outer: Names) -> dict[str, Names]:
    """Return the variables that may have a value in each state, by its name."""
    known = {machine["StartAt"]: outer}
    left = [machine["StartAt"]]
    while left:
        name = left.pop()
        for following, assigned in _ways(machine["States"][name]):
            names = known[name] | assigned
            if not names <= known.get(following, frozenset()) or following not in known:
                known[following] = known.get(following, frozenset()) | names
                left.append(following)
    return known


def _ways(state: Mapping[str, Any]) -> Iterator[tuple[str, Names]]:
    """Yield the states that may follow, and the variables that are assigned on the way to each."""
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], frozenset(state.get("Assign", ()))
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield way["Next"], frozenset(way.get("Assign", ()))


def _assigned(state: Mapping[str, Any]) -> Names:
    places = (state, *state.get("Choices", ()), *state.get("Catch", ()))
    return frozenset(name for place in places for name in place.get("Assign", ()))


def _parts(
    state: Mapping[str, Any], field: str, value: JsonValue
) -> Iterator[tuple[JsonValue, Names]]:
    if field == "Catch" and isinstance(value, list):
        yield from ((catcher, _ERROR) for catcher in value)
    elif field in _HANDED_ON and state["Type"] in _WITH_RESULT:
        yield value, _RESULT
    else:
        yield value, _ALWAYS


def _expressions(value: JsonValue) -> Iterator[str]:
    match value:
        case str() if value.startswith("{%"):
            yield value
        case list():
            for inner in value:
                yield from _expressions(inner)
        case dict():
            for inner in value.values():
                yield from _expressions(inner)
        case _:
            pass
