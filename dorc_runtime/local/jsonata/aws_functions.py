"""The six functions that Step Functions adds to JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions
provided by Step Functions". ``None`` is undefined.
"""

import hashlib
import json
import random as chance
import uuid as identity
from typing import Any, NoReturn

from jsonata.jexception import JException

from dorc_runtime.local.jsonata.values import failure, from_json

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
# More numbers than these are over the memory that Step Functions gives to an expression.
_LONGEST_RANGE = 360_145


def partition(values: list[Any] | None, size: float | None) -> list[list[Any]] | None:
    """``$partition``: the list in pieces of ``size``, the last one shorter."""
    if not values or (size is not None and int(size) == 0):
        return None
    if size is not None and size < 0:
        raise failure("Second argument must be zero or greater")
    width = len(values) if size is None else int(size)
    return [list(values[start : start + width]) for start in range(0, len(values), width)]


def range_(first: float, last: float, step: float | None) -> list[int] | int | None:
    """``$range``: the numbers from ``first`` to ``last``, both included, by ``step``."""
    if step is None or int(step) == 0:
        return None
    numbers = range(int(first), int(last) + (1 if step > 0 else -1), int(step))
    if len(numbers) > _LONGEST_RANGE:
        raise JException("D2014", -1, len(numbers))
    return [*numbers] if len(numbers) > 1 else next(iter(numbers), None)


def hash_(text: str | None, algorithm: str | None) -> str | None:
    """``$hash``: the checksum of a text in hexadecimal digits."""
    if text is None or algorithm is None:
        return None
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
        return None
    try:
        return from_json(json.loads(text, parse_constant=_no_json))
    except ValueError as error:
        raise failure(f"$parse: this is not JSON: {error}") from error


def _no_json(word: str) -> NoReturn:
    raise ValueError(word)
