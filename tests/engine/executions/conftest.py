"""A deployment of every kind of step, and executions of it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT, REGION, Cloud
from tests.engine.deployment import Deployment
from tests.engine.pulumi_cli.environment import environment
from tests.repositories import ROOT, copy_template, render_repository, replace_code

from .alerts import alerts, webhook

__all__ = ["alerts", "webhook"]

MACHINE = "my-pipelines--dev--raw-to-processed--birds"
COUNTS = "src/raw-to-processed/birds/examples/first"
EXAMPLE = ROOT / "examples" / "every-step"
PIPELINES = ("raw-to-processed/birds", "processed-to-curated/report")


@pytest.fixture(scope="package")
def birds(cli: Path, started_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The example of every step, deployed to dev."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    folder = tmp_path_factory.mktemp("birds")
    root = render_repository(template, folder / "my-pipelines", PIPELINES)
    replace_code(root, {pipeline: EXAMPLE / "src" / pipeline for pipeline in PIPELINES})
    started_cloud.reset()
    deployment = Deployment(root, started_cloud, environment(folder, cli=cli, aws=started_cloud))
    for words in (("init",), ("apply", "--all", "--env", "dev", "--yes")):
        result = deployment.invoke(*words)
        assert result.code == 0, result.text
    return deployment


@pytest.fixture(scope="package")
def execute(birds: Deployment) -> Callable[[str, str], dict[str, Any]]:
    """Start the pipeline, with a name, for a file of counts; return the execution at its end."""
    birds.aws.client("sns").create_topic(Name="birds")

    def start(name: str, counts: str) -> dict[str, Any]:
        bucket, key = f"my-pipelines--dev--raw--{ACCOUNT}", f"counts/{name}.csv"
        event = birds.put(bucket, key, counts.encode(), machine=MACHINE)
        states = birds.aws.client("stepfunctions")
        arn = states.start_execution(
            stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE}",
            name=name,
            input=json.dumps(event),
        )["executionArn"]
        return ended(states, arn)

    return start


def ended(states: Any, execution: str) -> dict[str, Any]:
    """Return the execution at its end; the task that waits for an answer gets it."""
    answer = (EXAMPLE / COUNTS / "mocks" / "ask.json").read_text(encoding="utf-8")
    answered, end = False, time.monotonic() + 60
    while time.monotonic() < end:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        if not answered and (token := _token(states, execution)):
            states.send_task_success(taskToken=token, output=answer)
            answered = True
        time.sleep(0.05)
    raise AssertionError("the execution does not end")


def _token(states: Any, execution: str) -> str:
    """Return the token of the task that waits for an answer, "" when none waits."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    if not any(event["type"] == "TaskSubmitted" for event in events):
        return ""
    tasks = (event.get("taskScheduledEventDetails", {}) for event in events)
    [parameters] = (
        task["parameters"] for task in tasks if task.get("resource") == "invoke.waitForTaskToken"
    )
    return str(json.loads(parameters)["Payload"]["token"])
