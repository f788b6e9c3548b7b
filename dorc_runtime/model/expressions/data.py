"""What expressions start from, and how values that hold them become JSON.

``data`` is the input of the step that uses it, ``item`` the element inside a filter (and, in
``Map(select=...)``, the item of the Map), ``execution`` the run as a whole. In ``output=`` and
``assign=`` of a step ``result`` is what it came to, in those of a Catch ``error`` what was caught.
``data.rows > 0`` is printed as ``$states.input.rows > 0``, which Step Functions evaluates for each
run.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.expression import ERROR, ITEM, RESULT, Expression, Value, shown

_MAP_ITEM = "$states.context.Map.Item.Value"
# Where Step Functions has the result of a step; services wrap what they answer in more.
STEP_RESULT = "$states.result"
# What stands in the place of something that is not known where it is written.
_MISPLACED = {
    ITEM: (
        "item is the element of a filter, data.files[item.size > 0], or of Map(select=...); in the "
        "steps of a Map the item is data."
    ),
    RESULT: (
        "result is what a step came to, in its own output= and assign=; the next step finds "
        "the output in data."
    ),
    ERROR: (
        "error is what a Catch caught, in its output= and assign=; its steps find it in data.error."
    ),
}


class Execution:
    """The run as a whole, as every step of it sees it, inside a Map or Parallel too.

    In the steps of a distributed Map it is the run of the one item, or batch.
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
        """What the pipeline was started with."""
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


def jsonata(text: str) -> Expression:
    """Return a raw JSONata expression, for what ``data`` has no words for.

    ``text`` is written without ``{%`` and ``%}``; the step's input is ``$states.input``.
    """
    return Expression(text.strip())


def value_text(value: Value) -> JsonValue:
    """Return ``value`` as JSON, each expression in it as text between ``{%`` and ``%}``."""
    return _json(value, _unbound)


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
    """Return ``value`` where a list is needed.

    A filter that matches one element yields that element alone, so it is wrapped; but only if the
    filtered field is there, else a misspelt field would pass for an empty list.
    """
    if isinstance(value, Expression) and value._filtered:
        text = _unbound(value._text)
        return _template(f"$exists({_unbound(value._filtered)}) ? [{text}]")
    return value_text(value)


def _binding(mark: str, meaning: str) -> Callable[[str], str]:
    return lambda text: _unbound(text.replace(mark, meaning))


def _unbound(text: str) -> str:
    for mark, why in _MISPLACED.items():
        if mark in text:
            raise ExpressionError(f"'{shown(text)}': {why}")
    return text


def _json(value: Value, bind: Callable[[str], str]) -> JsonValue:
    match value:
        case Expression():
            return _template(bind(value._text))
        case Mapping():
            return {str(key): _json(inner, bind) for key, inner in value.items()}
        case str() | bool() | int() | float() | None:
            return value
        case Sequence():
            return [_json(inner, bind) for inner in value]


def _template(text: str) -> str:
    return f"{{% {text} %}}"
