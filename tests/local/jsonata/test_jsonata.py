"""Expressions yield JSON, or fail with States.QueryEvaluationError's reason."""

import math
import threading

import pytest
from pydantic import JsonValue

from dorc_runtime.compile.expressions.expression_checks import FUNCTIONS
from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate, evaluate_template


def of(text: str, states_input: JsonValue = None) -> JsonValue:
    return evaluate(text, states={"input": states_input, "context": {}})


# Plain paths and others take different ways to the same result.
@pytest.mark.parametrize("text", ["$states.input.a", "($states.input.a)"])
@pytest.mark.parametrize(
    "value",
    [None, True, 0, "é😀", [], [1], [[1]], [None], {}, {"b": None}, [{"b": [1]}]],
    ids=repr,
)
def test_a_value_passes_through_unchanged(text: str, value: JsonValue) -> None:
    assert of(text, {"a": value}) == value


@pytest.mark.parametrize("text", ["$states.input.a", "($states.input.a)"])
@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (2**53 + 1, "9007199254740992"),
        (12345678901234567890, "12345678901234567000"),
        (1e21, "1e+21"),
        (-0.0, "0"),
    ],
)
def test_a_number_is_the_double_it_is_on_aws(text: str, value: float, number: str) -> None:
    assert repr(of(text, {"a": [value]})) == f"[{number}]"


@pytest.mark.parametrize("value", [math.inf, math.nan, 10**400])
def test_a_number_that_json_cannot_hold_fails(value: float) -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        of("$states.input.a", {"a": value})
    assert "too large for JSON, or none" in caught.value.advice


@pytest.mark.parametrize("text", ["$states.input", "($states.input)"])
def test_what_an_expression_yields_is_not_shared_with_the_input(text: str) -> None:
    states_input: JsonValue = {"rows": [{"a": 1}]}
    result = of(text, states_input)
    assert isinstance(result, dict)
    result["rows"] = []
    assert states_input == {"rows": [{"a": 1}]}


def test_a_missing_field_fails_and_the_advice_names_those_that_exist() -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        of(" $states.input.rowz ", {"rows": 1, "name": "x"})
    assert str(caught.value) == (
        "The JSONata expression '$states.input.rowz' returned nothing (undefined)."
    )
    assert caught.value.advice == "$states.input has no field 'rowz', only these: name, rows."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$states.input.a.b", "returned nothing (undefined)."),
        ("$states.input.missing > 1", "returned nothing (undefined)."),
        ("$states.input.files[size > 10]", "returned nothing (undefined)."),
        ("$sum", "returned an unsupported result type."),
        ("[$sum]", "returned an unsupported result type."),
        ("/a/", "returned an unsupported result type."),
        ("$unknown", "returned nothing (undefined)."),
        ("$unknown(1)", "T1006"),
        ("1 +", "ends too early"),
        ("1 + 'a'", "T2002"),
        ("1 / 0 + 1", "D1001: Number out of range: null"),
        ("$eval('1')", "T1006"),
        ("$error('no rows')", ". D3137: no rows"),
        ("$assert(false, 'no rows')", ". D3141: no rows"),
        ("($f := function($n) { $f($n) + 1 }; $f(1))", "Stack overflow error"),
        ("$states.input.a[0].b.c[$ > 'x']", "returned nothing (undefined)."),
    ],
)
def test_an_expression_without_json_fails_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        of(text, {"a": 1, "files": []})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def nested(levels: int, before: str, after: str) -> str:
    return before * levels + "1" + after * levels


@pytest.mark.parametrize(
    ("deepest", "too_deep"),
    [
        ("+".join(["1"] * 100), "+".join(["1"] * 101)),
        (nested(99, "(", ")"), nested(100, "(", ")")),
        (nested(99, "[", "]"), nested(100, "[", "]")),
        (nested(99, "", " ~> $string()"), nested(100, "", " ~> $string()")),
    ],
    ids=["terms", "parentheses", "brackets", "stages"],
)
def test_an_expression_may_nest_a_hundred_levels(deepest: str, too_deep: str) -> None:
    """Recorded on AWS: https://github.com/floci-io/floci/issues/2737."""
    of(deepest)
    with pytest.raises(QueryEvaluationError, match="Stack overflow error"):
        of(too_deep)


def test_an_endless_expression_is_ended() -> None:
    with pytest.raises(
        QueryEvaluationError, match="Expression evaluation timeout: Check for infinite loop"
    ):
        of("($f := function($n) { $f($n + 1) }; $f(1))")


def test_variables_are_there_by_name() -> None:
    result = evaluate(
        "$total.rows + $one",
        states={"input": None},
        variables={"total": {"rows": 2}, "one": 1},
    )
    assert result == 3


def test_threads_do_not_disturb_each_other() -> None:
    text = "$map($states.input.rows, function($row) { $row * $states.input.factor })"
    wrong: list[JsonValue] = []

    def work(factor: int) -> None:
        for _ in range(50):
            result = of(text, {"rows": [1, 2, 3], "factor": factor})
            if result != [factor, factor * 2, factor * 3]:
                wrong.append(result)

    threads = [threading.Thread(target=work, args=(factor,)) for factor in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_every_function_that_the_checks_know_is_there() -> None:
    kinds = {name: of(f"$type(${name})") for name in FUNCTIONS}
    assert set(kinds.values()) == {"function"}


# The six of Step Functions:
# https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([1,2,3])", [[1, 2, 3]]),
        ("$partition([1,2,3], 2.9)", [[1, 2], [3]]),
        ("$range(1.7, 3, 1)", [1, 2, 3]),
        ("$range(3, 3, 1)", 3),
        ("$count($range(1, 360145, 1))", 360_145),
        ("$range(0, 10, 2)", [0, 2, 4, 6, 8, 10]),
        ("$range(1, 4, 2)", [1, 3]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"),
        ("$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("$length($hash('é', 'SHA-256'))", 64),
        ("$length($hash('é', 'SHA-384'))", 96),
        ("$length($hash('é', 'SHA-512'))", 128),
        ("$random(3) = $random(3)", True),
        ("$random() >= 0 and $random() < 1", True),
        ("$match($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/).index", 0),
        ("$parse('{\"a\": [1, null, 2.0]}')", {"a": [1, None, 2]}),
        ("$parse('null')", None),
    ],
)
def test_the_functions_of_step_functions(text: str, result: JsonValue) -> None:
    assert of(text) == result


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$partition([], 2)", "returned nothing"),
        ("$partition([1], 0)", "returned nothing"),
        ("$partition([1], -1)", "D3137: Second argument must be zero or greater"),
        ("$partition($states.missing, 1)", "returned nothing"),
        ("$range(1, 2)", "returned nothing"),
        ("$range(1, 2, 0)", "returned nothing"),
        ("$range(5, 1, 1)", "returned nothing"),
        ("$range(1)", "T0410: Argument 2 of function"),
        ("$range(1, 360146, 1)", "memory limit exceeded: Check for excessive memory usage"),
        ("$hash('a')", "returned nothing"),
        ("$parse()", "returned nothing"),
        ("$parse(null)", "T0410: Argument 1 of function"),
        ("$hash('a', 'SHA-3')", "none of MD5, SHA-1"),
        ("$hash($states.missing, 'MD5')", "returned nothing"),
        ("$parse('{a}')", "this is not JSON"),
        ("$parse('NaN')", "this is not JSON"),
    ],
)
def test_the_functions_of_step_functions_refuse_what_is_senseless(text: str, says: str) -> None:
    with pytest.raises(QueryEvaluationError) as caught:
        of(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 / 0", "Infinity"),
        ("-1 / 0", "-Infinity"),
        ("[0 / 0]", ["NaN"]),
        ("{'k': 1e308 * 10}", {"k": "Infinity"}),
    ],
)
def test_a_number_without_end_is_written_by_its_name(text: str, result: JsonValue) -> None:
    """As Step Functions does: https://github.com/floci-io/floci/issues/2737 has its answers."""
    assert of(text) == result


def test_the_path_of_an_expression_leads_to_its_key() -> None:
    template: JsonValue = {"rows": [1, {"first": "{% $states.input.no %}"}]}
    with pytest.raises(QueryEvaluationError) as caught:
        evaluate_template(template, states={"input": {}})
    assert caught.value.path == "/rows[1]/first"


def test_only_whole_texts_of_a_template_are_evaluated() -> None:
    template: JsonValue = {
        "rows": "{% $states.input.rows %}",
        "list": ["{%$states.input.rows + 1%}", " {% no %}", "{% no", "no %}", "{%}", 5, None],
        "{% key %}": True,
    }
    assert evaluate_template(template, states={"input": {"rows": 2}}) == {
        "rows": 2,
        "list": [3, " {% no %}", "{% no", "no %}", "{%}", 5, None],
        "{% key %}": True,
    }


def test_the_time_stands_still_in_an_expression() -> None:
    text = "($before := $millis(); $map([1..2000], function($n) { $n }); $before = $millis())"
    assert of(text) is True
