"""Expressions yield here what they yield in npm's jsonata 2.0.6, the version of Step Functions.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "Supported JSONata
version". Where they would not, they are refused; the tables below name each such place.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from dorc_runtime import data, item, jsonata
from dorc_runtime.compile.expressions.expression_checks import expression_problems
from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate
from dorc_runtime.model.expressions.data import list_text, value_text
from dorc_runtime.model.expressions.expression import Expression
from tests.proof.npm import node, npm_package

HERE = Path(__file__).parent / "oracles"
JSONATA = "jsonata@2.0.6"
Answer = dict[str, Any]
Oracle = Callable[[str, JsonValue], Answer]


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    program = [node(), str(HERE / "jsonata_oracle.mjs"), str(npm_package(JSONATA))]
    environment = {**os.environ, "TZ": "UTC"}
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask(expression: str, states_input: JsonValue) -> Answer:
            bindings = {"states": {"input": states_input}}
            questions.write(json.dumps({"expression": expression, "bindings": bindings}) + "\n")
            questions.flush()
            answer: Answer = json.loads(answers.readline(), parse_float=_number)
            return answer

        yield ask
        questions.close()


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def here(expression: str, states_input: JsonValue) -> Answer:
    try:
        return {"value": evaluate(expression, states={"input": states_input})}
    except QueryEvaluationError as error:
        return {"error": str(error)}


def outcome(answer: Answer) -> str:
    """Return what a user sees of ``answer``: a value, its whole numbers as such, or a failure."""
    return json.dumps(answer["value"], sort_keys=True) if "value" in answer else "fails"


# A difference in wording, or between undefined, a function and an error, is none: all of them are
# States.QueryEvaluationError.


CASES = [
    line
    for line in (HERE / "jsonata_cases.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("# ")
]


@pytest.mark.parametrize("expression", CASES)
def test_functions_and_operators_yield_what_jsonata_yields(expression: str, oracle: Oracle) -> None:
    states_input: JsonValue = {"a": 1}
    assert outcome(here(expression, states_input)) == outcome(oracle(expression, states_input))


# What JSONata has a value for, and dorc refuses when it is evaluated.
REFUSED = {
    "$split('a😀b', '')": "half of a character cannot be written as JSON",
    "$match('😀', /./)": "as above",
    "$replace('abc', 'b', function($m) { 'x' })": "JSONata puts the function's source there",
    "$contains('a', function($t) { false ? 1 })": "a function as a pattern is not known here",
    "$base64encode('é')": "Latin-1 in JavaScript, written nowhere for AWS",
    "$base64decode('6Q==')": "as above",
    "$base64decode('!!')": "JavaScript skips what is not base64",
    "$toMillis('2017-13-01')": "JavaScript yields NaN",
    "$toMillis('2017-02-30')": "JavaScript takes it for 2 March",
    "$toMillis('2017-11-07T24:00:00Z')": "JavaScript takes it for the next day's start",
    "$toMillis('3 pm', '[h] [P]')": "what is missing comes from the clock",
    "$toMillis('20171107', '[Y0001][M01][D01]')": "JSONata 2.0.6 reads 2017110 as the year",
    "$fromMillis(1e20)": "JSONata writes NaN",
    "$formatBase(1e21)": "JavaScript writes an exponent",
    "$formatNumber(34.555, '#0.00')": "refused by the checks already: rounds otherwise",
    "$eval('1 + 1')": "refused by the checks already: Step Functions has none",
    "$match('é', /É/i)": "refused by the checks already: Python folds more letters",
    "$split('a😀b', /😀/)": "refused by the checks already: two characters in JavaScript",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_cannot_be_tried_truly_is_refused(expression: str, oracle: Oracle) -> None:
    assert "value" in oracle(expression, {})
    assert "error" in here(expression, {})


@pytest.mark.parametrize(
    "expression",
    [
        "($x := {'a': []}; $y := $x.a{'k': 1}; $count($x.a))",
        "($x := [[], 5]; $y := $x.{'k': 1}; $count($x[0]))",
    ],
)
def test_an_empty_list_stays_empty(expression: str, oracle: Oracle) -> None:
    """JSONata 2.0.6 puts undefined into an empty list that an object is made about."""
    assert oracle(expression, {}) == {"value": 1}
    assert here(expression, {}) == {"value": 0}


# What ``data`` prints, over generated inputs.

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2, -1, 10, 2**53, 2**53 + 1, 12345678901234567890]),
    st.sampled_from([0.1, 2.5, -2.5, 3.0, 1e21, 1e-7, 123456789.123]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "x y", "é", "😀", "10", '"quoted"', "\u2028"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    ),
    max_leaves=6,
)
rows = st.one_of(values, st.lists(st.dictionaries(st.sampled_from("abcd"), scalars), max_size=4))
inputs = st.dictionaries(st.sampled_from("abc"), rows, max_size=3)

a, b = data.a, data.b
PRINTED: list[Expression] = [
    data.a,
    data.a.b,
    data.a.b.c,
    data["a"]["no such field"],
    data.a[0],
    data.a[-1],
    data.a[2],
    data.a[0].b,
    data.a.b[0],
    data.a.b[-1].c,
    data.a[0][1],
    data.a[item > 1],
    data.a[item.b > 1],
    data.a[item.b == 1],
    data.a[item.b == 1].c,
    data.a[item.b != data.zero],
    data.a[(item.b == 1) & (item.c == 1)],
    data.a[(item.b == 1) | item.c],
    data.a[~item.b],
    data.a[item.b.exists()],
    data.a[item.b.is_in([1, "x", None])],
    data.a[item.b == data.b],
    data.a[item.b.c[0] == 1],
    data.a[item.b > 1][item.c < 2],
    data.a[item.b == "x"][0],
    a == b,
    a != b,
    a < b,
    a <= 1,
    a > "m",
    a >= b,
    a & b,
    a | b,
    ~a,
    ~(a & (b == 1)),
    a.exists(),
    a.b.exists(),
    a.or_else(b),
    a.b.or_else("none"),
    a.or_else([]),
    a.is_in(b),
    a.is_in([1, "x", True, None]),
    a.is_in([b, 2]),
    a + 1,
    a - b,
    a * 2.5,
    a / b,
    a % 3,
    -a,
    (a + b) * 2 - 1,
    1 - a,
    a + " km",
    "n: " + a,
    a.b + "/" + b,
    "é \"'\\ \n\u2028😀%}" + a,
    jsonata("$states.input.a & $states.input.b"),
    jsonata("$string($states.input.a)"),
    jsonata("$count($states.input.a)"),
    jsonata("$sum($states.input.a)"),
    jsonata("$number($states.input.a)"),
    jsonata("$boolean($states.input.a)"),
    jsonata("$type($states.input.a)"),
    jsonata("$keys($states.input.a)"),
    jsonata("$distinct($states.input.a)"),
    jsonata("$sort($states.input.a)"),
    jsonata("$reverse($states.input.a)"),
    jsonata("$append($states.input.a, $states.input.b)"),
    jsonata("$merge([$states.input.a, $states.input.b])"),
    jsonata("$map($states.input.a, function($v, $i) { $i & $string($v) })"),
    jsonata("$filter($states.input.a, function($v) { $v.b })"),
    jsonata("$states.input.a.{'k': b, 'm': $states.input.b}"),
    jsonata("$states.input.a{$string(b): c}"),
    jsonata("$states.input.a^(b)"),
    jsonata("$states.input.a.b[]"),
    jsonata("$states.input.*"),
    jsonata("[$states.input.a, [$states.input.b]]"),
    jsonata("{'a': $states.input.a, 'b': [$states.input.b]}"),
    jsonata("$states.input.a ? $states.input.b"),
    jsonata("$states.input ~> |$|{'z': 1}, 'b'|"),
]
SHAPES = [str(value_text(printed))[3:-3] for printed in PRINTED] + [
    str(list_text(filtered))[3:-3]
    for filtered in (data.a[item.b == 1], data.a[item > 0].b, data.a.b[item.c != 1])
]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_data_prints_yields_what_jsonata_yields(shape: str, oracle: Oracle) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(inputs)
    def compare(states_input: JsonValue) -> None:
        assert outcome(here(shape, states_input)) == outcome(oracle(shape, states_input))

    compare()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_data_prints_passes_the_checks(shape: str) -> None:
    assert expression_problems(shape) == ()
