"""A JSONata expression, written with Python's attributes, indexes and operators.

Nothing is evaluated here. The language: https://docs.jsonata.org, and the part that AWS accepts:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, Self

from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.method_calls import call_remedy
from dorc_runtime.model.references import Reference
from dorc_runtime.model.resources import Resource

# The placeholder of ``item``, until it is known whether it is a filter's element or a Map's item.
ITEM = "\x00"
# The placeholders of ``result`` and ``error``, until the field that they are used in is known.
RESULT = "\x01"
ERROR = "\x02"
SHOWN = {ITEM: "item", RESULT: "result", ERROR: "error"}
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


class Expression:
    """A JSONata expression; attributes, indexes and operators make longer ones.

    A field with a name that is no Python attribute, or that is called ``exists``, ``or_else`` or
    ``is_in``, or starts with an underscore, is written ``data["Body Mass (g)"]``.
    """

    __slots__ = ("_atomic", "_filtered", "_joined", "_text")
    # Two expressions are never equal in Python: ``==`` makes a third.
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, text: str, *, atomic: bool = False, filtered: str = "", joined: bool = False
    ) -> None:
        self._text = text
        self._joined = joined
        self._atomic = atomic
        self._filtered = filtered

    def __str__(self) -> str:
        return shown(self._text)

    def __repr__(self) -> str:
        return f"<JSONata {self}>"

    # Paths

    def __getattr__(self, field: str) -> Self:
        if field.startswith("_"):
            raise AttributeError(field)
        return self[field]

    def __getitem__(self, key: "str | int | Expression") -> Self:
        base = _operand(self)
        match key:
            case str():
                return self._path(f"{base}.{_field(key)}", filtered=self._filtered)
            case bool() | slice():
                raise ExpressionError(
                    f"{self!s}[...] takes a field, a number or a filter; for a part of a list "
                    f"write jsonata('{self!s}[[0..2]]')."
                )
            case int():
                return self._path(f"{base}[{key}]", filtered="")
            case Expression():
                inner = key._text.replace(ITEM, "$")
                return self._path(f"{base}[{inner}]", filtered=self._filtered or base)

    def _path(self, text: str, *, filtered: str) -> Self:
        return type(self)(text, atomic=True, filtered=filtered)

    # Conditions

    def exists(self) -> "Expression":
        """Whether the field exists (a field that is null exists)."""
        return Expression(f"$exists({self._text})", atomic=True)

    def or_else(self, other: "Value") -> "Expression":
        """This value, or ``other`` where the field is missing."""
        fallback = _operand(other)
        return Expression(f"($exists({self._text}) ? {_operand(self)} : {fallback})", atomic=True)

    def is_in(self, values: "Expression | Sequence[Value]") -> "Expression":
        """Whether this value is one of ``values``."""
        return self._join("in", values)

    # Operators

    def _join(self, operator: str, other: "Value", *, swapped: bool = False) -> "Expression":
        left, right = _operand(self), _operand(other)
        if swapped:
            left, right = right, left
        return Expression(f"{left} {operator} {right}", joined=operator == "&")

    def _add(self, other: "Value", *, swapped: bool = False) -> "Expression":
        if isinstance(other, Reference):
            raise ExpressionError(
                f"'{self!s} + setting(...)': dorc does not know whether the setting is a number. "
                "Write jsonata(f'$states.input.field + {setting(...)}'), with & for texts."
            )
        # Python adds texts with +, JSONata joins them with &.
        is_text = (
            isinstance(part, str) or (isinstance(part, Expression) and part._joined)
            for part in (self, other)
        )
        return self._join("&" if any(is_text) else "+", other, swapped=swapped)

    def __eq__(self, other: "Value") -> "Expression":  # type: ignore[override]
        return self._join("=", other)

    def __ne__(self, other: "Value") -> "Expression":  # type: ignore[override]
        return self._join("!=", other)

    def __lt__(self, other: "Value") -> "Expression":
        return self._join("<", other)

    def __le__(self, other: "Value") -> "Expression":
        return self._join("<=", other)

    def __gt__(self, other: "Value") -> "Expression":
        return self._join(">", other)

    def __ge__(self, other: "Value") -> "Expression":
        return self._join(">=", other)

    def __and__(self, other: "Value") -> "Expression":
        return self._join("and", other)

    def __rand__(self, other: "Value") -> "Expression":
        return self._join("and", other, swapped=True)

    def __or__(self, other: "Value") -> "Expression":
        return self._join("or", other)

    def __ror__(self, other: "Value") -> "Expression":
        return self._join("or", other, swapped=True)

    def __invert__(self) -> "Expression":
        return Expression(f"$not({self._text})", atomic=True)

    def __add__(self, other: "Value") -> "Expression":
        return self._add(other)

    def __radd__(self, other: "Value") -> "Expression":
        return self._add(other, swapped=True)

    def __sub__(self, other: "Value") -> "Expression":
        return self._join("-", other)

    def __rsub__(self, other: "Value") -> "Expression":
        return self._join("-", other, swapped=True)

    def __mul__(self, other: "Value") -> "Expression":
        return self._join("*", other)

    def __rmul__(self, other: "Value") -> "Expression":
        return self._join("*", other, swapped=True)

    def __truediv__(self, other: "Value") -> "Expression":
        return self._join("/", other)

    def __rtruediv__(self, other: "Value") -> "Expression":
        return self._join("/", other, swapped=True)

    def __mod__(self, other: "Value") -> "Expression":
        return self._join("%", other)

    def __rmod__(self, other: "Value") -> "Expression":
        return self._join("%", other, swapped=True)

    def __neg__(self) -> "Expression":
        return Expression(f"-{_operand(self)}")

    # Operations of Python that need the value itself, which is unknown here

    def __bool__(self) -> NoReturn:
        raise ExpressionError(
            f"Python does not know the value of '{self!s}' before a run. Write & for and, "
            "| for or, ~ for not, and Choice(If(..., then=[...])) for if."
        )

    def __contains__(self, value: object) -> NoReturn:
        left = _print(value) if not isinstance(value, Expression) else str(value)
        raise ExpressionError(
            f"Python does not know the value of '{self!s}' before a run. Instead of in write "
            f"x.is_in({self!s}) for a field x of data, or jsonata('{left} in {self!s}')."
        )

    def __iter__(self) -> Iterator[NoReturn]:
        raise ExpressionError(
            f"Python does not know the value of '{self!s}' before a run. "
            "Instead of a loop write Map(over=..., steps=[...])."
        )

    def __len__(self) -> NoReturn:
        self._refuse("len()", "$count({})")

    # Type checkers report a call by themselves, as long as they do not see this.
    if not TYPE_CHECKING:

        def __call__(self, *arguments: object, **named: object) -> NoReturn:
            """Refuse a method of Python with what to write instead."""
            values = [_print(each) for each in (*arguments, *named.values())]
            raise ExpressionError(shown(call_remedy(self._text, values)))

    def __abs__(self) -> NoReturn:
        self._refuse("abs()", "$abs({})")

    def __round__(self, digits: int = 0) -> NoReturn:
        self._refuse("round()", f"$round({{}}, {digits})" if digits else "$round({})")

    def __int__(self) -> NoReturn:
        self._refuse("int()", "$floor($number({}))")

    def __float__(self) -> NoReturn:
        self._refuse("float()", "$number({})")

    def __floordiv__(self, other: "Value") -> NoReturn:
        self._refuse("//", f"$floor({{}} / {_operand(other)})")

    def __pow__(self, other: "Value") -> NoReturn:
        self._refuse("**", f"$power({{}}, {_print(other)})")

    def _refuse(self, operation: str, text: str) -> NoReturn:
        raise ExpressionError(
            f"Python does not know the value of '{self!s}' before a run. Instead of {operation} "
            f"write jsonata({text.format(str(self))!r})."
        )

    def __format__(self, spec: str) -> NoReturn:
        raise ExpressionError(
            f"Python does not know the value of '{self!s}' before a run. "
            "Instead of an f-string write 'text ' + data.field."
        )


# JSON with expressions in it.
Value = (
    Expression | Resource | str | int | float | bool | None | Sequence["Value"]
    | Mapping[str, "Value"]
)  # fmt: skip


def shown(text: str) -> str:
    """Return an expression's text with the names of its placeholders."""
    for mark, name in SHOWN.items():
        text = text.replace(mark, name)
    return text


def _field(name: str) -> str:
    if "`" in name:
        raise ExpressionError(
            f"JSONata cannot name the field '{name}', because it holds a `: rename the field."
        )
    if _FIELD.fullmatch(name) and name not in _WORDS:
        return name
    return f"`{name}`"


def _operand(value: Value) -> str:
    if isinstance(value, Expression):
        return value._text if value._atomic else f"({value._text})"
    return _print(value)


def _print(value: object) -> str:
    match value:
        case Expression():
            return value._text
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if value >= 0 else f"({value})"
        case float() if math.isfinite(value):
            return repr(value) if value >= 0 else f"({value!r})"
        case str():
            # AWS looks for the end of an expression before it reads the texts in it.
            return json.dumps(value, ensure_ascii=False).replace("%}", "\\u0025}")
        case Resource():
            return _print(value.address)
        case Mapping():
            pairs = (f"{_print(str(key))}: {_print(inner)}" for key, inner in value.items())
            return "{" + ", ".join(pairs) + "}"
        case Sequence():
            return "[" + ", ".join(_print(inner) for inner in value) + "]"
        case _:
            raise ExpressionError(
                f"{value!r} cannot be part of an expression: use texts, numbers, True or False, "
                "None, lists, dicts and other expressions."
            )
