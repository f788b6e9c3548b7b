"""What AWS's pages say of each kind of state, case by case, against dorc's interpreter.

Each case is a document as those pages write it, the page's name behind ``PAGES``, and how its run
ends. Moto's interpreter is asked as well, but where a case says that it knows better.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime.runs.events import StateRetried

from .oracles import moto_oracle, ours

PAGES = "https://docs.aws.amazon.com/step-functions/latest/dg/"

States = Mapping[str, Mapping[str, JsonValue]]


@dataclass(frozen=True)
class Case:
    """The first of ``states`` is where a run on ``event`` starts; ``page`` says how it ends.

    It ends with ``output``, or ``error``; ``retried`` are the seconds between its attempts. Moto
    is not asked where ``moto`` says why.
    """

    page: str
    states: States
    event: JsonValue = None
    output: JsonValue = None
    error: str = ""
    retried: tuple[float, ...] = ()
    buckets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    moto: str = ""
    limit: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The whole document."""
        limit = {"TimeoutSeconds": self.limit} if self.limit else {}
        return {"QueryLanguage": "JSONata", **_machine(self.states), **limit}


class Functions:
    """What the functions of all cases do."""

    def __init__(self) -> None:
        self._tries = 0

    def answer(self, name: str, payload: Any) -> tuple[JsonValue, bool]:
        """Return the answer, and whether it is an error."""
        match name:
            case "double":
                return {"v": payload["v"] * 2}, False
            case "echo":
                return payload, False
            case "large":
                return "x" * 300_000, False
            case "flaky":
                self._tries += 1
                if self._tries > payload["fails"]:
                    return {"tries": self._tries}, False
            case _:
                pass
        return {"errorType": "MyError", "errorMessage": "kaput"}, True


def _machine(states: States) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": dict(states)}


def _last(kind: str, **fields: JsonValue) -> dict[str, JsonValue]:
    return {"Type": kind, "End": True, **fields}


def _call(function: str, payload: JsonValue = "{% $states.input %}") -> dict[str, JsonValue]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": f"arn:aws:lambda:eu-west-2:123456789012:function:{function}",
            "Payload": payload,
        },
        "Output": "{% $states.result.Payload %}",
    }


def _retry(*errors: str, **fields: JsonValue) -> JsonValue:
    return [{"ErrorEquals": list(errors), **fields}]


def _catch(*errors: str, **fields: JsonValue) -> JsonValue:
    return [{"ErrorEquals": list(errors), "Next": "Caught", **fields}]


def _map(states: States, **fields: JsonValue) -> dict[str, JsonValue]:
    mode = {"ProcessorConfig": {"Mode": "INLINE"}}
    return {"Type": "Map", "ItemProcessor": {**mode, **_machine(states)}, **fields}


def _distributed(states: States, **fields: JsonValue) -> dict[str, JsonValue]:
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return {"Type": "Map", "ItemProcessor": {**mode, **_machine(states)}, "End": True, **fields}


def _read(resource: str, **arguments: JsonValue) -> dict[str, JsonValue]:
    config = {"ReaderConfig": arguments.pop("config")} if "config" in arguments else {}
    return {
        "Resource": f"arn:aws:states:::s3:{resource}",
        **config,
        "Arguments": {"Bucket": "lake", **arguments},
    }


BOOM = {**_call("boom"), "End": True}
ECHO = {"Echo": {**_call("echo"), "End": True}}
DOUBLE = {"Double": {**_call("double"), "End": True}}
KEPT = {"Kept": _last("Pass")}
CAUGHT = {"Caught": _last("Pass")}
FILES = {"lake": {"p/1": "a", "p/2": "b", "q/3": "c"}}
READS = "moto's S3 is not in this process"
ROWS: list[JsonValue] = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]

CASES = {
    # Pass
    "a Pass hands its input on": Case(
        "state-pass.html", {"A": _last("Pass")}, event={"x": 1}, output={"x": 1}
    ),
    "a Pass hands its Output on": Case(
        "state-pass.html",
        {"A": _last("Pass", Output={"sum": "{% $states.input.x + 1 %}", "plain": "x"})},
        event={"x": 1},
        output={"sum": 2, "plain": "x"},
    ),
    # Variables
    "a variable is there in the states behind": Case(
        "workflow-variables.html",
        {
            "A": {"Type": "Pass", "Assign": {"v": "{% $states.input.x %}"}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "gone", "Next": "C"},
            "C": _last("Pass", Output="{% $v %}"),
        },
        event={"x": 5},
        output=5,
    ),
    "all of an Assign sees the values from before": Case(
        "workflow-variables.html",
        {
            "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Next": "C"},
            "C": _last("Pass", Output=["{% $x %}", "{% $y %}"]),
        },
        output=[2, 1],
    ),
    "an Output sees the variables from before": Case(
        "workflow-variables.html",
        {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": _last("Pass", Assign={"x": 2}, Output="{% $x %}"),
        },
        output=1,
        moto="it assigns first",
    ),
    "a branch sees the variables around it": Case(
        "workflow-variables.html",
        {
            "A": {"Type": "Pass", "Assign": {"x": 7}, "Next": "P"},
            "P": _last("Parallel", Branches=[_machine({"B": _last("Pass", Output="{% $x %}")})]),
        },
        output=[7],
    ),
    "the variables of a branch stay in it": Case(
        "workflow-variables.html",
        {
            "P": {
                "Type": "Parallel",
                "Branches": [_machine({"B": _last("Pass", Assign={"inner": 1})})],
                "Next": "C",
            },
            "C": _last("Pass", Output="{% $exists($inner) %}"),
        },
        output=False,
    ),
    # Task
    "a Task hands its result on": Case(
        "transforming-data.html",
        {
            "A": {key: value for key, value in BOOM.items() if key != "Output"}
            | {
                "Arguments": _call("double", {"v": "{% $states.input.n %}"})["Arguments"],
                "Output": "{% $states.result.Payload.v %}",
            }
        },
        event={"n": 4},
        output=8,
    ),
    "a Task's Output sees its input and its result": Case(
        "transforming-data.html",
        {
            "A": _call("double")
            | {
                "Output": ["{% $states.input.v %}", "{% $states.result.Payload.v %}"],
                "End": True,
            }
        },
        event={"v": 2},
        output=[2, 4],
    ),
    "a Task assigns of its result": Case(
        "workflow-variables.html",
        {
            "A": _call("double")
            | {"Assign": {"got": "{% $states.result.Payload.v %}"}, "Next": "B"},
            "B": _last("Pass", Output="{% $got %}"),
        },
        event={"v": 2},
        output=4,
    ),
    "an expression without a value fails": Case(
        "transforming-data.html",
        {"A": _last("Pass", Output="{% $states.input.misspelt %}")},
        event={"x": 1},
        error="States.QueryEvaluationError",
    ),
    # Retry
    "Retry tries again, later each time": Case(
        "concepts-error-handling.html",
        {
            "A": _call("flaky")
            | {"Retry": _retry("MyError", IntervalSeconds=1, BackoffRate=2), "End": True}
        },
        event={"fails": 3},
        output={"tries": 4},
        retried=(1, 2, 4),
    ),
    "Retry waits a second, then twice as long, unless it says otherwise": Case(
        "concepts-error-handling.html",
        {"A": _call("flaky") | {"Retry": _retry("States.ALL"), "End": True}},
        event={"fails": 3},
        output={"tries": 4},
        retried=(1, 2, 4),
    ),
    "Retry waits no longer than MaxDelaySeconds": Case(
        "concepts-error-handling.html",
        {
            "A": _call("flaky")
            | {
                "Retry": _retry("MyError", IntervalSeconds=3, BackoffRate=3, MaxDelaySeconds=5),
                "End": True,
            }
        },
        event={"fails": 2},
        output={"tries": 3},
        retried=(3, 5),
    ),
    "the error stands when Retry has no attempts left": Case(
        "concepts-error-handling.html",
        {"A": BOOM | {"Retry": _retry("MyError", MaxAttempts=1)}},
        error="MyError",
        retried=(1,),
    ),
    "MaxAttempts 0 never tries again": Case(
        "concepts-error-handling.html",
        {"A": BOOM | {"Retry": _retry("MyError", MaxAttempts=0)}},
        error="MyError",
    ),
    "the first Retry that names the error takes it": Case(
        "concepts-error-handling.html",
        {
            "A": BOOM
            | {
                "Retry": [
                    {"ErrorEquals": ["Other"], "IntervalSeconds": 9},
                    {"ErrorEquals": ["MyError"], "IntervalSeconds": 2, "MaxAttempts": 1},
                    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5},
                ]
            }
        },
        error="MyError",
        retried=(2,),
    ),
    "Retry comes before Catch": Case(
        "concepts-error-handling.html",
        {
            "A": BOOM
            | {
                "Retry": _retry("MyError", MaxAttempts=2),
                "Catch": _catch("MyError", Output="caught"),
            },
            **CAUGHT,
        },
        output="caught",
        retried=(1, 2),
    ),
    # Catch
    "a Catch hands the error on": Case(
        "concepts-error-handling.html",
        {
            "A": BOOM | {"Catch": _catch("MyError")},
            "Caught": _last("Pass", Output="{% $states.input.Error %}"),
        },
        output="MyError",
    ),
    "a Catch's Output sees the error and the input": Case(
        "concepts-error-handling.html",
        {
            "A": BOOM
            | {
                "Catch": _catch(
                    "States.ALL",
                    Output=["{% $states.input.k %}", "{% $states.errorOutput.Error %}"],
                )
            },
            **CAUGHT,
        },
        event={"k": 1},
        output=[1, "MyError"],
    ),
    "a Catch assigns of the error": Case(
        "workflow-variables.html",
        {
            "A": BOOM | {"Catch": _catch("States.ALL", Assign={"e": "{% $states.errorOutput %}"})},
            "Caught": _last("Pass", Output="{% $e.Error %}"),
        },
        output="MyError",
    ),
    "States.TaskFailed takes what a function fails by": Case(
        "concepts-error-handling.html",
        {"A": BOOM | {"Catch": _catch("States.TaskFailed", Output=1)}, **CAUGHT},
        output=1,
    ),
    "States.ALL takes an expression that fails": Case(
        "concepts-error-handling.html",
        {
            "A": _call("echo", "{% $states.input.misspelt %}")
            | {
                "Catch": _catch("States.ALL", Output="{% $states.errorOutput.Error %}"),
                "End": True,
            },
            **CAUGHT,
        },
        event={},
        output="States.QueryEvaluationError",
    ),
    "an error that no Catch names fails the run": Case(
        "concepts-error-handling.html",
        {"A": BOOM | {"Catch": _catch("Other")}, **CAUGHT},
        error="MyError",
    ),
    # Choice
    "a Choice takes the first way whose Condition holds": Case(
        "state-choice.html",
        {
            "C": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.n > 5 %}", "Next": "X"},
                    {"Condition": "{% $states.input.n > 1 %}", "Next": "Y"},
                    {"Condition": "{% $states.input.n > 0 %}", "Next": "X"},
                ],
            },
            "X": _last("Pass", Output="x"),
            "Y": _last("Pass", Output="y"),
        },
        event={"n": 3},
        output="y",
    ),
    "a Choice takes Default when none holds": Case(
        "state-choice.html",
        {
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% false %}", "Next": "X"}],
                "Default": "Y",
            },
            "X": _last("Pass", Output="x"),
            "Y": _last("Pass", Output="y"),
        },
        output="y",
    ),
    "a Choice without a way fails": Case(
        "state-choice.html",
        {
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Kept"}]},
            **KEPT,
        },
        error="States.Runtime",
    ),
    "a Condition that is neither true nor false fails": Case(
        "state-choice.html",
        {
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "Kept"}]},
            **KEPT,
        },
        error="States.QueryEvaluationError",
        moto="it calls this States.Runtime",
    ),
    "a way of a Choice assigns, and has an Output": Case(
        "workflow-variables.html",
        {
            "C": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% true %}",
                        "Assign": {"q": "{% $states.input.n %}"},
                        "Output": "out",
                        "Next": "B",
                    }
                ],
            },
            "B": _last("Pass", Output=["{% $q %}", "{% $states.input %}"]),
        },
        event={"n": 2},
        output=[2, "out"],
    ),
    # Wait
    "a Wait hands its input on": Case(
        "state-wait.html", {"W": _last("Wait", Seconds=10)}, event={"x": 1}, output={"x": 1}
    ),
    "a Wait takes its seconds of an expression": Case(
        "state-wait.html",
        {"W": _last("Wait", Seconds="{% $states.input.s %}", Output="waited")},
        event={"s": 3},
        output="waited",
    ),
    "a Wait until a time that is past takes none": Case(
        "state-wait.html",
        {"W": _last("Wait", Timestamp="2020-01-01T00:00:00Z")},
        output=None,
    ),
    # Succeed and Fail
    "Succeed ends with its Output": Case(
        "state-succeed.html",
        {"S": {"Type": "Succeed", "Output": "{% $states.input.a %}"}},
        event={"a": [1]},
        output=[1],
    ),
    "Fail ends with its Error": Case(
        "state-fail.html", {"F": {"Type": "Fail", "Error": "E1", "Cause": "why"}}, error="E1"
    ),
    "Fail takes its Error of an expression": Case(
        "state-fail.html",
        {"F": {"Type": "Fail", "Error": "{% 'E' & $string($states.input.n) %}", "Cause": "why"}},
        event={"n": 2},
        error="E2",
    ),
    # Parallel
    "Parallel gives each branch its input, and outputs a list": Case(
        "state-parallel.html",
        {
            "P": _last(
                "Parallel",
                Branches=[_machine(DOUBLE), _machine({"B": _last("Pass", Output="second")})],
            )
        },
        event={"v": 1},
        output=[{"v": 2}, "second"],
    ),
    "a branch that fails fails the Parallel by its error": Case(
        "state-parallel.html",
        {"P": _last("Parallel", Branches=[_machine(KEPT), _machine({"B": BOOM})])},
        error="MyError",
    ),
    "a Parallel is caught as a whole": Case(
        "state-parallel.html",
        {
            "P": _last(
                "Parallel",
                Branches=[_machine(KEPT), _machine({"B": BOOM})],
                Catch=_catch("MyError", Output="caught"),
            ),
            **CAUGHT,
        },
        output="caught",
    ),
    "a Parallel's Output sees all results": Case(
        "state-parallel.html",
        {
            "P": _last(
                "Parallel",
                Branches=[_machine(KEPT), _machine(KEPT)],
                Output="{% $sum($states.result) %}",
            )
        },
        event=3,
        output=6,
    ),
    # Map
    "a Map runs over its Items, in their order": Case(
        "state-map-inline.html",
        {"M": _map(DOUBLE, Items="{% $states.input.xs %}", MaxConcurrency=2, End=True)},
        event={"xs": [{"v": 1}, {"v": 2}, {"v": 3}]},
        output=[{"v": 2}, {"v": 4}, {"v": 6}],
    ),
    "a Map without Items runs over its input": Case(
        "state-map-inline.html",
        {"M": _map(DOUBLE, End=True)},
        event=[{"v": 1}],
        output=[{"v": 2}],
    ),
    "a Map over nothing outputs nothing": Case(
        "state-map-inline.html", {"M": _map(DOUBLE, Items=[], End=True)}, output=[]
    ),
    "ItemSelector makes the input of each item": Case(
        "input-output-itemselector.html",
        {
            "M": _map(
                KEPT,
                Items=["a", "b"],
                ItemSelector={
                    "i": "{% $states.context.Map.Item.Index %}",
                    "v": "{% $states.context.Map.Item.Value %}",
                    "p": "{% $states.input.p %}",
                },
                End=True,
            )
        },
        event={"p": 9},
        output=[{"i": 0, "v": "a", "p": 9}, {"i": 1, "v": "b", "p": 9}],
    ),
    "Items that are no list fail": Case(
        "state-map-inline.html",
        {"M": _map(KEPT, Items="{% 'text' %}", End=True)},
        error="States.QueryEvaluationError",
    ),
    "an item that fails fails the Map by its error": Case(
        "state-map-inline.html",
        {"M": _map({"B": BOOM}, Items=[1], End=True)},
        error="MyError",
    ),
    "a Map is tried again as a whole": Case(
        "state-map-inline.html",
        {
            "M": _map(
                {"F": _call("flaky") | {"End": True}},
                Items=[{"fails": 1}],
                Retry=_retry("MyError", IntervalSeconds=2),
                End=True,
            )
        },
        output=[{"tries": 2}],
        retried=(2,),
    ),
    # The context object
    "the context object has the execution": Case(
        "input-output-contextobject.html",
        {"A": _last("Pass", Output="{% $states.context.Execution.Input.z %}")},
        event={"z": 3},
        output=3,
    ),
    "the context object has the state": Case(
        "input-output-contextobject.html",
        {"A": _last("Pass", Output="{% $states.context.State.Name %}")},
        output="A",
    ),
    "the context object counts retries": Case(
        "input-output-contextobject.html",
        {
            "A": _call("flaky")
            | {
                "Retry": _retry("MyError"),
                "Output": "{% $states.context.State.RetryCount %}",
                "End": True,
            }
        },
        event={"fails": 1},
        output=1,
        retried=(1,),
    ),
    # Functions that Step Functions adds to JSONata
    "the functions that Step Functions adds": Case(
        "transforming-data.html",
        {
            "A": _last(
                "Pass",
                Output={
                    "partition": "{% $partition([1, 2, 3], 2) %}",
                    "range": "{% $range(1, 7, 3) %}",
                    "hash": "{% $hash('abc', 'SHA-1') %}",
                    "parse": "{% $parse('{\"a\": [1]}').a %}",
                    "uuid": "{% $length($uuid()) %}",
                    "random": "{% $random(1) >= 0 %}",
                },
            )
        },
        output={
            "partition": [[1, 2], [3]],
            "range": [1, 4, 7],
            "hash": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "parse": [1],
            "uuid": 36,
            "random": True,
        },
    ),
    # The machine
    "a run over the machine's TimeoutSeconds is timed out": Case(
        "statemachine-structure.html",
        {"W": _last("Wait", Seconds=60)},
        error="States.Timeout",
        limit=5,
        moto="no time passes in it",
    ),
    # Distributed Maps
    "a distributed Map runs over a list": Case(
        "state-map-distributed.html",
        {"M": _distributed(ECHO, Items="{% $states.input.xs %}")},
        event={"xs": [1, 2, 3]},
        output=[1, 2, 3],
        moto=READS,
    ),
    "ItemReader reads CSV": Case(
        "input-output-itemreader.html",
        {
            "M": _distributed(
                ECHO,
                ItemReader=_read(
                    "getObject",
                    Key="items",
                    config={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                ),
            )
        },
        buckets={"lake": {"items": "a,b\n1,x\n2,y\n"}},
        output=ROWS,
        moto=READS,
    ),
    "ItemReader reads JSON": Case(
        "input-output-itemreader.html",
        {
            "M": _distributed(
                ECHO, ItemReader=_read("getObject", Key="i", config={"InputType": "JSON"})
            )
        },
        buckets={"lake": {"i": json.dumps(ROWS)}},
        output=ROWS,
        moto=READS,
    ),
    "ItemReader reads JSON Lines": Case(
        "input-output-itemreader.html",
        {
            "M": _distributed(
                ECHO, ItemReader=_read("getObject", Key="i", config={"InputType": "JSONL"})
            )
        },
        buckets={"lake": {"i": "".join(json.dumps(row) + "\n" for row in ROWS)}},
        output=ROWS,
        moto=READS,
    ),
    "ItemReader lists objects": Case(
        "input-output-itemreader.html",
        {
            "M": _distributed(
                {"A": _last("Pass", Output="{% $states.input.Key %}")},
                ItemReader=_read("listObjectsV2", Prefix="p/"),
            )
        },
        buckets=FILES,
        output=["p/1", "p/2"],
        moto=READS,
    ),
    "ItemReader takes so many items": Case(
        "input-output-itemreader.html",
        {
            "M": _distributed(
                {"A": _last("Pass", Output="{% $states.input.Key %}")},
                ItemReader=_read("listObjectsV2", config={"MaxItems": 1}),
            )
        },
        buckets=FILES,
        output=["p/1"],
        moto=READS,
    ),
    "ItemBatcher makes batches": Case(
        "input-output-itembatcher.html",
        {"M": _distributed(ECHO, Items=[1, 2, 3], ItemBatcher={"MaxItemsPerBatch": 2})},
        output=[{"Items": [1, 2]}, {"Items": [3]}],
        moto=READS,
    ),
    "too many items that fail fail the Map": Case(
        "state-map-distributed.html",
        {"M": _distributed({"B": BOOM}, Items=[1, 2], ToleratedFailurePercentage=50)},
        error="States.ExceedToleratedFailureThreshold",
        moto=READS,
    ),
    "an item has no variables of what is around the Map": Case(
        "workflow-variables.html",
        {
            "A": {"Type": "Pass", "Assign": {"x": 7}, "Next": "M"},
            "M": _distributed({"B": _last("Pass", Output="{% $exists($x) %}")}, Items=[1]),
        },
        output=[False],
        moto=READS,
    ),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """One of them."""
    found: Case = request.param
    return found


def test_dorc_does_what_aws_documents(case: Case) -> None:
    ending, events = ours.run(case.document, case.event, Functions().answer, buckets=case.buckets)
    assert (ending.error, ending.output) == (case.error, case.output), PAGES + case.page
    waits = tuple(event.wait for event in events if isinstance(event, StateRetried))
    assert waits == case.retried


@pytest.mark.parametrize("name", [name for name, each in CASES.items() if not each.moto])
def test_moto_agrees(name: str) -> None:
    case = CASES[name]
    ended = moto_oracle.run(case.document, case.event, Functions().answer)
    assert (ended.error, ended.output) == (case.error, case.output), PAGES + case.page
