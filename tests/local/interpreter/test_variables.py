"""Variables, and outputs in place of results.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from dorc_runtime import (
    Catch,
    Choice,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Retry,
    Wait,
    data,
    error,
    item,
    result,
    variable,
)
from dorc_runtime.model.steps import Step
from tests.local.run_document import failing, ran


def test_a_variable_keeps_its_value_over_later_steps() -> None:
    run = ran(
        Function("a", assign={"rows": result.rows}),
        Pass({}),
        Pass({"rows": variable("rows")}),
        a=lambda _: {"rows": 3},
    )
    assert run.ending.output == {"rows": 3}


def test_output_stands_in_place_of_the_result() -> None:
    step = Function("a", output={"rows": result.rows, "key": data.key})
    run = ran(step, event={"key": "k"}, a=lambda _: {"rows": 3, "more": "x"})
    assert run.ending.output == {"rows": 3, "key": "k"}


def test_all_is_assigned_at_once_after_the_output_is_made() -> None:
    """A step's own output and other variables see the values from before it."""
    run = ran(
        Pass(assign={"a": 1, "b": 2}),
        Pass({"a": variable("a")}, assign={"a": variable("b"), "b": variable("a")}),
        Pass({"before": data.a, "a": variable("a"), "b": variable("b")}),
    )
    assert run.ending.output == {"before": 1, "a": 2, "b": 1}


def test_steps_in_a_map_see_variables_from_outside_and_keep_their_own() -> None:
    inner = [Pass(assign={"twice": data * variable("factor")}), Pass(variable("twice"))]
    run = ran(Pass(data.xs, assign={"factor": 2}), Map(over=data, steps=inner), event={"xs": [1]})
    assert run.ending.output == [2]


def test_what_a_branch_assigns_stays_in_it() -> None:
    branches: list[list[Step]] = [
        [Pass(assign={"x": 1}), Pass(variable("x"))],
        [Wait(timedelta(seconds=5)), Pass(variable("x"))],
    ]
    run = ran(Parallel(branches))
    assert run.ending.error == "States.QueryEvaluationError"


def test_a_map_assigns_and_hands_on_by_its_result() -> None:
    step = Map(over=[1, 2], steps=[Pass()], assign={"all": result}, output={"first": result[0]})
    run = ran(step, Pass({"handed": data, "all": variable("all")}))
    assert run.ending.output == {"handed": {"first": 1}, "all": [1, 2]}


@pytest.mark.parametrize(("n", "kind", "output"), [(9, "big", "way"), (1, "small", "default")])
def test_each_way_of_a_choice_has_its_own_output_and_variables(
    n: int, kind: str, output: str
) -> None:
    choice = Choice(
        If(data.n > 5, output="way", assign={"kind": "big"}),
        output="default",
        assign={"kind": "small"},
    )
    run = ran(choice, Pass({"kind": variable("kind"), "got": data}), event={"n": n})
    assert run.ending.output == {"kind": kind, "got": output}


def test_a_catch_hands_on_the_error_as_it_says() -> None:
    catch = Catch("E", output={"lost": data.key}, assign={"why": error.Error})
    run = ran(
        Function("a", catch=[catch]),
        Pass({"got": data, "why": variable("why")}),
        event={"key": "k"},
        a=failing("E"),
    )
    assert run.ending.output == {"got": {"lost": "k"}, "why": "E"}


def test_a_failed_step_assigns_nothing() -> None:
    step = Function("a", assign={"x": result}, catch=[Catch(assign={"x": "caught"})])
    assert ran(step, Pass(variable("x")), a=failing("E")).ending.output == "caught"


def test_a_wait_hands_on_and_assigns() -> None:
    wait = Wait(timedelta(seconds=1), output=data.n, assign={"n": data.n + 1})
    run = ran(wait, Pass([data, variable("n")]), event={"n": 1})
    assert run.ending.output == [1, 2]


def test_too_much_for_a_variable_fails() -> None:
    big: JsonValue = "x" * 200_000
    run = ran(Pass(assign={"a": data, "b": data}), event=big)
    assert run.ending.error == "States.DataLimitExceeded"


def test_a_catch_whose_own_output_fails_ends_the_run_by_that() -> None:
    run = ran(Function("a", catch=[Catch(output=data.nothing)]), event={}, a=failing("E"))
    assert run.ending.error == "States.QueryEvaluationError"
    assert run.ending.failed is not None
    assert run.ending.failed.visit.state == "a"


def test_select_uses_variables_around_the_map() -> None:
    step = Map(over=[1, 2], select={"n": item, "run": variable("run")}, steps=[Pass()])
    run = ran(Pass(assign={"run": "r"}), step)
    assert run.ending.output == [{"n": 1, "run": "r"}, {"n": 2, "run": "r"}]


def test_an_output_that_fails_is_retried_and_caught() -> None:
    """https://states-language.net/#errors"""
    step = Function(
        "a",
        output=result.rows,
        retry=[Retry("States.QueryEvaluationError", max_attempts=1)],
        catch=[Catch("States.QueryEvaluationError", steps=[Pass("caught")])],
    )
    run = ran(step, a=lambda _: {})
    assert run.ending.output == "caught"
    assert len(run.calls) == 2
