"""Problems of expressions, each with what to write instead."""

import pytest

from dorc_runtime.compile.expressions.expression_checks import expression_problems

ACCEPTED = [
    "$states.input",
    "$states.context.Execution.Input.rows > 0",
    "$states.input.files[size > 10].{'key': key, 'all': $}",
    "$states.input.files[$.size > 10 and $not(old)]",
    "$states.input.files^(>size, name)[0]",
    "$states.input.files{kind: $sum(size)}",
    "$states.input.orders.items.{'order': %.id, 'price': price}",
    "$states.input.a#$i[$i > 0].{'position': $i}",
    "$states.input.a@$one.$states.input.b@$two[$one.id = $two.id].{'name': $two.name}",
    "$states.input.*.**",
    "$map($states.input.files, function($file, $i) { $file.size * $i })",
    "($total := $sum($states.input.sizes); $total > 10 ? 'big' : 'small')",
    "($factorial := function($n) { $n < 2 ? 1 : $n * $factorial($n - 1) }; $factorial(5))",
    "($first := $substring(?, 0, 1); $clean := $trim ~> $uppercase; $clean($first('a')))",
    "$states.input ~> |files|{'seen': true}, ['size']|",
    "$match($states.input.key, /^(\\w+)\\/(?<year>\\d{4})-[^.]*\\.csv$/i).groups[1]",
    "$partition($range(1, 9, 2), 2) ~> $string & $hash('a', 'MD5') & $uuid() & $random(1)",
    "$parse('{}') ? [1..5] : {'a': null, 'b': -1.5e3}",
    "/* why */ $states.input.`body mass (g)` in ['a', \"b\\u00e9\"]",
    "λ($x) { $x }(1)",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_expression_that_step_functions_accepts_has_no_problems(text: str) -> None:
    assert expression_problems(text) == ()


REFUSED = [
    # Not JSONata
    ("", "it ends too early"),
    ("$states.input.rows >", "it ends too early"),
    ("$states.input[", "']' is missing at the end"),
    ("($states.input; 1", "')' is missing at the end"),
    ("$states.input rows", "'rows' is not expected there"),
    ("$states.input rows > 0", "'rows' is not expected there, after '$states.input rows'"),
    ("'open", "matching quote"),
    ("$match('a', /a)", "No terminating /"),
    ("/* open", "it ends too early"),
    ("'\\q'", "cannot contain that"),
    ("! $states.input.a", "no operator '!'"),
    # Of later versions
    ("$states.input.a ?? 1", "write $exists(a) ? a : b"),
    ("$states.input.a ?: 1", "write $exists(a) ? a : b"),
    # A field without a variable before it
    ("rows > 0", "rows is not a variable: write $states.input.rows"),
    ("$sum(files.size)", "write $states.input.files"),
    ("$map($states.input.a, function($v) { name })", "write $states.input.name"),
    ("{'a': b}", "write $states.input.b"),
    ("$", "$ has no value in Step Functions: write $states.input"),
    ("$.rows", "$ has no value"),
    ("$$.rows", "$$ has no value"),
    ("$states.input.a[$$.b = 1]", "$$ has no value"),
    ("$string($)", "$ has no value"),
    ("*", "write $states.input.*"),
    ("**.a", "write $states.input.**"),
    # $states
    ("$states", "write one of $states.context, $states.input"),
    ("$states.*", "$states is not data itself"),
    ("$string($states)", "$states is not data itself"),
    ("$states.inputt.rows", "Did you mean $states.input?"),
    ("$states.result.Payload", "exists only in the Output and Assign of a Task"),
    ("$states.errorOutput.Error", "exists only in the Output and Assign of a Catch"),
    ("($states := 1; 2)", "$states is a reserved name"),
    ("function($states) { 1 }", "$states is a reserved name"),
    # Functions and variables
    ("$eval('1')", "write $parse"),
    ("$map(['1'], $eval)", "write $parse"),
    ("$formatNumber(1, '0')", "write $string($round(x, 2))"),
    ("$upercase('a')", "$upercase does not exist. Did you mean $uppercase?"),
    ("uppercase('a')", "write $uppercase(...)"),
    ("$rows + 1", "$rows does not exist."),
    ("($a := 1; $b)", "$b does not exist."),
    ("(($a := 1; $a); $a)", "$a does not exist."),
    ("($a := $a + 1; $a)", "$a does not exist."),
    ("function($x) { $y }", "$y does not exist."),
    ("function($x)<n:n> { $x }", "<signature>"),
    ("/a/('a')", "write $match"),
    # Regular expressions that mean something else in Python
    ("$match('a', /(?i)a/)", "a local run cannot match (?"),
    ("$match('a', /(a)\\1/)", "a local run cannot match \\1"),
    ("$match('a', /\\p{L}/)", "a local run cannot match \\p"),
    ("$match('a', /a++/)", "+ after another repetition"),
    ("$match('a', /[\\D]/)", "\\D inside [...]"),
    ("$match('a', /É/i)", "without regard to case"),
    ("$match('a', /(?<=a+)b/)", "look-behind"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_problem_says_what_to_write(text: str, message: str) -> None:
    (problem,) = expression_problems(text)
    assert message in problem
    assert "\n" not in problem


def test_every_problem_is_reported_once() -> None:
    problems = expression_problems("a + a + $b")
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        "a is not a variable: write $states.input.a",
        "$b does not exist.",
    ]


def test_a_long_expression_is_shortened() -> None:
    text = "rows > 0 or " + " or ".join(["$states.input.rows > 1000"] * 50)
    (problem,) = expression_problems(text)
    assert len(problem) < 200


def test_the_result_of_a_task_is_accepted_where_it_exists() -> None:
    states = frozenset({"input", "context", "result"})
    assert expression_problems("$states.result.Payload", states=states) == ()


def test_the_error_of_a_catch_is_accepted_where_it_exists() -> None:
    states = frozenset({"input", "context", "errorOutput"})
    assert expression_problems("$states.errorOutput.Cause", states=states) == ()


def test_an_assigned_variable_is_known() -> None:
    assert expression_problems("$total + 1", variables=frozenset({"total"})) == ()


def test_an_expression_that_is_nested_too_deeply_is_a_problem() -> None:
    (problem,) = expression_problems("(" * 20_000 + "1" + ")" * 20_000)
    assert "nested too deeply" in problem
