"""Every kind of step, deployed by the real engine and executed by moto's interpreter."""

import json
import time
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment

from .conftest import EXAMPLE

MACHINE = "my-pipelines--dev--raw-to-processed--birds"
COUNTS = EXAMPLE / "src/raw-to-processed/birds/examples/first"


@pytest.fixture(scope="module")
def execution(birds: Deployment) -> dict[str, Any]:
    """An execution of the pipeline for the file of its example, after a person's answer."""
    birds.aws.client("sns").create_topic(Name="birds")
    [file] = COUNTS.glob("lake/raw/counts/*.csv")
    bucket = f"my-pipelines--dev--raw--{ACCOUNT}"
    event = birds.put(bucket, "counts/may.csv", file.read_bytes(), machine=MACHINE)
    states = birds.aws.client("stepfunctions")
    arn = states.start_execution(
        stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE}",
        input=json.dumps(event),
    )["executionArn"]
    token = _token(states, arn)
    answer = (COUNTS / "mocks" / "ask.json").read_text(encoding="utf-8")
    states.send_task_success(taskToken=token, output=answer)
    end = time.monotonic() + 60
    while True:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        assert time.monotonic() < end, "the execution does not end"
        time.sleep(0.05)


def test_it_ends_as_the_local_run_does(birds: Deployment, execution: dict[str, Any]) -> None:
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["published"]
    report = birds.aws.client("s3").get_object(
        Bucket=f"my-pipelines--dev--curated--{ACCOUNT}", Key="report.txt"
    )
    lines = report["Body"].read().decode().splitlines()
    assert lines == ["5 rows, approved by the warden", "Ness 19", "Skerry 43"]


def test_the_pipeline_that_it_calls_has_an_execution(
    birds: Deployment, execution: dict[str, Any]
) -> None:
    machine = "my-pipelines--dev--processed-to-curated--report"
    listed = birds.aws.client("stepfunctions").list_executions(
        stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"
    )
    assert [each["status"] for each in listed["executions"]] == ["SUCCEEDED"]


def test_what_functions_print_is_in_their_log_groups(
    birds: Deployment, execution: dict[str, Any]
) -> None:
    found = birds.aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{MACHINE}--ask")
    start, printed, end, report = (event["message"] for event in found["events"])
    assert printed.startswith("approve checks/")
    request = start.split()[2]
    assert end == f"END RequestId: {request}\n"
    assert report.startswith(f"REPORT RequestId: {request}\t")


def _token(states: Any, execution: str) -> str:
    """Return the token of the task that waits for an answer, as soon as it waits."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        events = _history(states, execution)
        if any(event["type"] == "TaskSubmitted" for event in events):
            tasks = (event.get("taskScheduledEventDetails", {}) for event in events)
            [parameters] = (
                task["parameters"]
                for task in tasks
                if task.get("resource") == "invoke.waitForTaskToken"
            )
            return str(json.loads(parameters)["Payload"]["token"])
        time.sleep(0.05)
    raise AssertionError("no task waits for an answer")


def _history(states: Any, execution: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
