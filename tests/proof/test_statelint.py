"""Every document passes statelint, a port of AWS's own linter."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from statelint.linter import Linter

from dorc_runtime import (
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Pipeline,
    Retry,
    Succeed,
    Wait,
    data,
    execution,
    item,
)
from dorc_runtime.compile.states import state_machine
from dorc_runtime.model.steps import Function as FunctionStep
from dorc_runtime.model.steps import Step
from dorc_runtime.model.walk import all_steps

# What statelint 3.1.0 says of documents that Step Functions takes, and AWS's page for each.
FALSE_ALARMS = {
    r'Seconds is "\{% .* %\}" but should be an Integer': (
        "https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"
    ),
    r'Timestamp is "\{% .* %\}" but should be an RFC3339 timestamp': (
        "https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"
    ),
}

PIPELINES: dict[str, Callable[[], list[Step]]] = {
    "one function": lambda: [Function("a")],
    "no retry": lambda: [Function("a", retry=())],
    "retries": lambda: [
        Function(
            "a",
            retry=[
                Retry(["E", "F"], max_delay=timedelta(seconds=60), jitter=True, backoff=1.5),
                Retry(max_attempts=0),
            ],
        )
    ],
    "catches": lambda: [
        Function("a", catch=[Catch("E", steps=[Function("b")]), Catch(steps=[Fail("F", "why")])]),
        Function("c"),
    ],
    "a catch at the end": lambda: [Function("a", catch=[Catch()])],
    "a choice": lambda: [
        Choice(
            If((data.n > 1) & data.ok.exists(), then=[Function("a")]),
            If(~data.kind.is_in(["x", "y"]), then=[Fail("Kind", data.kind)]),
        )
    ],
    "a choice with all ways": lambda: [
        Choice(If(data.n == 0, then=[Succeed({"n": 0})]), otherwise=[Function("a")]),
    ],
    "nested choices": lambda: [
        Choice(If(data.n == 0, then=[Choice(If(data.m == 0, then=[Pass()]))])),
        Function("a"),
    ],
    "a map": lambda: [
        Map(
            over=data.files[item.size > 0],
            select={"file": item, "run": execution.id, "of": data.total},
            max_concurrency=3,
            steps=[Function("a"), Map(over=data.parts, steps=[Pass({"n": data.n + 1})])],
            retry=[Retry("E")],
            catch=[Catch(steps=[Pass()])],
        )
    ],
    "a map over a list": lambda: [Map(over=[1, 2, 3], steps=[Pass()])],
    "branches": lambda: [
        Parallel([[Function("a")], [Function("b"), Wait(timedelta(seconds=5))]], name="Both"),
        Succeed(),
    ],
    "waits": lambda: [
        Wait(timedelta(hours=1)),
        Wait(data.seconds),
        Wait(until=data.moment),
        Wait(until="2030-01-01T00:00:00Z"),
    ],
}


@pytest.mark.parametrize("case", PIPELINES)
def test_a_document_passes_the_linter(case: str) -> None:
    pipeline = Pipeline(description="About", steps=PIPELINES[case]())
    named = [step.name for step in all_steps(pipeline.steps) if isinstance(step, FunctionStep)]
    arn = "arn:aws:lambda:eu-west-2:123456789012:function:"
    document = state_machine(pipeline, arns={name: arn + name for name in named})
    problems = [
        problem
        for problem in Linter.validate(document)
        if not any(re.search(alarm, problem) for alarm in FALSE_ALARMS)
    ]
    assert problems == []
