"""Generated pipelines end alike in dorc's interpreter and in moto's.

Alike are the status, the output, the error's name, the order of the states that are entered, and
the seconds that retries wait. Not compared, each for its reason:

| What | Who is right |
|---|---|
| the words of a ``Cause`` | AWS documents none but a function's own, which is tested elsewhere |
| the states that the others of a failed Map or Parallel had entered | Step Functions stops them \
at a moment of its own: https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html |
| ``States.TaskFailed`` on a Map or Parallel | dorc: it matches any error but ``States.Timeout``, \
where moto leaves out those of Step Functions itself: \
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html |
| a Fail whose ``Error`` yields no text | dorc: ``States.QueryEvaluationError``, where moto \
stumbles: \
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html |
| a Wait whose ``Seconds`` yields no number | dorc, by the same page; moto stumbles here too |
| an ``Output`` that fails, in a state with ``Retry`` or ``Catch`` | dorc, where they take it as \
any error of the state, and moto does not: https://states-language.net/#errors |
| an ``Output`` that uses a variable which the same state assigns | dorc: it has the value from \
before, where moto assigns first: \
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html |
| the ``Output`` and ``Assign`` of a Choice that a way leads around to the same state | dorc, by \
the same page: they are for ``Default``, where moto goes by the name of the state |
| a payload of null for a function | moto sends ``{}``, dorc null; AWS documents neither |
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import JsonValue

from dorc_runtime import Fail, Pipeline, data
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.runs.events import StateCaught, StateEntered, StateFailed, StateRetried

from .oracles import moto_oracle, ours
from .oracles.generated import Example, Functions, examples

pytestmark = [
    pytest.mark.skipif(
        version("moto") != moto_oracle.VERSION,
        reason=f"the repairs of moto's interpreter are made for moto {moto_oracle.VERSION}",
    ),
    # jsonata-python sets the limit whenever it evaluates, hypothesis wants to set it back.
    pytest.mark.filterwarnings("ignore:The recursion limit will not be reset"),
]

many = settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def ran(example: Example) -> tuple[moto_oracle.Run, set[str]]:
    """Return how dorc runs ``example``, and the names of Maps and Parallels that failed in it."""
    ending, events = ours.run(example.document, example.event, Functions(example.bodies).answer)
    states = [event.visit.state for event in events if isinstance(event, StateEntered)]
    waits = [event.wait for event in events if isinstance(event, StateRetried)]
    failed = {
        event.visit.state
        for event in events
        if isinstance(event, StateRetried | StateCaught | StateFailed)
        and event.visit.kind in ("Map", "Parallel")
    }
    return moto_oracle.Run(ending.status, ending.output, ending.error, states, waits), failed


def sequences(
    machine: Mapping[str, Any], failed: set[str], *, ordered: bool = True
) -> Iterator[tuple[set[str], bool]]:
    """Yield the states of each sequence of ``machine``, and whether their order is certain.

    What is inside the Maps and Parallels named in ``failed`` is left out, but for Maps that take
    one item at a time.
    """
    yield set(machine["States"]), ordered
    for name, state in machine["States"].items():
        one_by_one = state.get("MaxConcurrency") == 1
        if name in failed and not one_by_one:
            continue
        for branch in state.get("Branches", ()):
            yield from sequences(branch, failed, ordered=ordered)
        if "ItemProcessor" in state:
            yield from sequences(state["ItemProcessor"], failed, ordered=ordered and one_by_one)


def visits(run: moto_oracle.Run, document: Mapping[str, Any], failed: set[str]) -> list[list[str]]:
    """Return the states that ``run`` entered, sequence by sequence."""
    found = []
    for names, ordered in sequences(document, failed):
        entered = [state for state in run.states if state in names]
        found.append(entered if ordered else sorted(entered))
    return found


def without_causes(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: without_causes(inner) for key, inner in value.items() if key != "Cause"}
        case list():
            return [without_causes(inner) for inner in value]
        case _:
            return value


def end_alike(example: Example) -> None:
    mine, failed = ran(example)
    theirs = moto_oracle.run(example.document, example.event, Functions(example.bodies).answer)
    assert (mine.status, mine.error) == (theirs.status, theirs.error)
    assert without_causes(mine.output) == without_causes(theirs.output)
    assert visits(mine, example.document, failed) == visits(theirs, example.document, failed)
    if not failed:
        assert sorted(mine.waits) == sorted(theirs.waits)


@many
@given(examples("function"))
def test_functions_fail_are_retried_and_caught_alike(example: Example) -> None:
    end_alike(example)


@many
@given(examples("choice"))
def test_choices_are_made_alike(example: Example) -> None:
    end_alike(example)


@many
@given(examples("map"))
def test_maps_run_alike(example: Example) -> None:
    end_alike(example)


@many
@given(examples("parallel"))
def test_branches_run_alike(example: Example) -> None:
    end_alike(example)


@many
@given(examples("repeat"))
def test_rounds_are_repeated_alike(example: Example) -> None:
    end_alike(example)


@pytest.mark.parametrize("fail", [Fail(data), Fail("Full", data)])
def test_a_fail_whose_words_are_no_text_fails_by_its_expression(fail: Fail) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html"""
    document = state_machine(Pipeline(steps=[fail]), arns={})
    run, _ = ran(Example(document, bodies={}, event=[1]))
    assert run.error == "States.QueryEvaluationError"
