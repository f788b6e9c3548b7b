"""Calls of other pipelines, functions that wait for a token, and steps that a mock answers."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from dorc_runtime import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Parallel,
    Pass,
    Pipeline,
    Retry,
    Service,
    Wait,
    data,
    execution,
    result,
    variable,
)
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.model.steps import Step
from dorc_runtime.runs.events import StateEntered
from dorc_runtime.testing.coverage import Coverage
from tests.local.run_document import failing, ran

LOAD = "processed-to-curated/load"


def load(*steps: Step, **more: Any) -> Mapping[str, Pipeline]:
    return {LOAD: Pipeline(steps=steps, **more)}


def test_a_call_gets_the_input_and_yields_the_output_of_the_other_pipeline() -> None:
    run = ran(Call(LOAD), event={"n": 1}, pipelines=load(Pass({"got": data})))
    assert run.ending.output == {"got": {"n": 1}}


def test_a_call_may_be_given_another_input() -> None:
    called = load(Pass({"of": execution.input}))
    run = ran(Call(LOAD, input={"key": data.key}), event={"key": "k"}, pipelines=called)
    assert run.ending.output == {"of": {"key": "k"}}


def test_result_is_the_other_pipelines_output() -> None:
    step = Call(LOAD, assign={"rows": result.rows}, output=result.rows + 1)
    run = ran(step, Pass([data, variable("rows")]), pipelines=load(Pass({"rows": 2})))
    assert run.ending.output == [3, 2]


def test_a_called_pipeline_runs_its_own_functions() -> None:
    run = ran(Call(LOAD), event=1, pipelines=load(Function("copy")), copy=lambda n: [n])
    assert run.ending.output == [1]
    assert run.calls == [("copy", 1)]


def test_states_of_a_called_pipeline_tell_whose_they_are() -> None:
    run = ran(Call(LOAD), pipelines=load(Pass(name="inside")))
    visits = [event.visit for event in run.events if isinstance(event, StateEntered)]
    assert [(visit.state, visit.pipeline) for visit in visits] == [
        ("Call load", ""),
        ("inside", LOAD),
    ]
    assert visits[1].path == ("Call load", LOAD)


def test_a_called_pipelines_states_count_for_no_state_of_the_caller() -> None:
    steps: list[Step] = [Choice(If(data.rare, then=[Pass(name="same")])), Call(LOAD)]
    run = ran(*steps, event={"rare": False}, pipelines=load(Pass(name="same")))
    coverage = Coverage()
    document = state_machine(Pipeline(steps=steps), arns={}, machines={LOAD: "arn"})
    coverage.add("raw/mine", document, run.events)
    assert coverage.lines() == ["raw/mine: states: same", "raw/mine: choices: Choice -> same"]


def test_a_called_pipeline_that_fails_fails_the_call_with_what_aws_says_of_it() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html"""
    run = ran(Call(LOAD), event={"n": 1}, pipelines=load(Fail("Broken", "no rows")))
    assert run.ending.error == "States.TaskFailed"
    description = json.loads(run.ending.cause)
    assert (description["Status"], description["Error"], description["Cause"]) == (
        "FAILED",
        "Broken",
        "no rows",
    )
    assert description["Input"] == {"n": 1}


def test_a_failed_call_is_retried_and_caught() -> None:
    step = Call(LOAD, retry=[Retry(max_attempts=1)], catch=[Catch(steps=[Pass("caught")])])
    run = ran(step, pipelines=load(Function("copy", retry=())), copy=failing("E", "E", "E"))
    assert run.ending.output == "caught"
    assert len(run.calls) == 2


def test_a_called_pipeline_over_its_own_timeout_fails_the_call() -> None:
    called = load(Wait(timedelta(hours=1)), timeout=timedelta(seconds=30))
    run = ran(Call(LOAD), pipelines=called)
    assert run.ending.error == "States.TaskFailed"
    assert json.loads(run.ending.cause)["Status"] == "TIMED_OUT"
    assert run.seconds == 30


def test_a_call_over_its_timeout_stops_the_other_pipeline() -> None:
    called = load(Wait(timedelta(hours=1)), Function("copy"))
    run = ran(Call(LOAD, timeout=timedelta(seconds=20)), pipelines=called)
    assert run.ending.error == "States.Timeout"
    assert run.seconds == 20
    assert run.calls == []


def test_without_waiting_the_run_goes_on_and_both_come_to_their_end() -> None:
    called = load(Wait(timedelta(seconds=30)), Function("copy"))
    run = ran(Call(LOAD, wait=False), event=7, pipelines=called, copy=lambda n: n)
    assert run.ending.status == "SUCCEEDED"
    assert isinstance(run.ending.output, dict)
    assert set(run.ending.output) == {"ExecutionArn", "StartDate"}
    assert run.calls == [("copy", 7)]


def test_what_a_started_pipeline_comes_to_changes_nothing_for_the_run() -> None:
    run = ran(Call(LOAD, wait=False, output="on"), pipelines=load(Fail("Broken")))
    assert run.ending.output == "on"


def test_variables_do_not_reach_a_called_pipeline() -> None:
    run = ran(Pass(assign={"x": 1}), Call(LOAD), pipelines=load(Pass(variable("x"))))
    assert run.ending.error == "States.TaskFailed"


def test_a_failed_branch_stops_a_pipeline_that_another_one_waits_for() -> None:
    called = load(Wait(timedelta(hours=1)), Function("copy"))
    branches: list[list[Step]] = [[Call(LOAD)], [Wait(timedelta(seconds=1)), Fail("Stop")]]
    run = ran(Parallel(branches), pipelines=called)
    assert run.ending.error == "Stop"
    assert run.calls == []


def test_a_mock_answers_a_function_by_what_it_would_return() -> None:
    step = Function("a", output={"rows": result.rows})
    run = ran(step, mocks={"a": {"rows": 3}})
    assert run.ending.output == {"rows": 3}
    assert run.calls == []


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (Call(LOAD), "Call load"),
        (Call(LOAD, wait=False), "Call load"),
        (Service("sns:publish"), "sns publish"),
        (Function("ask", wait_for_token=True), "ask"),
    ],
)
def test_a_mock_is_the_result_of_any_task(step: Step, name: str) -> None:
    run = ran(step, pipelines=load(Fail("Never")), mocks={name: {"answer": 1}})
    assert run.ending.output == {"answer": 1}


def test_a_mock_does_not_hide_that_a_call_cannot_be_written() -> None:
    run = ran(
        Call(LOAD, input=data.nothing), event={}, pipelines=load(Pass()), mocks={"Call load": 1}
    )
    assert run.ending.error == "States.QueryEvaluationError"
