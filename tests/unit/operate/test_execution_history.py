"""The history of an execution on AWS, read as the events of a run.

The order of the types, and what each is after, are AWS's:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from dorc_runtime.operate.execution_history import StateEvent, run_events
from dorc_runtime.runs.events import (
    ExecutionRedriven,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    Visit,
)
from dorc_runtime.runs.failed_states import failed_state
from dorc_runtime.runs.visits import visits_of

START = datetime(2026, 1, 1, tzinfo=UTC)
BRANCHES: list[dict[str, Any]] = [{"StartAt": name, "States": {}} for name in ("a", "b")]
MACHINE = {"States": {"Both": {"Type": "Parallel", "Branches": BRANCHES}}}
FAILED = {"error": "ValueError", "cause": "no number"}


def history(*events: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return events from ``(type, the one before, details)``, numbered from 1, a second apart."""
    return [
        {
            "id": number,
            "type": kind,
            "previousEventId": before,
            "timestamp": START + timedelta(seconds=number),
            **({f"{kind[0].lower()}{kind[1:]}EventDetails": details[0]} if details else {}),
        }
        for number, (kind, before, *details) in enumerate(events, 1)
    ]


def _entered(events: list[dict[str, Any]]) -> list[str]:
    """Return where the states are that are entered, in their order."""
    read = run_events(events, MACHINE)
    return [each.visit.location for each in read if isinstance(each, StateEntered)]


def entered(state: str) -> dict[str, str]:
    return {"name": state, "input": "{}"}


def test_a_task_that_is_scheduled_again_is_a_retry() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskFailed", 3, FAILED),
        ("TaskScheduled", 4),
        ("TaskSucceeded", 5),
        ("TaskStateExited", 6, {"name": "clean", "output": "1"}),
        ("ExecutionSucceeded", 7),
    )
    [retried] = [each for each in run_events(events, MACHINE) if isinstance(each, StateRetried)]
    assert (retried.error, retried.cause, retried.attempt) == ("ValueError", "no number", 1)
    assert retried.wait == 1


def test_a_state_that_fails_and_is_left_was_caught() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskFailed", 3, FAILED),
        ("TaskStateExited", 4, {"name": "clean", "output": "{}"}),
        ("PassStateEntered", 5, entered("skip")),
        ("PassStateExited", 6, {"name": "skip", "output": "{}"}),
        ("ExecutionSucceeded", 7),
    )
    read = list(run_events(events, MACHINE))
    [caught] = [each for each in read if isinstance(each, StateCaught)]
    assert (caught.visit.state, caught.error, caught.to) == ("clean", "ValueError", "skip")
    assert not [each for each in read if isinstance(each, StateFailed)]


def test_a_state_in_a_map_says_which_item_it_is_of() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("MapStateEntered", 0, entered("Each")),
        ("MapStateStarted", 2, {"length": 2}),
        ("MapIterationStarted", 3, {"name": "Each", "index": 0}),
        ("MapIterationStarted", 3, {"name": "Each", "index": 1}),
        ("TaskStateEntered", 5, entered("clean")),
        ("TaskStateEntered", 4, entered("clean")),
    )
    found = [
        each.visit.location
        for each in run_events(events, MACHINE)
        if isinstance(each, StateEntered)
    ]
    assert found == ["Each", "Each[1] › clean", "Each[0] › clean"]


def test_the_branches_of_a_parallel_have_the_numbers_of_the_definition() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("ParallelStateEntered", 0, entered("Both")),
        ("ParallelStateStarted", 2),
        ("PassStateEntered", 3, entered("b")),
        ("PassStateEntered", 3, entered("a")),
        ("PassStateExited", 5, {"name": "a", "output": "1"}),
        ("PassStateEntered", 6, entered("c")),
    )
    found = [
        each.visit.location
        for each in run_events(events, MACHINE)
        if isinstance(each, StateEntered)
    ]
    assert found == ["Both", "Both[1] › b", "Both[0] › a", "Both[0] › c"]


def test_a_map_fails_by_the_error_of_its_item() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("MapStateEntered", 0, entered("Each")),
        ("MapStateStarted", 2, {"length": 1}),
        ("MapIterationStarted", 3, {"name": "Each", "index": 0}),
        ("TaskStateEntered", 4, entered("clean")),
        ("TaskScheduled", 5),
        ("TaskFailed", 6, FAILED),
        ("MapIterationFailed", 7, {"name": "Each", "index": 0}),
        ("MapStateFailed", 8),
        ("ExecutionFailed", 9, FAILED),
    )
    failures = [each for each in run_events(events, MACHINE) if isinstance(each, StateFailed)]
    assert [(each.visit.location, each.error) for each in failures] == [
        ("Each[0] › clean", "ValueError"),
        ("Each", "ValueError"),
    ]


def test_a_failure_goes_through_everything_that_it_is_in() -> None:
    def parallel(first: str, states: dict[str, Any]) -> dict[str, Any]:
        return {"Type": "Parallel", "Branches": [{"StartAt": first, "States": states}]}

    item = {"StartAt": "Inner", "States": {"Inner": parallel("clean", {})}}
    each = {"Each": {"Type": "Map", "ItemProcessor": item}}
    machine = {"States": {"Outer": parallel("Each", each)}}
    events = history(
        ("ExecutionStarted", 0),
        ("ParallelStateEntered", 0, entered("Outer")),
        ("ParallelStateStarted", 2),
        ("MapStateEntered", 3, entered("Each")),
        ("MapStateStarted", 4, {"length": 1}),
        ("MapIterationStarted", 5, {"name": "Each", "index": 0}),
        ("ParallelStateEntered", 6, entered("Inner")),
        ("ParallelStateStarted", 7),
        ("TaskStateEntered", 8, entered("clean")),
        ("TaskScheduled", 9),
        ("TaskFailed", 10, FAILED),
        ("ParallelStateFailed", 11),
        ("MapIterationFailed", 12, {"name": "Each", "index": 0}),
        ("MapStateFailed", 13),
        ("ParallelStateFailed", 14),
        ("ExecutionFailed", 15, FAILED),
    )
    read = run_events(events, machine)
    assert [event.visit.location for event in read if isinstance(event, StateFailed)] == [
        "Outer[0] › Each[0] › Inner[0] › clean",
        "Outer[0] › Each[0] › Inner",
        "Outer[0] › Each",
        "Outer",
    ]


def test_a_fail_has_the_error_of_the_execution() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("FailStateEntered", 0, entered("No rows")),
        ("ExecutionFailed", 2, {"error": "Empty", "cause": "no rows"}),
    )
    [failed] = [each for each in run_events(events, MACHINE) if isinstance(each, StateFailed)]
    assert (failed.visit.state, failed.error, failed.cause) == ("No rows", "Empty", "no rows")
    assert failed_state(events[::-1]) == "No rows"


def test_a_redrive_visits_the_failed_state_again() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskFailed", 3, FAILED),
        ("ExecutionFailed", 4, FAILED),
        ("ExecutionRedriven", 5, {"redriveCount": 1}),
        ("TaskScheduled", 6),
        ("TaskSucceeded", 7),
        ("TaskStateExited", 8, {"name": "clean", "output": "1"}),
        ("ExecutionSucceeded", 9),
    )
    read = list(run_events(events, MACHINE))
    kinds = [type(each).__name__ for each in read]
    assert kinds == [
        "StateEntered",
        "StateFailed",
        "ExecutionRedriven",
        "StateEntered",
        "StateExited",
    ]
    first, second = (visit.as_json() for visit in visits_of(read))
    assert (first["state"], first["error"], first["seconds"]) == ("clean", "ValueError", 2)
    # It took 2 seconds since the redrive.
    assert (second["state"], second["error"], second["seconds"]) == ("clean", None, 2)


def test_a_state_that_aws_enters_again_after_a_redrive_is_visited_once_more() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskFailed", 3, FAILED),
        ("ExecutionFailed", 4, FAILED),
        ("ExecutionRedriven", 5, {"redriveCount": 1}),
        ("TaskStateEntered", 6, entered("clean")),
        ("TaskScheduled", 7),
        ("TaskSucceeded", 8),
        ("TaskStateExited", 9, {"name": "clean", "output": "1"}),
        ("PassStateEntered", 10, entered("next")),
    )
    assert _entered(events) == ["clean", "clean", "next"]


def test_a_redrive_of_a_map_visits_only_the_items_that_failed() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("MapStateEntered", 0, entered("Each")),
        ("MapStateStarted", 2, {"length": 2}),
        ("MapIterationStarted", 3, {"name": "Each", "index": 0}),
        ("PassStateEntered", 4, entered("clean")),
        ("PassStateExited", 5, {"name": "clean", "output": "1"}),
        ("MapIterationSucceeded", 6, {"name": "Each", "index": 0}),
        ("MapIterationStarted", 3, {"name": "Each", "index": 1}),
        ("TaskStateEntered", 8, entered("clean")),
        ("TaskScheduled", 9),
        ("TaskFailed", 10, FAILED),
        ("MapIterationFailed", 11, {"name": "Each", "index": 1}),
        ("MapStateFailed", 12),
        ("ExecutionFailed", 13, FAILED),
        ("ExecutionRedriven", 14, {"redriveCount": 1}),
        ("MapStateStarted", 15, {"length": 2}),
        ("TaskScheduled", 11),
        ("TaskSucceeded", 17),
        ("TaskStateExited", 18, {"name": "clean", "output": "1"}),
        ("MapIterationSucceeded", 19, {"name": "Each", "index": 1}),
        ("MapStateSucceeded", 20),
        ("MapStateExited", 20, {"name": "Each", "output": "[1, 1]"}),
    )
    read = list(run_events(events, MACHINE))
    redriven = next(n for n, each in enumerate(read) if isinstance(each, ExecutionRedriven))
    exited = [each.visit.location for each in read[redriven + 1 :] if isinstance(each, StateExited)]
    assert exited == ["Each[1] › clean", "Each"]
    assert _entered(events)[-2:] == ["Each", "Each[1] › clean"]


def test_a_distributed_map_that_failed_has_the_events_of_its_item() -> None:
    item = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskFailed", 3, FAILED),
        ("ExecutionFailed", 4, FAILED),
    )
    events = history(
        ("ExecutionStarted", 0),
        ("MapStateEntered", 0, entered("Wide")),
        ("MapStateStarted", 2, {"length": 0}),
        ("MapRunStarted", 3, {"mapRunArn": "arn:run"}),
        ("MapRunFailed", 4, {"error": "States.ExceedToleratedFailureThreshold"}),
        ("MapStateFailed", 5),
        ("ExecutionFailed", 6, {"error": "States.ExceedToleratedFailureThreshold"}),
    )

    def items(map_run: str, visit: Visit, number: int) -> Iterator[StateEvent]:
        assert map_run == "arn:run"
        path = (*visit.path, visit.state, "some-execution")
        for event in run_events(item, MACHINE, path=path, number=number):
            assert not isinstance(event, ExecutionRedriven)
            yield event

    read = run_events(events, MACHINE, items=items)
    failures = [(each.visit.location, each.error) for each in read if isinstance(each, StateFailed)]
    assert failures == [
        ("Wide › clean", "ValueError"),
        ("Wide", "States.ExceedToleratedFailureThreshold"),
    ]


def test_a_timeout_has_the_name_that_aws_gives_it() -> None:
    events = history(
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0, entered("clean")),
        ("TaskScheduled", 2),
        ("TaskTimedOut", 3, {"error": "States.Timeout"}),
        ("ExecutionFailed", 4, {"error": "States.Timeout"}),
    )
    [failed] = [each for each in run_events(events, MACHINE) if isinstance(each, StateFailed)]
    assert failed.error == "States.Timeout"
