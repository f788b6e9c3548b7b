r"""Event patterns of EventBridge: what is wrong with one, and which events fit it.

The language: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html,
and where that is silent, what AWS's own matcher does: https://github.com/aws/event-ruler.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import pairwise
from operator import eq, ge, gt, le, lt
from typing import Any

from pydantic import JsonValue

Pattern = Mapping[str, JsonValue]

_OR = "$or"
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


def pattern_problems(pattern: JsonValue, *, path: str = "") -> Iterator[str]:
    """Yield what keeps EventBridge from taking ``pattern``, each with where in it that is."""
    place = path or "the pattern"
    if not isinstance(pattern, dict):
        yield f"{place}: an object or a list belongs here, not {pattern!r}: write [{pattern!r}]"
    elif not pattern:
        yield f"{place} is empty, which EventBridge refuses: name a field"
    else:
        for name, value in pattern.items():
            yield from _field_problems(name, value, f"{path}.{name}" if path else name)


def fits(pattern: Pattern, event: Mapping[str, JsonValue]) -> bool:
    """Tell whether ``event`` fits ``pattern``, in which nothing is wrong."""
    for name, wanted in pattern.items():
        if name == _OR and isinstance(wanted, list):
            found = any(isinstance(way, dict) and fits(way, event) for way in wanted)
        elif isinstance(wanted, dict):
            found = any(fits(wanted, inner) for inner in _objects(event.get(name)))
        else:
            assert isinstance(wanted, list)  # noqa: S101 - else something is wrong with it
            values = list(_leaves(event[name])) if name in event else []
            found = any(_one_fits(operator, values) for operator in wanted)
        if not found:
            return False
    return True


def _field_problems(name: str, value: JsonValue, path: str) -> Iterator[str]:
    if name == _OR:
        if not isinstance(value, list) or len(value) < 2:
            yield f"{path}: a list of two patterns or more belongs here"
            return
        for index, way in enumerate(value):
            yield from pattern_problems(way, path=f"{path}[{index}]")
    elif isinstance(value, list):
        if not value:
            yield f"{path} is empty, which EventBridge refuses: name a value"
        for operator in value:
            yield from (f"{path}: {problem}" for problem in _operator_problems(operator))
    else:
        yield from pattern_problems(value, path=path)


def _operator_problems(operator: JsonValue) -> Iterator[str]:
    match operator:
        case dict() if len(operator) == 1:
            [(name, given)] = operator.items()
            if name not in _OPERATORS:
                known = ", ".join(sorted(_OPERATORS))
                yield f"EventBridge knows no operator '{name}'; known: {known}"
            elif not _OPERATORS[name].takes(given):
                yield f"'{name}' does not take {given!r}"
        case dict():
            yield f"one operator belongs here, not {operator!r}"
        case list():
            yield f"a list in a list, {operator!r}: write its values into the outer one"
        case _:
            pass


def _one_fits(operator: JsonValue, values: list[JsonValue]) -> bool:
    """Tell whether one of the values that a field has fits ``operator``."""
    match operator:
        case {"exists": wanted}:
            return bool(values) == wanted
        case _:
            return any(_fits(operator, value) for value in values)


def _fits(operator: JsonValue, value: JsonValue) -> bool:
    if isinstance(operator, dict):
        [(name, given)] = operator.items()
        return _OPERATORS[name].fits(given, value)
    # To Python true is 1.
    return operator == value and isinstance(operator, bool) == isinstance(value, bool)


def _is_text(given: JsonValue) -> bool:
    return isinstance(given, str)


def _is_affix(given: JsonValue) -> bool:
    if isinstance(given, dict):
        return [*given] == ["equals-ignore-case"] and _is_text(given["equals-ignore-case"])
    return isinstance(given, str)


def _is_wildcard(given: JsonValue) -> bool:
    if not isinstance(given, str):
        return False
    parts = [*_WILDCARD.finditer(given)]
    # A backslash before anything else fits no part, and two stars in a row mean nothing.
    whole = sum(len(part[0]) for part in parts) == len(given)
    return whole and not any(one["any"] and other["any"] for one, other in pairwise(parts))


def _is_number(given: JsonValue) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return abs(given) <= _LARGEST_NUMBER


def _is_range(given: JsonValue) -> bool:
    match given:
        case [str(sign), number]:
            return sign in _COMPARISONS and _is_number(number)
        case [">" | ">=", int() | float() as lower, "<" | "<=", int() | float() as upper]:
            return _is_number(lower) and _is_number(upper) and lower < upper
        case _:
            return False


def _is_network(given: JsonValue) -> bool:
    try:
        ip_network(str(given), strict=False)
    except ValueError:
        return False
    return "/" in str(given)


def _is_exception(given: JsonValue) -> bool:
    if isinstance(given, dict):
        [(name, inner)] = given.items() if len(given) == 1 else [("", None)]
        takes = _is_wildcard if name == "wildcard" else _is_text
        return name in _EXCEPTIONS and all(takes(each) and each for each in _listed(inner))
    values = _listed(given)
    return bool(values) and (all(map(_is_text, values)) or all(map(_is_number, values)))


def _affix_fits(test: Callable[[str, str], bool]) -> Callable[[Any, JsonValue], bool]:
    def fits(given: Any, value: JsonValue) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(given, dict):
            return test(value.lower(), given["equals-ignore-case"].lower())
        return test(value, given)

    return fits


def _wildcard_fits(given: Any, value: JsonValue) -> bool:
    texts = (
        ".*" if part["any"] else re.escape(part["escaped"] or part["literal"])
        for part in _WILDCARD.finditer(given)
    )
    return isinstance(value, str) and bool(re.fullmatch("".join(texts), value, re.DOTALL))


def _range_fits(given: Any, value: JsonValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(given[::2], given[1::2], strict=True)
    return all(_COMPARISONS[sign](value, limit) for sign, limit in pairs)


def _network_fits(given: Any, value: JsonValue) -> bool:
    try:
        return isinstance(value, str) and ip_address(value) in ip_network(given, strict=False)
    except ValueError:
        return False


def _exception_fits(given: Any, value: JsonValue) -> bool:
    if isinstance(given, dict):
        [(name, inner)] = given.items()
        return not any(_fits({name: each}, value) for each in _listed(inner))
    return not any(_fits(each, value) for each in _listed(given))


@dataclass(frozen=True)
class _Operator:
    """``takes`` tells what may be given to an operator, ``fits`` whether a value fits that."""

    takes: Callable[[JsonValue], bool]
    fits: Callable[[Any, JsonValue], bool]


_OPERATORS: Mapping[str, _Operator] = {
    "anything-but": _Operator(_is_exception, _exception_fits),
    "cidr": _Operator(_is_network, _network_fits),
    "equals-ignore-case": _Operator(
        _is_text, lambda given, value: isinstance(value, str) and value.lower() == given.lower()
    ),
    "exists": _Operator(lambda given: isinstance(given, bool), lambda given, _: bool(given)),
    "numeric": _Operator(_is_range, _range_fits),
    "prefix": _Operator(_is_affix, _affix_fits(str.startswith)),
    "suffix": _Operator(_is_affix, _affix_fits(str.endswith)),
    "wildcard": _Operator(_is_wildcard, _wildcard_fits),
}
_EXCEPTIONS = frozenset({"equals-ignore-case", "prefix", "suffix", "wildcard"})


def _listed(given: JsonValue) -> list[JsonValue]:
    return given if isinstance(given, list) else [given]


def _objects(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the objects that a field holds; one without fields where it holds none."""
    return [inner for inner in _listed(value) if isinstance(inner, dict)] or [{}]


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    """Yield the values of a field, those in lists one by one; an object is no value."""
    match value:
        case list():
            for inner in value:
                yield from _leaves(inner)
        case dict():
            return
        case _:
            yield value
