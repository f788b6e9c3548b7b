"""JSON values as JSONata sees them: JavaScript's numbers and texts, null apart from undefined.

jsonata-python has ``None`` for undefined; JSON's null is its ``NULL_VALUE`` in here.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jsonata.jexception import JException
from jsonata.parser import Parser
from jsonata.utils import Utils
from pydantic import JsonValue

from dorc_runtime.local.jsonata.numbers import LARGE, javascript_number

NULL = Utils.NULL_VALUE
# Below, JavaScript writes a number with an exponent.
_SMALL = 1e-6


def failure(why: str) -> JException:
    """Return an error with the message ``why``."""
    return JException("D3137", -1, why)


def from_json(value: JsonValue) -> Any:
    """Return ``value`` for an expression; nothing in it is shared with the original."""
    match value:
        case None:
            return NULL
        case bool() | str():
            return value
        case int() | float():
            return javascript_number(value)
        case list():
            return [from_json(inner) for inner in value]
        case dict():
            return {key: from_json(inner) for key, inner in value.items()}


def to_json(value: object) -> JsonValue:
    """Return the JSON of what an expression yields.

    Raises:
        ValueError: JSON cannot hold it.
    """
    if value is NULL:
        return None
    match value:
        case None:
            raise ValueError("yields nothing in a place of a list or object")
        case bool():
            return value
        case str():
            return _whole(value)
        case float() if not math.isfinite(value):
            # As Step Functions writes them, since JSON has no such numbers.
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case int() | float():
            return javascript_number(value)
        case list():
            return [to_json(inner) for inner in value]
        case dict():
            return {_whole(key): to_json(inner) for key, inner in value.items()}
        case _:
            raise ValueError("yields a function, which is no JSON")


def _whole(text: str) -> str:
    """Return ``text`` with the halves of its characters joined, as JavaScript may leave them."""
    if text.isascii():
        return text
    whole = joined(text)
    try:
        whole.encode()
    except UnicodeEncodeError:
        raise ValueError("yields half of a character, which is no JSON") from None
    return whole


def units(text: str) -> str:
    """Return ``text`` with the characters that JavaScript counts as two as two."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    encoded = text.encode("utf-16-be", "surrogatepass")
    pairs = zip(encoded[::2], encoded[1::2], strict=True)
    return "".join(chr(high << 8 | low) for high, low in pairs)


def joined(text: str) -> str:
    """Return a text of ``units`` as Python has it."""
    if text.isascii():
        return text
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


class Text(str):
    """A text that orders as in JavaScript, by the units of UTF-16."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return self.encode("utf-16-be", "surrogatepass") < other.encode(
            "utf-16-be", "surrogatepass"
        )


def string(value: object, indent: bool = False) -> str | None:
    """Return ``value`` as ``$string`` and ``&`` write it; a function is empty."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Utils.JList) and value.outer_wrapper:
        value = value[0]
    if isinstance(value, float) and not math.isfinite(value):
        raise JException("D3001", -1)
    if _is_function(value):
        return ""
    return _printed(value, "\n" if indent else "")


def _printed(value: object, line: str) -> str:
    """Return ``value`` as JavaScript's JSON.stringify; ``line`` starts a line, or is empty."""
    if value is NULL or value is None:
        return "null"
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return _between("[]", [_printed(inner, line and line + "  ") for inner in value], line)
        case dict():
            colon = ": " if line else ":"
            pairs = [
                json.dumps(key, ensure_ascii=False) + colon + _printed(inner, line and line + "  ")
                for key, inner in value.items()
            ]
            return _between("{}", pairs, line)
        case _:
            return '""'


def _between(brackets: str, parts: list[str], line: str) -> str:
    if not parts:
        return brackets
    inner = line and line + "  "
    return f"{brackets[0]}{inner}{f',{inner}'.join(parts)}{line}{brackets[1]}"


def _number(value: float) -> str:
    """Return a number with fifteen digits, as JSONata prints it, in JavaScript's notation."""
    rounded = float(f"{value:.15g}")
    if not math.isfinite(rounded):
        return "null"
    if rounded.is_integer() and abs(rounded) < LARGE:
        return str(javascript_number(rounded))
    if _SMALL <= abs(rounded) < LARGE:
        return format(Decimal(repr(rounded)), "f")
    mantissa, _, exponent = repr(rounded).partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-0')}"


def _is_function(value: object) -> bool:
    if isinstance(value, Parser.Symbol) or Utils.is_function(value):
        return True
    return not isinstance(value, Mapping | list | bool | int | float) and value is not NULL
