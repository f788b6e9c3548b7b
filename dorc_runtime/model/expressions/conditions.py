"""Conditions: expressions that are true or false in each execution."""

import json
from typing import Annotated

from pydantic import AfterValidator

from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.data import jsonata, value_text
from dorc_runtime.model.expressions.expression import Expression
from dorc_runtime.model.references import Reference, is_reference


def condition_text(condition: Expression | str, *, start: str, end: str) -> str:
    """Return ``condition`` as JSONata between ``{%`` and ``%}``.

    ``start`` and ``end`` are what a user writes before and after it: ``If(`` and ``, then=[...])``.
    Raises ``ExpressionError`` for a value that Python knows before a run.
    """
    if not isinstance(condition, Expression | str):
        raise ExpressionError(
            f"{start}{condition!r}): the condition must be an expression, not a value that Python "
            f"knows before a run: {start}data.rows == 0{end}. To compare a setting write {start}"
            """jsonata(f"{setting('mode')} = 'fast'")"""
            f"{end}."
        )
    if isinstance(condition, Reference):
        condition = jsonata(condition)
    return str(value_text(condition))


def _checked(condition: str) -> str:
    if is_reference(condition):
        return condition
    if not condition.startswith("{%"):
        raise ValueError("the condition must be an expression, for example data.rows == 0")
    text = condition[2:-2].strip()
    if text not in ("true", "false") and _is_json(text):
        raise ValueError(f"the condition is {text}, but it must be true or false")
    return condition


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


Condition = Annotated[str, AfterValidator(_checked)]
"""A condition as text, between ``{%`` and ``%}``."""
