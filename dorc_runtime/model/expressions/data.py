"""The values that an expression starts from, and how values with expressions become JSON.

``data`` is the input of the step that uses it. ``item`` is the element inside a filter and, in
``Map(select=...)``, the item of the Map. ``execution`` is the execution of the whole pipeline.
``result`` is the step's result, in its ``output=`` and ``assign=``; ``error`` is the caught error,
in the ``output=`` and ``assign=`` of a Catch. ``task_token`` is what somebody has to send back to a
Service that waits for it. ``data.rows > 0`` becomes ``$states.input.rows > 0``, which Step
Functions evaluates in each execution.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.expression import ERROR, ITEM, RESULT, Expression, Value, shown
from dorc_runtime.model.resources import Resource

_MAP_ITEM = "$states.context.Map.Item.Value"
# The result of a step in Step Functions; some integrations wrap the answer in more fields.
STEP_RESULT = "$states.result"
# Where each placeholder may be used, for the error when it is used elsewhere.
_MISPLACED = {
    ITEM: (
        "item is the element of a filter, data.files[item.size > 0], or of Map(select=...); in the "
        "steps of a Map the item is data."
    ),
    RESULT: (
        "result is the result of a step, in its own output= and assign=; in the next step the "
        "output is data."
    ),
    ERROR: (
        "error is the error that a Catch caught, in its output= and assign=; in its steps the "
        "error is data.error."
    ),
}


class Execution:
    """The execution of the whole pipeline, the same for all its steps, inside a Map too.

    In the steps of a distributed Map it is the execution of one item, or of one batch.
    """

    __slots__ = ()

    @property
    def id(self) -> Expression:
        """The execution's ARN."""
        return Expression("$states.context.Execution.Id", atomic=True)

    @property
    def name(self) -> Expression:
        """The execution's name, unique for its pipeline."""
        return Expression("$states.context.Execution.Name", atomic=True)

    @property
    def input(self) -> Expression:
        """The input of the pipeline."""
        return Expression("$states.context.Execution.Input", atomic=True)

    @property
    def start_time(self) -> Expression:
        """When the pipeline was started, as ISO 8601 text in UTC."""
        return Expression("$states.context.Execution.StartTime", atomic=True)


data = Expression("$states.input", atomic=True)
item = Expression(ITEM, atomic=True)
result = Expression(RESULT, atomic=True)
error = Expression(ERROR, atomic=True)
execution = Execution()
TASK_TOKEN = "$states.context.Task.Token"  # noqa: S105 - no secret
task_token = Expression(TASK_TOKEN, atomic=True)


def jsonata(text: str) -> Expression:
    """Return a raw JSONata expression, for what ``data`` cannot express.

    ``text`` is written without ``{%`` and ``%}``; the step's input is ``$states.input``.
    """
    return Expression(text.strip())


def value_text(value: Value) -> JsonValue:
    """Return ``value`` as JSON, each expression in it as text between ``{%`` and ``%}``."""
    return _json(value, _check_placed)


def selected_text(value: Value) -> JsonValue:
    """Return ``value`` as JSON for ``Map(select=...)``, where ``item`` is the Map's item."""
    return _json(value, _binding(ITEM, _MAP_ITEM))


def result_text(value: Value, result: str = STEP_RESULT) -> JsonValue:
    """Return ``value`` as JSON for ``output=`` and ``assign=``, where ``result`` is JSONata."""
    return _json(value, _binding(RESULT, result))


def caught_text(value: Value) -> JsonValue:
    """Return ``value`` as JSON for ``output=`` and ``assign=`` of a Catch."""
    return _json(value, _binding(ERROR, "$states.errorOutput"))


def list_text(value: Value) -> JsonValue:
    """Return ``value`` as JSON where a list is needed.

    A filter that matches one element returns that element alone, so its result is put in a list.
    This is done only if the filtered field exists: a misspelt field must not become an empty list.
    """
    if isinstance(value, Expression) and value._filtered:
        text = _check_placed(value._text)
        return _template(f"$exists({_check_placed(value._filtered)}) ? [{text}]")
    return value_text(value)


def _binding(mark: str, meaning: str) -> Callable[[str], str]:
    return lambda text: _check_placed(text.replace(mark, meaning))


def _check_placed(text: str) -> str:
    """Return ``text``, if no placeholder is left in it."""
    for mark, why in _MISPLACED.items():
        if mark in text:
            raise ExpressionError(f"'{shown(text)}': {why}")
    return text


def _json(value: Value, bind: Callable[[str], str]) -> JsonValue:
    match value:
        case Expression():
            return _template(bind(value._text))
        case Resource():
            return value.address
        case Mapping():
            return {str(key): _json(inner, bind) for key, inner in value.items()}
        case str() if "$states." in value and not value.startswith("{%"):
            raise ExpressionError(
                f"'{value}' is a text, and no expression: instead of str() and % write "
                "'text ' + data.field, or jsonata('...')."
            )
        case str() | bool() | int() | float() | None:
            return value
        case Sequence():
            return [_json(inner, bind) for inner in value]


def _template(text: str) -> str:
    return f"{{% {text} %}}"
