"""Evaluating the expressions of a state as Step Functions does.

The language: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydantic import JsonValue

from dorc_runtime.compile.expressions.syntax import Node, parse, quoted
from dorc_runtime.errors import ExpressionError
from dorc_runtime.local.jsonata.numbers import javascript_number

# AWS ends an evaluation that takes long, after a time that its pages do not give.
SECONDS = 1.0
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_PLAIN_PATH = re.compile(rf"\s*\$({_NAME}(?:\.{_NAME})*)\s*")
_TEMPLATE = re.compile(r"\{%.*%\}", re.DOTALL)
# Names that are not only names in JSONata.
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})
# What an error of $error and $assert says is all there is to say.
_OWN_WORDS = frozenset({"D3137", "D3141"})


# What no field holds, since JSON values are compared by identity.
_ELSEWHERE: JsonValue = ["elsewhere"]


class QueryEvaluationError(Exception):
    """An expression fails, or yields what is no JSON: ``States.QueryEvaluationError``."""


def evaluate(
    text: str,
    *,
    states: Mapping[str, JsonValue],
    variables: Mapping[str, JsonValue] | None = None,
) -> JsonValue:
    """Return what the expression ``text``, without ``{%`` and ``%}``, yields.

    The result shares nothing with ``states`` and ``variables``. Numbers are JavaScript's: 3.0
    comes out as 3, and whole numbers beyond 2^53 lose their last digits.

    Args:
        text: The JSONata.
        states: What ``$states`` holds: ``input``, ``context``, and ``result`` or ``errorOutput``.
        variables: What earlier states assigned, by name without ``$``.

    Raises:
        QueryEvaluationError: If it yields nothing, a function or another thing that is no JSON,
            fails, or takes longer than ``SECONDS`` of the processor.
    """
    bindings: dict[str, JsonValue] = {**(variables or {}), "states": dict(states)}
    try:
        names = _plain_path(text)
        found = _ELSEWHERE if names is None else _follow(names, bindings)
        return _evaluate(text, bindings) if found is _ELSEWHERE else _copy(found)
    except ValueError as error:
        raise QueryEvaluationError(f"{quoted(text)} {error}") from error


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
    match value:
        case str() if _TEMPLATE.fullmatch(value):
            return evaluate(value[2:-2], states=states, variables=variables)
        case list():
            return [evaluate_template(inner, states=states, variables=variables) for inner in value]
        case dict():
            return {
                key: evaluate_template(inner, states=states, variables=variables)
                for key, inner in value.items()
            }
        case _:
            return value


# Most expressions only follow fields through objects, which takes no evaluator. What JSONata
# does to lists on the way is left to it.


@lru_cache(maxsize=4096)
def _plain_path(text: str) -> tuple[str, ...] | None:
    """Return the names in ``$states.input.rows`` and its like, None for any other expression."""
    match = _PLAIN_PATH.fullmatch(text)
    names = tuple(match[1].split(".")) if match else ()
    return names if match and _WORDS.isdisjoint(names) else None


def _follow(names: Sequence[str], bindings: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value at a plain path, ``_ELSEWHERE`` where more than objects is on the way.

    Raises:
        ValueError: If the last object on the way has no such field.
    """
    value: JsonValue = dict(bindings)
    for index, name in enumerate(names):
        if not isinstance(value, dict) or (index == 0 and name not in value):
            return _ELSEWHERE
        if name not in value:
            raise ValueError(_no_field(names, index, value))
        value = value[name]
    return value


def _no_field(names: Sequence[str], index: int, value: Mapping[str, JsonValue]) -> str:
    before = "$" + ".".join(names[:index])
    fields = ", ".join(sorted(value)) or "none"
    return f"yields nothing: {before} has no field '{names[index]}', only these: {fields}"


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

    from dorc_runtime.local.jsonata.evaluator import Evaluator
    from dorc_runtime.local.jsonata.values import from_json, to_json

    known = {name: from_json(value) for name, value in bindings.items()}
    try:
        result = Evaluator(_tree(text), seconds=SECONDS).run(known)
    except ExpressionError as error:
        raise QueryEvaluationError(str(error)) from error
    except JException as error:
        code = "" if error.error in _OWN_WORDS else f"{error.error}: "
        message = str(error).replace(" Object ", " function ")
        raise QueryEvaluationError(f"{quoted(text)} fails: {code}{message}") from error
    except RecursionError as error:
        raise QueryEvaluationError(f"{quoted(text)} fails: it calls itself too deeply") from error
    except Exception as error:  # jsonata-python lets what Python raises pass
        raise QueryEvaluationError(f"{quoted(text)} fails: {error}") from error
    if result is None:
        raise ValueError("yields nothing (undefined)")
    return to_json(result)
