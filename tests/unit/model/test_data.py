"""Expressions print as JSONata, and refuse what Python would decide."""

from collections.abc import Callable

import pytest

from dorc_runtime import Map, Pass, data, execution, item, jsonata
from dorc_runtime.errors import ExpressionError
from dorc_runtime.model.expressions.data import list_text, selected_text, value_text
from dorc_runtime.model.expressions.expression import Expression, Value

PRINTED = {
    "a field": (data.rows, "$states.input.rows"),
    "fields and an index": (data.a.b[0], "$states.input.a.b[0]"),
    "the last one": (data.files[-1], "$states.input.files[-1]"),
    "a field that is no Python name": (
        data["Body Mass (g)"],
        "$states.input.`Body Mass (g)`",
    ),
    "a field that is a word of JSONata": (data["and"], "$states.input.`and`"),
    "a field that is a method's name": (data["exists"], "$states.input.exists"),
    "a field with an underscore": (data["_id"], "$states.input._id"),
    "equal": (data.rows == 0, "$states.input.rows = 0"),
    "unequal": (data.kind != "a", '$states.input.kind != "a"'),
    "less": (data.rows < 1.5, "$states.input.rows < 1.5"),
    "at most": (data.rows <= 1, "$states.input.rows <= 1"),
    "more": (data.rows > -1, "$states.input.rows > (-1)"),
    "at least": (data.rows >= 1, "$states.input.rows >= 1"),
    "null": (data.rows == None, "$states.input.rows = null"),  # noqa: E711
    "true": (data.ok == True, "$states.input.ok = true"),  # noqa: E712
    "and, or, not": (
        (data.a > 1) & ~(data.b == 2) | data.c,
        "(($states.input.a > 1) and $not($states.input.b = 2)) or $states.input.c",
    ),
    "literals on the left": (True & data.a, "true and $states.input.a"),
    "arithmetic keeps its order": (
        (data.a + 1) * 2 - data.b / 3,
        "(($states.input.a + 1) * 2) - ($states.input.b / 3)",
    ),
    "a rest": (data.a % 2, "$states.input.a % 2"),
    "from the right": (10 - data.a, "10 - $states.input.a"),
    "a negation": (-data.a, "-$states.input.a"),
    "text is joined": (
        "s3://" + data.bucket + "/" + data.key,
        '(("s3://" & $states.input.bucket) & "/") & $states.input.key',
    ),
    "one of": (data.kind.is_in(["a", "b"]), '$states.input.kind in ["a", "b"]'),
    "one of a field's": (data.kind.is_in(data.kinds), "$states.input.kind in $states.input.kinds"),
    "is there": (data.rows.exists(), "$exists($states.input.rows)"),
    "or else": (
        data.rows.or_else(0),
        "($exists($states.input.rows) ? $states.input.rows : 0)",
    ),
    "a filter": (data.files[item.size > 10], "$states.input.files[$.size > 10]"),
    "a filter by the item itself": (data.sizes[item > 10], "$states.input.sizes[$ > 10]"),
    "a field behind a filter": (data.f[item.n == 1].name, "$states.input.f[$.n = 1].name"),
    "the run's input": (execution.input.key, "$states.context.Execution.Input.key"),
    "the run's ARN": (execution.id, "$states.context.Execution.Id"),
    "raw": (jsonata(" $count($states.input) ") == 2, "($count($states.input)) = 2"),
    "quotes and unicode": (data.a == 'ü "x"', '$states.input.a = "ü \\"x\\""'),
    "the end mark in a text": (data.a == "50%}", '$states.input.a = "50\\u0025}"'),
}


@pytest.mark.parametrize("case", PRINTED)
def test_an_expression_becomes_jsonata(case: str) -> None:
    expression, text = PRINTED[case]
    assert str(expression) == text


def _ifs(expression: Expression) -> None:
    if expression:
        pass


MISUSES: dict[str, tuple[Callable[[], object], str]] = {
    "if": (lambda: _ifs(data.rows), "Write & for and"),
    "and": (lambda: data.a and data.b, "Write & for and"),
    "not": (lambda: not data.a, "~ for not"),
    "in": (lambda: "x" in data.files, "x.is_in($states.input.files)"),
    "for": (lambda: list(data.files), "Map(over="),
    "len": (lambda: len(data.files), "jsonata('$count($states.input.files)')"),
    "an f-string": (lambda: f"{data.key}.csv", "'text ' + data.field"),
    "a slice": (
        lambda: data.files[1:3],  # type: ignore[index]
        "jsonata('$states.input.files[[0..2]]')",
    ),
    "a date": (lambda: data.day == object(), "cannot be part of an expression"),
    "infinity": (lambda: data.day == float("inf"), "cannot be part of an expression"),
    "item outside a filter": (lambda: Pass(item.size), "item is the element of a filter"),
    "join": (
        lambda: data.names.join(", "),  # type: ignore[operator]
        "jsonata('$join($states.input.names, \", \")')",
    ),
    "get": (lambda: data.a.get("b", 0), 'data.a["b"].or_else(0)'),  # type: ignore[operator]
    "a method that is similar": (
        lambda: data.kind.isin(["a"]),  # type: ignore[operator]
        "Did you mean 'is_in'?",
    ),
    "startswith": (
        lambda: data.key.startswith("a"),  # type: ignore[operator]
        '$substring($states.input.key, 0, $length("a")) = "a"',
    ),
    "a method of neither language": (
        lambda: data.a.b.melt(),  # type: ignore[operator]
        "'$states.input.a.b' has no method 'melt'",
    ),
    "a call": (lambda: data(1), "leave out the parentheses"),  # type: ignore[operator]
    "round": (lambda: round(data.a, 2), "jsonata('$round($states.input.a, 2)')"),
    "int": (lambda: int(data.a), "jsonata('$floor($number($states.input.a))')"),
    "a power": (lambda: data.a**2, "jsonata('$power($states.input.a, 2)')"),
    "str": (lambda: Pass("no. " + str(data.a)), "write 'text ' + data.field"),
    "a backtick": (lambda: data["a`b"], "holds a `"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_an_operation_that_needs_the_value_is_refused_with_a_remedy(case: str) -> None:
    misuse, remedy = MISUSES[case]
    with pytest.raises(ExpressionError) as caught:
        misuse()
    assert remedy in str(caught.value)


def test_expressions_become_text_inside_json() -> None:
    value: Value = {"rows": data.rows, "list": [1, data.a], "plain": "x"}
    assert value_text(value) == {
        "rows": "{% $states.input.rows %}",
        "list": [1, "{% $states.input.a %}"],
        "plain": "x",
    }


def test_a_filter_becomes_a_list_if_its_field_exists() -> None:
    assert (
        list_text(data.files[item.n > 1].name)
        == "{% $exists($states.input.files) ? [$states.input.files[$.n > 1].name] %}"
    )


def test_a_plain_path_is_not_put_in_a_list() -> None:
    assert list_text(data.files) == "{% $states.input.files %}"
    assert list_text(data.files[item.n > 1][0]) == "{% $states.input.files[$.n > 1][0] %}"


def test_item_in_select_is_the_item_of_the_map() -> None:
    assert selected_text({"n": item.n, "of": data.total}) == {
        "n": "{% $states.context.Map.Item.Value.n %}",
        "of": "{% $states.input.total %}",
    }


def test_models_with_expressions_are_comparable_and_hashable() -> None:
    one, same = (Map(over=data.parts[item.n > 1], steps=[Pass()]) for _ in range(2))
    other = Map(over=data.parts[item.n > 2], steps=[Pass()])
    assert one == same
    assert one != other
    assert len({one, same, other}) == 2
