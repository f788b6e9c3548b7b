"""JSONata's functions on all but texts, where jsonata-python's differ from JSONata 2.0.6's.

``None`` is undefined; arguments have been held to the functions' signatures.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from dorc_runtime.local.jsonata.numbers import LARGE
from dorc_runtime.local.jsonata.values import NULL, Text, failure, from_json, string

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
# What JavaScript's Date.parse takes of JSONata's own rule; jsonata-python takes more.
_ISO_8601 = re.compile(
    r"(\d{4})(-(\d\d)(-(\d\d)(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)
_PICTURE_PART = re.compile(r"\[([^\]]*)\]")
_PICTURE_PARTS = frozenset("YMDFHhmsfPZz")


def total(numbers: list[float] | None) -> float | None:
    """``$sum``: from left to right, as doubles."""
    if numbers is None:
        return None
    result = 0.0
    for number in numbers:
        result += number
    return result


def average(numbers: list[float] | None) -> float | None:
    """``$average``."""
    if not numbers:
        return None
    result = total(numbers)
    return result if result is None else result / len(numbers)


def number(value: Any) -> float | None:
    """``$number``: of JSON's notation, and 0x, 0o, 0b."""
    if value is None or isinstance(value, bool | int | float):
        return value if value is None else value + 0
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value):
            double = float(value)
            if math.isfinite(double):
                return double
        elif _OTHER_BASE.fullmatch(value):
            return float(int(value, 0))
    raise JException("D3030", -1, value)


def power(base: float | None, exponent: float | None) -> Any:
    """``$power``, with a result that is a number of JSON."""
    try:
        return Functions.power(base, exponent)
    except OverflowError:
        raise JException("D3061", -1, base, exponent) from None


def rounded(value: float | None, precision: float | None) -> float | None:
    """``$round``: halves to the even side, of the number as it is written."""
    if value is None:
        return None
    if not precision:
        return float(round(value))
    if not isinstance(precision, int):
        raise failure("$round takes a whole number of digits")
    whole = round(_shifted(float(value), precision))
    return _shifted(float(whole), -precision)


def _shifted(value: float, digits: int) -> float:
    return float(Decimal(repr(value)).scaleb(digits))


def format_base(value: float | None, radix: float | None) -> str | None:
    """``$formatBase``, of numbers that JavaScript writes without an exponent."""
    if value is not None and abs(value) >= LARGE:
        raise failure("$formatBase: the number is too large")
    text: str | None = Functions.format_base(value, radix)
    return text


def kind(value: Any) -> str | None:
    """``$type``."""
    name: str | None = "function" if isinstance(value, re.Pattern) else Functions.type(value)
    return name


def sort(values: list[Any] | None, comparator: Any) -> list[Any] | None:
    """``$sort``: a merge that swaps wherever ``comparator`` yields something true."""
    if values is None or len(values) <= 1:
        return values
    if comparator is not None:
        return _merge_sorted(
            values,
            lambda left, right: _truthy(Functions.func_apply(comparator, [left, right])),
        )
    if Utils.is_array_of_strings(values):
        return sorted(values, key=Text)
    if Utils.is_array_of_numbers(values):
        return sorted(values)
    raise JException("D3070", -1)


def _truthy(value: Any) -> bool:
    """Return whether ``value`` is true to JavaScript (not to JSONata: a list is true)."""
    return isinstance(value, list | dict) or (value is not NULL and bool(value))


def _merge_sorted(values: list[Any], swapped: Callable[[Any, Any], bool]) -> list[Any]:
    if len(values) <= 1:
        return list(values)
    middle = len(values) // 2
    left = _merge_sorted(values[:middle], swapped)
    right = _merge_sorted(values[middle:], swapped)
    merged: list[Any] = []
    first, second = 0, 0
    while first < len(left) and second < len(right):
        if swapped(left[first], right[second]):
            merged.append(right[second])
            second += 1
        else:
            merged.append(left[first])
            first += 1
    return [*merged, *left[first:], *right[second:]]


def distinct(values: Any) -> Any:
    """``$distinct``."""
    if not isinstance(values, list) or len(values) <= 1:
        return values
    results = Utils.create_sequence() if Utils.is_sequence(values) else []
    for value in values:
        if not any(Utils.is_deep_equal(value, result) for result in results):
            results.append(value)
    return results


def clone(value: Any) -> Any:
    """``$clone``: a copy by way of its text, which keeps fifteen digits of a number."""
    text = string(value)
    return None if text is None else from_json(json.loads(text))


def _check_picture(picture: str) -> None:
    """Refuse the pictures of times that jsonata-python reads otherwise."""
    parts = _PICTURE_PART.findall(picture.replace("[[", ""))
    years = [part for part in parts if part.startswith("Y") and "," not in part]
    if "][" in picture or not years or not {part[:1] for part in parts} <= _PICTURE_PARTS:
        raise failure(
            f"$toMillis: the picture '{picture}' cannot be read here as on AWS; have the year [Y], "
            "then any of M D F H h m s f P Z, with something between them"
        )


def to_millis(timestamp: str | None, picture: str | None) -> int | None:
    """``$toMillis``: without a picture, of dates and times in ISO 8601."""
    if timestamp is None:
        return None
    if picture is not None:
        _check_picture(picture)
        millis: int | None = Functions.datetime_to_millis(timestamp, picture)
        return millis
    match = _ISO_8601.fullmatch(timestamp)
    if match is None:
        raise JException("D3110", -1, timestamp)
    zone = "" if match[8] else "+00:00"
    time = match[6] or "T00:00:00"
    text = f"{match[1]}-{match[3] or '01'}-{match[5] or '01'}{time}{zone}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise JException("D3110", -1, timestamp) from None
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000
