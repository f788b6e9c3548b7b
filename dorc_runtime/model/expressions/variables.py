"""Variables, which any later step of a pipeline may use.

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
    """Return what an earlier step has given to the variable ``name`` by ``assign``.

    A step in a Map or Parallel sees the variables outside it too; what is assigned inside stays
    inside. The steps of a distributed Map see none from outside.
    """
    if _problem(name):
        raise ExpressionError(_problem(name))
    return Expression(f"${name}", atomic=True)


def _names(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in values:
        if _problem(name):
            raise ValueError(_problem(name))
    return values


# The variables that a step gives values to, by name, each as JSON with expressions in it.
Assigned = Annotated[dict[str, JsonValue], AfterValidator(_names)]


def assigned(
    values: Mapping[str, Value] | None, text: Callable[[Value], JsonValue]
) -> dict[str, JsonValue]:
    """Return each of ``values`` as JSON, made by ``text``."""
    return {name: text(value) for name, value in (values or {}).items()}


def _problem(name: str) -> str:
    if name == _RESERVED:
        return "no variable can be called 'states', which is Step Functions' own"
    if not _NAME.fullmatch(name):
        return (
            f"no variable can be called '{name}': write letters, digits and underscores, no digit "
            "first, 80 at most"
        )
    return ""
