"""The six functions that Step Functions adds to JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions
provided by Step Functions". ``None`` is undefined, which none of them takes.
"""

import hashlib
import json
import random as chance
import uuid as identity
from typing import Any, NoReturn

from dorc_runtime.local.jsonata.values import failure, from_json

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
# Documented for States.ArrayRange, which $range stands in for:
# https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
_LONGEST_RANGE = 1000


def partition(values: list[Any] | None, size: float | None) -> list[list[Any]]:
    """``$partition``: the list in pieces of ``size``, the last one shorter."""
    if values is None or not isinstance(size, int) or size < 1:
        raise failure("$partition takes a list and a whole number over 0")
    return [list(values[start : start + size]) for start in range(0, len(values), size)]


def range_(first: float | None, last: float | None, step: float | None) -> list[int]:
    """``$range``: the numbers from ``first`` to ``last``, both included, by ``step``."""
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(step, int):
        raise failure("$range takes three whole numbers: the first, the last, the step")
    if step == 0:
        raise failure("$range: the step is 0, so that the list would never end")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > _LONGEST_RANGE:
        raise failure(f"$range: {len(numbers)} numbers are over its {_LONGEST_RANGE}")
    return list(numbers)


def hash_(text: str | None, algorithm: str | None) -> str:
    """``$hash``: the checksum of a text in hexadecimal digits."""
    if text is None:
        raise failure("$hash takes a text; write $string(...) around anything else")
    if algorithm not in _ALGORITHMS:
        raise failure(f"$hash: '{algorithm}' is none of {', '.join(_ALGORITHMS)}")
    name = algorithm.replace("-", "").lower()
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def random(seed: float | None) -> float:
    """``$random``: from 0 to below 1; the same for the same seed, though not AWS's number."""
    # Nothing secret hangs on it.
    return (chance if seed is None else chance.Random(seed)).random()  # noqa: S311


def uuid() -> str:
    """``$uuid``: a random UUID, version 4."""
    return str(identity.uuid4())


def parse(text: str | None) -> Any:
    """``$parse``: the value of a text of JSON."""
    if text is None:
        raise failure("$parse takes a text of JSON")
    try:
        return from_json(json.loads(text, parse_constant=_no_json))
    except ValueError as error:
        raise failure(f"$parse: this is not JSON: {error}") from error


def _no_json(word: str) -> NoReturn:
    raise ValueError(word)
