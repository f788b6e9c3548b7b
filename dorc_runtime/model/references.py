"""References: values that a definition names, and that are known for each environment.

A reference is a text with a mark in it. So it may be wherever a text may be: in a longer text, in
arguments, in an expression. ``compile.target`` replaces the marks by the values of an environment.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from pydantic import AfterValidator, JsonValue, ValidationError, WrapValidator

from dorc_runtime.errors import DefinitionError, ExpressionError
from dorc_runtime.model.base import Model
from dorc_runtime.model.invalid_values import invalid_field, invalid_reason

_MARK = re.compile(r"\$\{dorc:([a-z-]+):([^}]*)\}")
# In an expression: a text in quotes, or a mark outside quotes.
_LITERAL = re.compile(rf"""\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|{_MARK.pattern}""", re.DOTALL)
_EXPRESSION = re.compile(r"\{%.*%\}", re.DOTALL)

T = TypeVar("T")
# Returns the value of a reference, by its kind and its name.
Values = Callable[[str, str], JsonValue]


class Reference(str):
    """A text that is replaced by a value when the environment is known."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise ExpressionError(
            f"{_call(self)} cannot be used here: Python would need its value, which differs "
            f"between environments. To choose steps write Choice(If({_call(self)}, then=[...]))."
        )

    def __add__(self, other: object) -> str:
        # An expression knows what to write instead.
        if isinstance(other, int | float):
            return self.__mul__(other)
        return super().__add__(other)  # type: ignore[operator]

    def __mul__(self, other: object) -> NoReturn:
        raise ExpressionError(
            f"Python cannot compute with {_call(self)}, because its value is different in each "
            "environment: add a setting with the result."
        )

    __rmul__ = __mul__


class _PlacedError(DefinitionError):
    """A problem with a reference, in a message that names the step."""


def is_reference(value: object) -> bool:
    """Return whether ``value`` is a reference, or a text with one in it."""
    return isinstance(value, str) and _MARK.search(value) is not None


def references_in(text: str) -> tuple[tuple[str, str], ...]:
    """Return the references in ``text``, each as its kind and its name."""
    return tuple(_MARK.findall(text))


def with_calls(text: str) -> str:
    """Return ``text`` with settings as a user writes them, and resources by their names."""
    return _MARK.sub(lambda mark: _call(mark[0]).removeprefix(f"the {mark[1]} "), text)


def setting_names(model: Model) -> frozenset[str]:
    """Return the names of the settings in ``model``."""
    marks = _MARK.findall(model.model_dump_json(warnings=False))
    return frozenset(name for kind, name in marks if kind == "setting")


def reference(kind: str, name: str) -> Reference:
    """Return the reference to the value of ``kind`` ("setting") that is called ``name``."""
    return Reference(f"${{dorc:{kind}:{name}}}")


def setting(name: str) -> Any:
    """Return the setting ``name``: a field of the model in ``Config(settings=...)``.

    It may be wherever a definition takes a value. A number that is used for a time is in seconds.
    """
    if not (isinstance(name, str) and name.isidentifier()):
        raise ExpressionError(
            f"setting({name!r}): write the name of a field of the model in Config(settings=...)."
        )
    return reference("setting", name)


def infra_output(name: str) -> Any:
    """Return the output ``name`` of infra: what ``pulumi.export`` exports in ``infra/__main__.py``.

    It may be wherever a definition takes a value. In runs on this machine it is the value below
    ``[outputs]`` in ``local.toml``.
    """
    return reference("output", name)


def output_names(model: Model) -> frozenset[str]:
    """Return the names of infra's outputs in ``model``."""
    marks = _MARK.findall(model.model_dump_json(warnings=False))
    return frozenset(name for kind, name in marks if kind == "output")


def _pass_reference(value: object, validate: Callable[[object], object]) -> object:
    return value if isinstance(value, Reference) else validate(value)


def _fixed(value: str) -> str:
    if is_reference(value):
        raise ValueError("a setting cannot be used here: write the value itself")
    return value


# For names: a reference is refused.
Fixed = AfterValidator(_fixed)
# For fields that are no texts: a reference is accepted, and its value is validated later.
Resolvable = WrapValidator(_pass_reference)


def resolved(value: T, values: Values) -> T:
    """Return ``value`` with each reference in it replaced by its value.

    Models are validated again. A value without references is returned as it is.

    Raises:
        DefinitionError: A reference has no value, or its value does not fit where it is used. The
            message has no full stop, as it can be followed by the environment.
    """
    result: Any = value
    match value:
        case str():
            result = _resolved_text(value, values)
        case Model():
            result = _resolved_model(value, values)
        case dict():
            pairs = {key: resolved(inner, values) for key, inner in value.items()}
            if any(pairs[key] is not value[key] for key in value):
                result = pairs
        case tuple() | list():
            items = [resolved(inner, values) for inner in value]
            if any(new is not old for new, old in zip(items, value, strict=True)):
                result = type(value)(items)
        case _:
            pass
    return result  # type: ignore[no-any-return]


def _resolved_model(model: Model, values: Values) -> Model:
    kind = type(model)
    fields: dict[str, object] = {name: getattr(model, name) for name in kind.model_fields}
    place = getattr(model, "name", None)
    prefix = "" if place is None else f"{place or kind.__name__}: "
    try:
        new = resolved(fields, values)
        if new is fields:
            return model
        result = kind.__new__(kind)
        # The constructor of the class takes other arguments than its fields.
        Model.__init__(result, **new)
    except ValidationError as error:
        problem = prefix + _misfit(error, fields, owner="" if prefix else f" of a {error.title}")
        raise _PlacedError(problem) if prefix else DefinitionError(problem) from error
    except DefinitionError as error:
        if prefix and not isinstance(error, _PlacedError):
            raise _PlacedError(f"{prefix}{error}") from error
        raise
    return result


def _misfit(error: ValidationError, fields: dict[str, object], *, owner: str) -> str:
    """Return the problem of a value that does not fit; ``fields`` have the references."""
    first = error.errors()[0]
    what = invalid_field(first) + owner
    reason = invalid_reason(first, known=tuple(fields))
    mark = fields.get(str(first["loc"][0])) if first["loc"] else None
    if not isinstance(mark, Reference):
        return f"{what} is {first['input']!r}: {reason}"
    problem = f"{what} is {_call(mark)} with the value {first['input']!r}: {reason}."
    [(kind, name)] = references_in(mark)
    if kind == "setting":
        return (
            f"{problem} Change '{name}' below `settings:` in infra/Pulumi.<env>.yaml and below "
            "[settings] in local.toml, or its default and type in the class"
        )
    return f"{problem} Change its value in infra"


def _resolved_text(text: str, values: Values) -> JsonValue:
    if whole := _MARK.fullmatch(text):
        return values(*whole.groups())
    if not _MARK.search(text):
        return text
    if _EXPRESSION.fullmatch(text):
        return _LITERAL.sub(lambda literal: _resolved_literal(literal[0], values), text)
    return _MARK.sub(lambda mark: plain_text(values(*mark.groups())), text)


def _resolved_literal(literal: str, values: Values) -> str:
    """Return a text in quotes, or a mark, with values in place of marks."""
    if alone := _MARK.fullmatch(literal.strip("\"'")):
        return _json(values(*alone.groups()))
    return _MARK.sub(lambda mark: _json(plain_text(values(*mark.groups())))[1:-1], literal)


def _call(mark: str) -> str:
    """Return what a user writes for a reference."""
    kind, name = _MARK.findall(mark)[0]
    calls = {"setting": f'setting("{name}")', "output": f'infra_output("{name}")'}
    return calls.get(kind, f"the {kind} {name}")


def _json(value: JsonValue) -> str:
    # AWS looks for the end of an expression before it reads the texts in it.
    shown = json.dumps(value, ensure_ascii=False).replace("%}", "\\u0025}")
    return f"({shown})" if shown.startswith("-") else shown


def plain_text(value: JsonValue) -> str:
    """Return ``value`` as text: a text as it is, everything else as JSON (``true``, ``[1, 2]``)."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
