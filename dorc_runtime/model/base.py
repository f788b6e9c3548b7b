"""What all models share: frozen, closed, comparable and hashable, of values that JSON can hold."""

import math
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, model_validator


class Model(BaseModel):
    """A value that a user writes; it never changes, and other fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)

    def __hash__(self) -> int:
        # Fields may hold dicts and lists (they are JSON), which Python itself does not hash.
        # A field that is no text may hold a reference, which is one.
        return hash((type(self), self.model_dump_json(warnings=False)))

    @model_validator(mode="before")
    @classmethod
    def _in_json(cls, fields: object) -> object:
        if problem := _json_problem(fields):
            raise ValueError(problem)
        return fields


def as_sequence(value: object) -> object:
    """Return a single model as a tuple of one: ``then=Fail("E")``, ``retry=Retry()``."""
    return (value,) if isinstance(value, Model) else value


def as_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return a tuple of texts; a single text becomes a tuple of one: ``Retry("MyError")``."""
    # A single text is a sequence too: of letters.
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _json_problem(fields: object) -> str:
    """Return where ``fields`` hold a number or a text that JSON does not have, "" for nowhere."""
    waiting, seen = [("", fields)], set()
    while waiting:
        path, value = waiting.pop()
        match value:
            case float() if not math.isfinite(value):
                return f"{path}: {value} is no number of JSON: write None or a text"
            case str() if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
                return f"{path}: {value!r} has half of a character: write the whole character"
            # A list that contains itself is refused later.
            case dict() | list() | tuple() if id(value) not in seen:
                seen.add(id(value))
                waiting += _members(path, value)
            case _:
                pass
    return ""


def _members(
    path: str, value: Mapping[object, object] | Sequence[object]
) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{path}.{key}".removeprefix("."), inner
            yield f"{path}, a key", key
    else:
        yield from ((f"{path}[{index}]", inner) for index, inner in enumerate(value))
