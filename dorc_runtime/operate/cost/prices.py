"""The price of what executions use, from the table ``prices.toml``."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Usage:
    """What one execution used: state transitions, calls of functions, and their GB-seconds."""

    transitions: int
    calls: int
    gb_seconds: float


@dataclass(frozen=True)
class Prices:
    """The prices of a region in US dollars, as they were on ``date``."""

    date: date
    transition: float
    call: float
    gb_second: float

    def price(self, usage: Usage) -> float:
        """Return what ``usage`` costs."""
        return (
            usage.transitions * self.transition
            + usage.calls * self.call
            + usage.gb_seconds * self.gb_second
        )


def region_prices(region: str, *, architecture: str) -> Prices | None:
    """Return the prices in ``region`` for functions on ``architecture``, None where not known."""
    table = _table()
    transitions = table["step_functions"]["transitions"].get(region)
    if transitions is None:
        return None
    functions = table["lambda"]
    return Prices(
        table["date"],
        transition=transitions / 1_000,
        call=functions["million_requests"] / 1_000_000,
        gb_second=functions["duration"][architecture],
    )


@cache
def _table() -> dict[str, Any]:
    file = files(__package__) / "prices.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
