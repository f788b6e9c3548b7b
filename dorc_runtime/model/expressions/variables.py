"""Variables: a step assigns them, and any later step may use them.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue

from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.expression import Expression, Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_RESERVED = "states"


def variable(name: str) -> Expression:
    """Return the value that an earlier step assigned to the variable ``name`` with ``assign``.

    A step in a Map or Parallel may use the variables outside it; a variable that is assigned inside
    exists only inside. The steps of a distributed Map cannot use variables outside it.
    """
    if _problem(name):
        raise ExpressionError(_problem(name))
    return Expression(f"${name}", atomic=True)


def check_variable(name: str) -> str:
    """Return ``name``; raise ``ValueError`` if a variable cannot have it."""
    if _problem(name):
        raise ValueError(_problem(name))
    return name


def _names(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in values:
        check_variable(name)
    return values


# The values that a step assigns to variables, by name, each as JSON with expressions in it.
Assignments = Annotated[dict[str, JsonValue], AfterValidator(_names)]


def assignments(
    values: Mapping[str, Value] | None, text: Callable[[Value], JsonValue]
) -> dict[str, JsonValue]:
    """Return each of ``values`` as JSON, made by ``text``."""
    return {name: text(value) for name, value in (values or {}).items()}


def _problem(name: str) -> str:
    if name == _RESERVED:
        return "a variable cannot be called 'states', a reserved name of Step Functions: rename it"
    if not _NAME.fullmatch(name):
        return (
            f"a variable cannot be called '{name}': write at most 80 letters, digits and "
            "underscores, no digit first"
        )
    return ""
