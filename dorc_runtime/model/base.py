"""What all models share: frozen, closed, comparable and hashable."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A value that a user writes; it never changes, and other fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)

    def __hash__(self) -> int:
        # Fields may hold dicts and lists (they are JSON), which Python itself does not hash.
        return hash((type(self), self.model_dump_json()))


def as_sequence(value: object) -> object:
    """Return a single model as a tuple of one: ``then=Fail("E")``, ``retry=Retry()``."""
    return (value,) if isinstance(value, Model) else value


def as_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return a tuple of texts; a single text becomes a tuple of one: ``Retry("MyError")``."""
    # A single text is a sequence too: of letters.
    return (texts,) if isinstance(texts, str) else tuple(texts)
