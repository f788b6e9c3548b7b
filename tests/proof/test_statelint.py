"""Every document passes statelint, a port of AWS's own linter, and cfn-lint's schema."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules
from statelint.linter import Linter

from dorc_runtime import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Pipeline,
    Repeat,
    Retry,
    Service,
    Succeed,
    Wait,
    data,
    error,
    execution,
    item,
    objects,
    result,
    rows,
    task_token,
    variable,
)
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.documents import Document
from dorc_runtime.model.steps import Function as FunctionStep
from dorc_runtime.model.steps import Step, all_steps

# What statelint 3.1.0 says of documents that Step Functions takes, and AWS's page for each.
FALSE_ALARMS = {
    r'Seconds is "\{% .* %\}" but should be an Integer': (
        "https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"
    ),
    r'Timestamp is "\{% .* %\}" but should be an RFC3339 timestamp': (
        "https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"
    ),
    r'Field "(InputType|CSV[A-Za-z]+)" not allowed in .*\.ItemReader\.ReaderConfig': (
        "https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html"
    ),
}

OTHER = "processed-to-curated/load"
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
    "jobs and tokens": lambda: [
        Service(
            "batch:submitJob",
            arguments={"JobName": "a", "JobQueue": "q", "JobDefinition": "d"},
            wait=True,
            heartbeat=timedelta(minutes=1),
            timeout=timedelta(hours=1),
        ),
        Service(
            "sns:publish",
            arguments={"TopicArn": "arn:t", "Message": {"token": task_token}},
            wait_for_token=True,
        ),
    ],
    "rounds": lambda: [
        Repeat(
            [Function("a"), Repeat([Function("b")], until=data.done.exists(), most=2)],
            until=~data.next.exists(),
            most=500,
            wait=timedelta(seconds=10),
            assign={"pages": variable("n")},
            counter="n",
        ),
        Pass(variable("pages")),
    ],
    "waits": lambda: [
        Wait(timedelta(hours=1)),
        Wait(data.seconds),
        Wait(until=data.moment),
        Wait(until="2030-01-01T00:00:00Z"),
    ],
    "variables and outputs": lambda: [
        Choice(If(data.n > 1, output=data.m, assign={"n": data.n}), assign={"n": 0}),
        Function(
            "a",
            output=result.rows,
            assign={"rows": result},
            catch=[Catch(output=error, assign={"why": error.Cause})],
        ),
        Wait(timedelta(seconds=1), output=variable("n"), assign={"m": 1}),
        Parallel([[Pass()]], output=result[0], assign={"all": result}),
        Map([1], steps=[Pass(variable("m"))], output=result, assign={"all": result}),
    ],
    "calls": lambda: [
        Call(OTHER, timeout=timedelta(minutes=5), retry=[Retry("States.TaskFailed")]),
        Call(OTHER, wait=False, input={"key": data.key}, name="Start only"),
    ],
    "services": lambda: [
        Service("sns:publish", arguments={"TopicArn": "arn:topic", "Message": data}),
        Service("aws-sdk:s3:copyObject", arguments={"Bucket": "raw", "Key": data.key}),
    ],
    "a function with a token": lambda: [
        Function("a", wait_for_token=True, answer_within=timedelta(days=1))
    ],
    "a distributed map over objects": lambda: [
        Map(
            objects("raw/penguins/", limit=10),
            distributed=True,
            batch=5,
            tolerated_failures=1,
            tolerated_percentage=2,
            results="processed/runs",
            select={"key": item.Key},
            steps=[Function("a")],
        )
    ],
    "a distributed map over rows": lambda: [
        Map(rows("raw/p.csv", headers=["a"]), distributed=True, steps=[Function("a")]),
        Map(rows(bucket=data.b, key=data.k, format="JSON"), distributed=True, steps=[Pass()]),
    ],
}


def compiled(case: str) -> Document:
    pipeline = Pipeline(description="About", steps=PIPELINES[case]())
    named = [step.name for step in all_steps(pipeline.steps) if isinstance(step, FunctionStep)]
    arn = "arn:aws:lambda:eu-west-2:123456789012:function:"
    return state_machine(
        pipeline,
        arns={name: arn + name for name in named},
        machines={OTHER: "arn:aws:states:eu-west-2:123456789012:stateMachine:load"},
        buckets={"raw": "my-raw-bucket"},
    )


@pytest.mark.parametrize("case", PIPELINES)
def test_a_document_passes_the_linter(case: str) -> None:
    problems = [
        problem
        for problem in Linter.validate(compiled(case))
        if not any(re.search(alarm, problem) for alarm in FALSE_ALARMS)
    ]
    assert problems == []


def test_documents_pass_the_schema_of_state_machines() -> None:
    machines = {
        f"Machine{number}": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": "arn:aws:iam::123456789012:role/machine",
                "Definition": compiled(case),
            },
        }
        for number, case in enumerate(PIPELINES)
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": machines}
    found = lint(json.dumps(template), get_rules([], ["W", "I"], []), ["eu-west-2"])
    assert [str(match) for match in found] == []
