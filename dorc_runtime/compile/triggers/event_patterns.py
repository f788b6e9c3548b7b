r"""Event patterns of EventBridge: what is wrong with one, and which events fit it.

The language: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html,
and where that is silent, what AWS's own matcher does: https://github.com/aws/event-ruler.
"""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from dorc_runtime.compile.triggers.pattern_operators import (
    OPERATORS,
    is_wildcard,
    listed,
    value_fits,
)
from dorc_runtime.compile.triggers.wildcard_complexity import too_complex

Pattern = Mapping[str, JsonValue]

_OR = "$or"
_TOO_COMPLEX = (
    "rule is too complex - try using fewer wildcard characters or fewer repeating character "
    "sequences after a wildcard character"
)


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
    """Return whether ``event`` fits ``pattern``, which has no problems.

    A dot in the name of a field, in either, leads into an object: ``detail.state``.
    """
    return _all_fit(pattern, nested(event))


def _all_fit(pattern: Pattern, event: Mapping[str, JsonValue]) -> bool:
    return all(_field_fits(name, condition, event) for name, condition in pattern.items())


def _field_fits(name: str, condition: JsonValue, event: Mapping[str, JsonValue]) -> bool:
    if name == _OR and isinstance(condition, list):
        return any(isinstance(each, dict) and _all_fit(each, event) for each in condition)
    first, dot, rest = name.partition(".")
    if dot:
        return _field_fits(first, {rest: condition}, event)
    if isinstance(condition, dict):
        return any(_all_fit(condition, inner) for inner in _objects(event.get(name)))
    assert isinstance(condition, list)  # noqa: S101 - else the pattern has a problem
    values = list(_leaves(event[name])) if name in event else []
    return any(_one_fits(operator, values) for operator in condition)


def nested(event: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return ``event`` with objects in place of fields that have dots in their names."""
    fields: dict[str, JsonValue] = {}
    for name, value in event.items():
        first, dot, rest = name.partition(".")
        inner = nested({rest: value}) if dot else _nested_value(value)
        fields[first] = _merged(fields[first], inner) if first in fields else inner
    return fields


def _nested_value(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return nested(value)
        case list():
            return [_nested_value(inner) for inner in value]
        case _:
            return value


def _merged(one: JsonValue, other: JsonValue) -> JsonValue:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return [*listed(one), *listed(other)]
    both = {name: _merged(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def _field_problems(name: str, value: JsonValue, path: str) -> Iterator[str]:
    if name == _OR:
        if not isinstance(value, list) or len(value) < 2:
            yield f"{path}: a list of two patterns or more belongs here"
            return
        for index, each in enumerate(value):
            yield from pattern_problems(each, path=f"{path}[{index}]")
    elif isinstance(value, list):
        if not value:
            yield f"{path} is empty, which EventBridge refuses: name a value"
        for operator in value:
            yield from (f"{path}: {problem}" for problem in _operator_problems(operator))
        if too_complex(list(_wildcards(value))):
            yield f"{path}: {_TOO_COMPLEX}"
    else:
        yield from pattern_problems(value, path=path)


def _operator_problems(operator: JsonValue) -> Iterator[str]:
    match operator:
        case dict() if len(operator) == 1:
            [(name, operand)] = operator.items()
            if name not in OPERATORS:
                known = ", ".join(sorted(OPERATORS))
                yield f"EventBridge knows no operator '{name}'; known: {known}"
            elif not OPERATORS[name].takes(operand):
                yield f"'{name}' does not accept {operand!r}"
        case dict():
            yield f"one operator belongs here, not {operator!r}"
        case list():
            yield f"a list in a list, {operator!r}: write its values into the outer one"
        case _:
            pass


def _wildcards(operators: list[JsonValue]) -> Iterator[str]:
    for operator in operators:
        if not isinstance(operator, dict):
            continue
        exception = operator.get("anything-but")
        operands = [operator, exception] if isinstance(exception, dict) else [operator]
        for each in operands:
            yield from filter(is_wildcard, listed(each.get("wildcard")))


def _one_fits(operator: JsonValue, values: list[JsonValue]) -> bool:
    """Return whether one of the values that a field has fits ``operator``."""
    match operator:
        case {"exists": bool(expected)}:
            return bool(values) == expected
        case _:
            return any(value_fits(operator, value) for value in values)


def _objects(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the objects that a field holds; one without fields where it holds none."""
    return [inner for inner in listed(value) if isinstance(inner, dict)] or [{}]


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
