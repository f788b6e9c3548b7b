"""What Step Functions would not take of an expression is told, with what to write instead."""

import pytest

from dorc_runtime.compile.expressions.allowed import problems_in

TAKEN = [
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


@pytest.mark.parametrize("text", TAKEN)
def test_what_step_functions_takes_passes(text: str) -> None:
    assert problems_in(text) == ()


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
    ("'\\q'", "cannot hold that"),
    ("! $states.input.a", "no operator '!'"),
    # Of later versions
    ("$states.input.a ?? 1", "write $exists(a) ? a : b"),
    ("$states.input.a ?: 1", "write $exists(a) ? a : b"),
    # About no document
    ("rows > 0", "rows is no variable: write $states.input.rows"),
    ("$sum(files.size)", "write $states.input.files"),
    ("$map($states.input.a, function($v) { name })", "write $states.input.name"),
    ("{'a': b}", "write $states.input.b"),
    ("$", "$ means nothing in Step Functions: write $states.input"),
    ("$.rows", "$ means nothing"),
    ("$$.rows", "$$ means nothing"),
    ("$states.input.a[$$.b = 1]", "$$ means nothing"),
    ("$string($)", "$ means nothing"),
    ("*", "write $states.input.*"),
    ("**.a", "write $states.input.**"),
    # $states
    ("$states", "write one of $states.context, $states.input"),
    ("$states.*", "$states is not data itself"),
    ("$string($states)", "$states is not data itself"),
    ("$states.inputt.rows", "Did you mean $states.input?"),
    ("$states.result.Payload", "only there in the Output and Assign of a Task"),
    ("$states.errorOutput.Error", "only there in the Output and Assign of a Catch"),
    ("($states := 1; 2)", "$states is Step Functions' own"),
    ("function($states) { 1 }", "$states is Step Functions' own"),
    # Functions and variables
    ("$eval('1')", "write $parse"),
    ("$map(['1'], $eval)", "write $parse"),
    ("$formatNumber(1, '0')", "write $string($round(x, 2))"),
    ("$upercase('a')", "there is no $upercase. Did you mean $uppercase?"),
    ("uppercase('a')", "write $uppercase(...)"),
    ("$rows + 1", "there is no $rows."),
    ("($a := 1; $b)", "there is no $b."),
    ("(($a := 1; $a); $a)", "there is no $a."),
    ("($a := $a + 1; $a)", "there is no $a."),
    ("function($x) { $y }", "there is no $y."),
    ("function($x)<n:n> { $x }", "<signature>"),
    ("/a/('a')", "write $match"),
    # Regular expressions that Python has otherwise
    ("$match('a', /(?i)a/)", "(? cannot be tried here"),
    ("$match('a', /(a)\\1/)", "\\1 cannot be tried here"),
    ("$match('a', /\\p{L}/)", "\\p cannot be tried here"),
    ("$match('a', /a++/)", "+ after another repetition"),
    ("$match('a', /[\\D]/)", "\\D inside [...]"),
    ("$match('a', /É/i)", "without regard to case"),
    ("$match('a', /(?<=a+)b/)", "look-behind"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_what_step_functions_refuses_is_told_with_what_to_write(text: str, says: str) -> None:
    (problem,) = problems_in(text)
    assert says in problem
    assert "\n" not in problem


def test_every_problem_is_told_once() -> None:
    problems = problems_in("a + a + $b")
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        "a is no variable: write $states.input.a",
        "there is no $b.",
    ]


def test_a_long_expression_is_quoted_shortly() -> None:
    text = "rows > 0 or " + " or ".join(["$states.input.rows > 1000"] * 50)
    (problem,) = problems_in(text)
    assert len(problem) < 200


def test_the_result_of_a_task_is_taken_where_it_is() -> None:
    states = frozenset({"input", "context", "result"})
    assert problems_in("$states.result.Payload", states=states) == ()


def test_the_error_of_a_catch_is_taken_where_it_is() -> None:
    states = frozenset({"input", "context", "errorOutput"})
    assert problems_in("$states.errorOutput.Cause", states=states) == ()


def test_an_assigned_variable_is_known() -> None:
    assert problems_in("$total + 1", variables=frozenset({"total"})) == ()


def test_an_expression_nested_too_deeply_is_told_so() -> None:
    (problem,) = problems_in("(" * 20_000 + "1" + ")" * 20_000)
    assert "nested too deeply" in problem
