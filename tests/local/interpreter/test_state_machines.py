"""Documents run as Step Functions runs them, each rule with AWS's page.

Functions are plain Python here; how they are really called has tests of its own.
"""

import json
from datetime import timedelta

import pytest
from pydantic import JsonValue

from dorc_runtime import (
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
    data,
    execution,
    item,
    jsonata,
)
from dorc_runtime.model.steps import Step
from dorc_runtime.runs.events import Ending, StateCaught, StateRetried
from tests.local.run_document import failing, ran


def test_each_output_is_the_next_input() -> None:
    run = ran(
        Function("a"), Function("b"), event=1, a=lambda n: [n, n], b=lambda pair: {"got": pair}
    )
    assert run.ending == Ending("SUCCEEDED", {"got": [1, 1]})
    assert run.states == ["a", "b"]


def test_a_handler_that_returns_nothing_outputs_null() -> None:
    assert ran(Function("a"), a=lambda _: None).ending == Ending("SUCCEEDED", None)


def test_a_list_of_one_stays_a_list() -> None:
    assert ran(Function("a"), a=lambda _: [{"n": 1}]).ending.output == [{"n": 1}]


def test_choice_takes_the_first_true_way_and_then_goes_on() -> None:
    steps = (
        Choice(
            If(data.n > 10, then=[Pass({"n": data.n, "size": "big"})]),
            If(data.n > 1, then=[Pass({"n": data.n, "size": "some"})]),
        ),
        Pass({"size": data.size.or_else("none")}),
    )
    outputs = [ran(*steps, event={"n": n}).ending.output for n in (50, 5, 0)]
    assert outputs == [{"size": "big"}, {"size": "some"}, {"size": "none"}]


def test_a_condition_must_be_true_or_false() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""
    run = ran(Choice(If(data.n, then=[Pass()])), event={"n": "yes"})
    assert run.ending.error == "States.QueryEvaluationError"
    assert "Expected 'boolean', but was 'string' for value: \"yes\"" in run.ending.cause


def test_a_condition_on_a_missing_field_fails() -> None:
    run = ran(Choice(If(data.nothing > 1, then=[Pass()])), event={"n": 1})
    assert run.ending.error == "States.QueryEvaluationError"


def test_map_outputs_the_results_in_the_order_of_the_items() -> None:
    run = ran(Map(over=data.xs, steps=[Function("a")]), event={"xs": [3, 1, 2]}, a=lambda n: n)
    assert run.ending.output == [3, 1, 2]


def test_map_over_a_filter_with_one_match_runs_once() -> None:
    event: JsonValue = {"files": [{"n": 1}, {"n": 20}]}
    run = ran(Map(over=data.files[item.n > 10], steps=[Pass({"n": data.n})]), event=event)
    assert run.ending.output == [{"n": 20}]


def test_map_over_a_filter_without_a_match_runs_not_at_all() -> None:
    event: JsonValue = {"files": [{"n": 1}]}
    run = ran(Map(over=data.files[item.n > 10], steps=[Function("a")]), event=event)
    assert run.ending == Ending("SUCCEEDED", [])


@pytest.mark.parametrize("over", [data.fils, data.fils[item.n > 10]], ids=["path", "filter"])
def test_map_over_a_misspelt_field_fails(over: JsonValue) -> None:
    run = ran(Map(over=over, steps=[Pass()]), event={"files": [{"n": 20}]})
    assert run.ending.error == "States.QueryEvaluationError"
    assert "Items" in run.ending.cause


def test_map_over_what_is_no_list_fails() -> None:
    run = ran(Map(over=data.n, steps=[Pass()]), event={"n": 3})
    assert run.ending.error == "States.QueryEvaluationError"
    assert "Expected 'array', but was 'number' for value: 3" in run.ending.cause


def test_map_over_an_empty_list_outputs_one() -> None:
    assert ran(Map(over=data.xs, steps=[Pass()]), event={"xs": []}).ending.output == []


def test_select_sees_the_item_and_the_input_of_the_map() -> None:
    step = Map(over=data.xs, select={"x": item, "of": data.total}, steps=[Pass()])
    run = ran(step, event={"xs": [1, 2], "total": 2})
    assert run.ending.output == [{"x": 1, "of": 2}, {"x": 2, "of": 2}]


def test_the_runs_input_is_reached_from_inside_a_map() -> None:
    step = Map(over=data.xs, steps=[Pass({"of": execution.input.name, "run": execution.id})])
    run = ran(step, event={"xs": [1], "name": "n"})
    assert run.ending.output == [{"of": "n", "run": "arn:run"}]


def test_one_failed_item_fails_the_map_by_its_error() -> None:
    run = ran(
        Map(over=data.xs, steps=[Function("a", retry=())]),
        event={"xs": [1, 2]},
        a=failing("MyError"),
    )
    assert (run.ending.status, run.ending.error) == ("FAILED", "MyError")
    assert run.ending.failed is not None
    assert run.ending.failed.visit.path == ("Map", "0")
    assert run.ending.failed.input == 1


def test_branches_share_the_input_and_output_a_list() -> None:
    run = ran(Parallel([[Pass({"a": data.n})], [Pass(), Pass({"b": data.n})]]), event={"n": 1})
    assert run.ending.output == [{"a": 1}, {"b": 1}]


def test_a_failed_branch_stops_the_others() -> None:
    branches: list[list[Step]] = [[Wait(timedelta(hours=1)), Function("a")], [Fail("Stop")]]
    run = ran(Parallel(branches), a=lambda _: None, timeout=36000)
    assert run.ending.error == "Stop"
    assert run.calls == []


def test_branches_wait_side_by_side() -> None:
    run = ran(Parallel([[Wait(timedelta(seconds=30))], [Wait(timedelta(seconds=20))]]))
    assert run.seconds == 30


def test_retry_waits_longer_each_time_up_to_the_longest_delay() -> None:
    retry = Retry("E", interval=timedelta(seconds=2), backoff=3, max_delay=timedelta(seconds=10))
    run = ran(Function("a", retry=[retry]), a=failing("E", "E", "E"))
    waits = [event.wait for event in run.events if isinstance(event, StateRetried)]
    assert waits == [2, 6, 10]
    assert run.seconds == 18
    assert run.ending.output == 3


def test_the_error_stands_when_no_retry_is_left() -> None:
    run = ran(Function("a", retry=[Retry("E", max_attempts=1)]), a=failing("E", "E"))
    assert run.ending.error == "E"


def test_jitter_waits_at_most_the_delay() -> None:
    retry = Retry("E", interval=timedelta(seconds=4), jitter=True)
    run = ran(Function("a", retry=[retry]), a=failing("E"))
    [wait] = [event.wait for event in run.events if isinstance(event, StateRetried)]
    assert 0 <= wait <= 4


def test_each_retry_counts_its_own_tries() -> None:
    retries = [Retry("E", max_attempts=1), Retry("F", max_attempts=1)]
    assert ran(Function("a", retry=retries), a=failing("E", "F")).ending.output == 2


def test_lambdas_passing_errors_are_retried_as_aws_advises() -> None:
    body = failing("Lambda.TooManyRequestsException", "Lambda.ServiceException")
    assert ran(Function("a"), a=body).ending.output == 2


def test_no_retry_at_all_fails_at_once() -> None:
    body = failing("Lambda.TooManyRequestsException")
    assert ran(Function("a", retry=()), a=body).ending.error == "Lambda.TooManyRequestsException"


def test_a_catch_gets_the_input_and_the_error_and_rejoins() -> None:
    catch = Catch("E", steps=[Pass({"was": data.input, "error": data.error.Error})])
    run = ran(Function("a", catch=[catch]), Pass(), event={"n": 1}, a=failing("E"))
    assert run.ending.output == {"was": {"n": 1}, "error": "E"}
    assert run.states == ["a", "Pass 2", "Pass"]
    assert [event.to for event in run.events if isinstance(event, StateCaught)] == ["Pass 2"]


def test_the_cause_is_what_the_function_answered() -> None:
    run = ran(Function("a", catch=[Catch(steps=[Pass({"c": data.error.Cause})])]), a=failing("E"))
    assert isinstance(run.ending.output, dict)
    assert json.loads(str(run.ending.output["c"]))["errorType"] == "E"


@pytest.mark.parametrize("wildcard", ["States.ALL", "States.TaskFailed"])
def test_wildcards_catch_any_error_of_a_function(wildcard: str) -> None:
    run = ran(Function("a", retry=(), catch=[Catch(wildcard)]), a=failing("E"))
    assert run.ending.status == "SUCCEEDED"


def test_an_error_that_no_catch_names_fails_the_run() -> None:
    run = ran(Function("a", catch=[Catch("F")]), a=failing("E"))
    assert run.ending.error == "E"


def test_a_map_may_be_caught_as_a_whole() -> None:
    step = Map(
        over=data.xs,
        steps=[Function("a", retry=())],
        catch=[Catch("E", steps=[Pass({"caught": data.error.Error})])],
    )
    assert ran(step, event={"xs": [1]}, a=failing("E")).ending.output == {"caught": "E"}


def test_too_large_a_result_fails_and_the_advice_says_what_to_do() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    run = ran(Function("a"), a=lambda _: "x" * 262_143)
    assert run.ending.error == "States.DataLimitExceeded"
    assert "Write the data to the lake" in run.ending.advice


def test_a_wildcard_catches_too_large_a_result() -> None:
    run = ran(Function("a", catch=[Catch()]), a=lambda _: "x" * 262_143)
    assert run.ending.status == "SUCCEEDED"


def test_a_result_of_just_256_kib_passes() -> None:
    assert ran(Function("a"), a=lambda _: "x" * 262_142).ending.status == "SUCCEEDED"


def test_size_counts_bytes_not_characters() -> None:
    assert ran(Function("a"), a=lambda _: "ü" * 131_072).ending.error == "States.DataLimitExceeded"


def test_fail_ends_the_run_with_error_and_cause() -> None:
    run = ran(Fail("Empty", "nothing in " + data.key), event={"key": "k"})
    assert run.ending.error == "Empty"
    assert run.ending.cause == "nothing in k"


def test_succeed_ends_the_run_with_its_output() -> None:
    run = ran(Choice(If(data.n == 0, then=[Succeed({"n": 0})])), Function("a"), event={"n": 0})
    assert run.ending == Ending("SUCCEEDED", {"n": 0})


@pytest.mark.parametrize(
    ("wait", "event", "seconds"),
    [
        (Wait(timedelta(minutes=2)), None, 120),
        (Wait(data.pause), {"pause": 7}, 7),
        (Wait(until=data.moment), {"moment": "2030-03-17T17:46:45Z"}, 5),
        (Wait(until="2020-01-01T00:00:00Z"), None, 0),
    ],
)
def test_waits_take_their_time(wait: Wait, event: JsonValue, seconds: int) -> None:
    run = ran(wait, event=event)
    assert run.ending.status == "SUCCEEDED", run.ending.cause
    assert run.seconds == seconds


def test_a_wait_for_what_is_no_number_fails() -> None:
    run = ran(Wait(data.pause), event={"pause": "long"})
    assert run.ending.error == "States.QueryEvaluationError"


def test_a_run_over_the_pipelines_timeout_is_timed_out() -> None:
    run = ran(Wait(timedelta(hours=2)), timeout=60)
    assert (run.ending.status, run.ending.error) == ("TIMED_OUT", "States.Timeout")
    assert run.seconds == 60


def test_raw_jsonata_uses_the_functions_that_aws_adds() -> None:
    run = ran(Pass({"parts": jsonata("$partition($states.input.xs, 2)")}), event={"xs": [1, 2, 3]})
    assert run.ending.output == {"parts": [[1, 2], [3]]}
