"""The operators of event patterns: what each takes, and which values fit it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import pairwise
from operator import eq, ge, gt, le, lt
from typing import Any

from pydantic import JsonValue

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_LARGEST_NUMBER = 5e9
# A character, or one of the two that a backslash may stand before.
_WILDCARD = re.compile(r"\\(?P<escaped>[*\\])|(?P<any>\*)|(?P<literal>[^\\*])", re.DOTALL)


def value_fits(operator: JsonValue, value: JsonValue) -> bool:
    """Return whether one ``value`` fits ``operator``, which has no problems."""
    if isinstance(operator, dict):
        [(name, operand)] = operator.items()
        return OPERATORS[name].fits(operand, value)
    # To Python true is 1.
    return operator == value and isinstance(operator, bool) == isinstance(value, bool)


def _is_text(operand: JsonValue) -> bool:
    return isinstance(operand, str)


def _is_affix(operand: JsonValue) -> bool:
    if isinstance(operand, dict):
        return [*operand] == ["equals-ignore-case"] and _is_text(operand["equals-ignore-case"])
    return isinstance(operand, str)


def is_wildcard(operand: JsonValue) -> bool:
    """Return whether ``operand`` is a wildcard that EventBridge takes."""
    if not isinstance(operand, str):
        return False
    parts = [*_WILDCARD.finditer(operand)]
    # A backslash before anything else fits no part, and two stars in a row mean nothing.
    whole = sum(len(part[0]) for part in parts) == len(operand)
    return whole and not any(one["any"] and other["any"] for one, other in pairwise(parts))


def _is_number(operand: JsonValue) -> bool:
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        return False
    return abs(operand) <= _LARGEST_NUMBER


def _is_range(operand: JsonValue) -> bool:
    match operand:
        case [str(sign), number]:
            return sign in _COMPARISONS and _is_number(number)
        case [">" | ">=", int() | float() as lower, "<" | "<=", int() | float() as upper]:
            return _is_number(lower) and _is_number(upper) and lower < upper
        case _:
            return False


def _is_network(operand: JsonValue) -> bool:
    try:
        ip_network(str(operand), strict=False)
    except ValueError:
        return False
    return "/" in str(operand)


def _is_exception(operand: JsonValue) -> bool:
    if isinstance(operand, dict):
        [(name, inner)] = operand.items() if len(operand) == 1 else [("", None)]
        takes = is_wildcard if name == "wildcard" else _is_text
        # EventBridge takes an empty wildcard, and no other empty text.
        return name in _EXCEPTIONS and all(
            takes(each) and (each or name == "wildcard") for each in listed(inner)
        )
    values = listed(operand)
    return bool(values) and (all(map(_is_text, values)) or all(map(_is_number, values)))


def _affix_fits(test: Callable[[str, str], bool]) -> Callable[[Any, JsonValue], bool]:
    def fits(operand: Any, value: JsonValue) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(operand, dict):
            return test(value.lower(), operand["equals-ignore-case"].lower())
        return test(value, operand)

    return fits


def _wildcard_fits(operand: Any, value: JsonValue) -> bool:
    texts = (
        ".*" if part["any"] else re.escape(part["escaped"] or part["literal"])
        for part in _WILDCARD.finditer(operand)
    )
    return isinstance(value, str) and bool(re.fullmatch("".join(texts), value, re.DOTALL))


def _range_fits(operand: Any, value: JsonValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, limit) for sign, limit in pairs)


def _network_fits(operand: Any, value: JsonValue) -> bool:
    try:
        return isinstance(value, str) and ip_address(value) in ip_network(operand, strict=False)
    except ValueError:
        return False


def _exception_fits(operand: Any, value: JsonValue) -> bool:
    if isinstance(operand, dict):
        [(name, inner)] = operand.items()
        return not any(value_fits({name: each}, value) for each in listed(inner))
    return not any(value_fits(each, value) for each in listed(operand))


@dataclass(frozen=True)
class _Operator:
    """``takes`` checks the operand of an operator, ``fits`` whether a value fits the operand."""

    takes: Callable[[JsonValue], bool]
    fits: Callable[[Any, JsonValue], bool]


OPERATORS: Mapping[str, _Operator] = {
    "anything-but": _Operator(_is_exception, _exception_fits),
    "cidr": _Operator(_is_network, _network_fits),
    "equals-ignore-case": _Operator(
        _is_text, lambda operand, value: isinstance(value, str) and value.lower() == operand.lower()
    ),
    "exists": _Operator(
        lambda operand: isinstance(operand, bool), lambda operand, _: bool(operand)
    ),
    "numeric": _Operator(_is_range, _range_fits),
    "prefix": _Operator(_is_affix, _affix_fits(str.startswith)),
    "suffix": _Operator(_is_affix, _affix_fits(str.endswith)),
    "wildcard": _Operator(is_wildcard, _wildcard_fits),
}
_EXCEPTIONS = frozenset({"equals-ignore-case", "prefix", "suffix", "wildcard"})


def listed(operand: JsonValue) -> list[JsonValue]:
    """Return ``operand`` if it is a list, else a list of it."""
    return operand if isinstance(operand, list) else [operand]
