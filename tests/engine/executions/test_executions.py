"""Every kind of step, deployed by the real engine, executed by moto, and looked at by tasks."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment

from .conftest import COUNTS, EXAMPLE, MACHINE

HEADER = "site,species,birds\n"
HISTORY = ("history", "--env", "dev")


@pytest.fixture(scope="module")
def execution(execute: Callable[[str, str], dict[str, Any]]) -> dict[str, Any]:
    """An execution of the pipeline for the file of its example."""
    [file] = (EXAMPLE / COUNTS).glob("lake/raw/counts/*.csv")
    return execute("may", file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def failed(
    execution: dict[str, Any], execute: Callable[[str, str], dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Two executions that failed after it: by a Fail, and by a function in an item of a Map."""
    return execute("june", HEADER), execute("july", f"{HEADER}Ness,gull,many\nSkerry,auk,3\n")


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
    assert {each["status"] for each in listed["executions"]} == {"SUCCEEDED"}


def test_what_functions_print_is_in_their_log_groups(
    birds: Deployment, execution: dict[str, Any]
) -> None:
    found = birds.aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{MACHINE}--ask")
    start, printed, report = (event["message"] for event in found["events"][:3])
    assert printed.startswith("approve checks/")
    request = json.loads(start)["record"]["requestId"]
    assert json.loads(report)["record"]["requestId"] == request


def test_executions_are_listed_with_what_failed(
    birds: Deployment, failed: tuple[dict[str, Any], ...]
) -> None:
    listed = birds.invoke("executions", "--env", "dev", "--json")
    assert listed.code == 0, listed.text
    found = {each["execution"]: each for each in json.loads(listed.out)}
    shown = {name: tuple(each[key] for key in ("status", "error", "state"))
             for name, each in found.items() if name in ("may", "june", "july")}  # fmt: skip
    assert shown == {
        "july": ("FAILED", "ValueError", "tally"),
        "june": ("FAILED", "EmptyFile", "EmptyFile"),
        "may": ("SUCCEEDED", None, None),
    }


def test_the_newest_executions_come_first(
    birds: Deployment, failed: tuple[dict[str, Any], ...]
) -> None:
    listed = birds.invoke("executions", "-p", "raw-to-processed/birds", "--env", "dev", "--json")
    names = [each["execution"] for each in json.loads(listed.out)]
    assert [name for name in names if name in ("july", "june", "may")] == ["july", "june", "may"]


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_a_listed_execution_says_what_to_type_next(
    birds: Deployment, failed: tuple[dict[str, Any], ...], width: str
) -> None:
    listed = birds.invoke("executions", "--failed", "--env", "dev", COLUMNS=width)
    assert listed.code == 0, listed.text
    assert listed.out.endswith("next: invoke history --execution july --env dev\n")
    assert "ValueError in tally" in listed.out
    assert "may" not in listed.out


def test_the_history_of_a_success_has_each_state_and_the_output(
    birds: Deployment, execution: dict[str, Any]
) -> None:
    shown = birds.invoke(*HISTORY, "--execution", execution["executionArn"])
    assert shown.code == 0, shown.text
    for state in ("count", "Any rows?", "Settle", "Look", "Check rows", "ask", "Call report"):
        assert f"✓ {state} " in shown.out
    assert "! Look[0] › Each site[2] › tally UnknownSite: x9; caught" in shown.out
    assert '"published": true' in shown.out


def test_the_history_of_a_failure_names_item_cause_and_line(
    birds: Deployment, failed: tuple[dict[str, Any], ...]
) -> None:
    shown = birds.invoke(*HISTORY, "--last-failed", "raw-to-processed/birds")
    assert shown.code == 0, shown.text
    assert "  state    Look[0] › Each site[0] › tally\n" in shown.out
    assert "  message  invalid literal for int() with base 10: 'many'\n" in shown.out
    assert "src/raw-to-processed/birds/tally/lambda.py:20 in handler" in shown.out


def test_a_history_as_json_has_the_visits_of_a_run(
    birds: Deployment, failed: tuple[dict[str, Any], ...]
) -> None:
    shown = birds.invoke(*HISTORY, "--execution", "june", "--json")
    found = json.loads(shown.out)
    assert [visit["state"] for visit in found["visits"]] == ["count", "Any rows?", "EmptyFile"]
    assert found["failure"]["message"] == "no birds in counts/june.csv"
    assert found["input"]["key"] == "counts/june.csv"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("executions",), "error: which environment? Add --env X, where X is dev or prod.\n"),
        (
            ("executions", "--env", "prod"),
            "error: no pipeline is deployed in prod: `invoke apply --all --env prod` deploys "
            "all.\n",
        ),
        (
            ("executions", "--env", "dev", "--since", "yesterday"),
            "error: --since is 'yesterday': write a number with m, h or d, for example 12h.\n",
        ),
        (
            ("executions", "--env", "dev", "--limit", "many"),
            "error: --limit is 'many': write a whole number.\n",
        ),
        (
            (*HISTORY, "--execution", "august"),
            "error: there is no execution 'august' in dev: `invoke executions --env dev` lists "
            "them; AWS keeps an execution for 90 days after its end.\n",
        ),
        (
            HISTORY,
            "error: which execution? Give one of --execution NAME, --last LAYER/NAME and "
            "--last-failed LAYER/NAME.\n",
        ),
    ],
)
def test_a_mistake_is_one_line(birds: Deployment, words: tuple[str, ...], message: str) -> None:
    result = birds.invoke(*words)
    assert (result.code, result.err) == (2, message)
