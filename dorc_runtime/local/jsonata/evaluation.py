"""Evaluating the expressions of a state as Step Functions does.

The language: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.expressions.syntax import Node, parse, plain_path
from dorc_runtime.errors import ExpressionError
from dorc_runtime.local.jsonata.numbers import javascript_number

# AWS ends an evaluation that takes long, after a time that its pages do not give.
SECONDS = 1.0
_TEMPLATE = re.compile(r"\{%.*%\}", re.DOTALL)

# What no field holds, since JSON values are compared by identity.
_ELSEWHERE: JsonValue = ["elsewhere"]
_UNDEFINED = "returned nothing (undefined)."
_UNSUPPORTED = "returned an unsupported result type."
_THREW = "threw an error during evaluation"


class QueryEvaluationError(Exception):
    """An expression fails, or yields what is no JSON: ``States.QueryEvaluationError``.

    ``reason`` goes on after the expression and its field, in the words of Step Functions. ``path``
    leads from the template to the expression: ``/rows[2]``. ``advice`` says what to do, where more
    is known than the reason says.
    """

    def __init__(self, expression: str, reason: str, *, advice: str = "") -> None:
        super().__init__(f"The JSONata expression '{expression}' {reason}")
        self.expression = expression
        self.reason = reason
        self.path = ""
        self.advice = advice


def evaluate(
    text: str,
    *,
    states: Mapping[str, JsonValue],
    variables: Mapping[str, JsonValue] | None = None,
) -> JsonValue:
    """Return what the expression ``text``, without ``{%`` and ``%}``, yields.

    The result shares nothing with ``states`` and ``variables``. Numbers are JavaScript's: 3.0
    becomes 3, and whole numbers beyond 2^53 lose their last digits.

    Args:
        text: The JSONata.
        states: What ``$states`` holds: ``input``, ``context``, and ``result`` or ``errorOutput``.
        variables: What earlier states assigned, by name without ``$``.

    Raises:
        QueryEvaluationError: If it yields nothing, a function or another thing that is no JSON,
            fails, or takes longer than ``SECONDS`` of the processor.
    """
    return _value(text, _bindings(states, variables))


def evaluate_template(
    value: JsonValue,
    *,
    states: Mapping[str, JsonValue],
    variables: Mapping[str, JsonValue] | None = None,
) -> JsonValue:
    """Return ``value`` with each text of the form ``{% ... %}`` in it evaluated.

    Raises:
        QueryEvaluationError: As ``evaluate`` does.
    """
    return _filled(value, _bindings(states, variables))


def expression_of(template: JsonValue) -> str:
    """Return the expression in the text ``template``, or ``template`` as text if it is none."""
    text = str(template)
    return text[2:-2].strip() if _TEMPLATE.fullmatch(text) else text


def _bindings(
    states: Mapping[str, JsonValue], variables: Mapping[str, JsonValue] | None
) -> dict[str, JsonValue]:
    return {**(variables or {}), "states": dict(states)}


def _filled(value: JsonValue, bindings: Mapping[str, JsonValue]) -> JsonValue:
    match value:
        case str():
            return _value(value[2:-2], bindings) if _TEMPLATE.fullmatch(value) else value
        case dict():
            fields: dict[str, JsonValue] = {}
            for key, inner in value.items():
                try:
                    fields[key] = _filled(inner, bindings)
                except QueryEvaluationError as error:
                    error.path = f"/{key}{error.path}"
                    raise
            return fields
        case list():
            items: list[JsonValue] = []
            for index, inner in enumerate(value):
                try:
                    items.append(_filled(inner, bindings))
                except QueryEvaluationError as error:
                    error.path = f"[{index}]{error.path}"
                    raise
            return items
        case _:
            return value


def _value(text: str, bindings: Mapping[str, JsonValue]) -> JsonValue:
    names = plain_path(text)
    value = _ELSEWHERE if names is None else _follow(text, names, bindings)
    try:
        return _evaluate(text, bindings) if value is _ELSEWHERE else _copy(value)
    except ValueError as error:
        raise QueryEvaluationError(text.strip(), _UNSUPPORTED, advice=f"It {error}.") from error


# Most expressions only follow fields through objects, which takes no evaluator. What JSONata
# does to lists on the way is left to it.


def _follow(text: str, names: Sequence[str], bindings: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value at a plain path, ``_ELSEWHERE`` where more than objects is on the way.

    Raises:
        QueryEvaluationError: The last object on the way has no such field.
    """
    value: Any = bindings
    for index, name in enumerate(names):
        if not isinstance(value, dict) or (index == 0 and name not in value):
            return _ELSEWHERE
        if name not in value:
            advice = _no_field(names, index, value)
            raise QueryEvaluationError(text.strip(), _UNDEFINED, advice=advice)
        value = value[name]
    result: JsonValue = value
    return result


def _no_field(names: Sequence[str], index: int, value: Mapping[str, JsonValue]) -> str:
    before = "$" + ".".join(names[:index])
    fields = ", ".join(sorted(value)) or "none"
    return f"{before} has no field '{names[index]}', only these: {fields}."


def _copy(value: JsonValue) -> JsonValue:
    match value:
        case bool() | str() | None:
            return value
        case int() | float():
            return javascript_number(value)
        case list():
            return [_copy(inner) for inner in value]
        case dict():
            return {key: _copy(inner) for key, inner in value.items()}


@lru_cache(maxsize=1024)
def _tree(text: str) -> Node:
    return parse(text)


def _evaluate(text: str, bindings: Mapping[str, JsonValue]) -> JsonValue:
    # Takes 40 ms, which a run of plain paths does without.
    from jsonata.jexception import JException

    from dorc_runtime.local.jsonata.error_messages import DEEP, ending_of
    from dorc_runtime.local.jsonata.evaluator import Evaluator
    from dorc_runtime.local.jsonata.values import from_json, to_json

    known = {name: from_json(value) for name, value in bindings.items()}
    expression = text.strip()
    try:
        result = Evaluator(_tree(text), seconds=SECONDS).run(known)
    except ExpressionError as error:
        raise QueryEvaluationError(expression, f"{_THREW}: {error}") from error
    except JException as error:
        raise QueryEvaluationError(expression, f"{_THREW}{ending_of(error)}") from error
    except RecursionError as error:
        raise QueryEvaluationError(expression, f"{_THREW}{DEEP}") from error
    except Exception as error:  # jsonata-python lets what Python raises pass
        raise QueryEvaluationError(expression, f"{_THREW}: {error}") from error
    if result is None:
        raise QueryEvaluationError(expression, _UNDEFINED)
    return to_json(result)
