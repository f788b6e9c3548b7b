"""Executions that failed on the deployed state machine continue after a redrive."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT
from tests.engine.deployment import Deployment

from .conftest import ended

HEADER = "site,species,birds\n"
BUCKET = f"my-pipelines--dev--raw--{ACCOUNT}"
REDRIVE = ("redrive", "--env", "dev", "--yes")


@pytest.fixture(scope="module")
def failed(execute: Callable[[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Executions that failed: by a Fail, in an item of a Map, and in one of a distributed Map."""
    return {
        "no-rows": execute("no-rows", HEADER),
        "item": execute("item", f"{HEADER}Ness,gull,many\nSkerry,auk,3\n"),
        "batch": execute("batch", f"{HEADER}Ness,gull,4\nSkerry,auk,\n"),
    }


def history(birds: Deployment, execution: str) -> str:
    shown = birds.invoke("history", "--env", "dev", "--execution", execution)
    assert shown.code == 0, shown.text
    return shown.out


def test_a_distributed_map_shows_the_item_that_failed(
    birds: Deployment, failed: dict[str, dict[str, Any]]
) -> None:
    shown = history(birds, "batch")
    assert "  state    Check rows › check\n" in shown
    assert "  message  Skerry: '' is no number of birds\n" in shown
    assert "src/raw-to-processed/birds/check/lambda.py:8 in handler" in shown
    assert "  items    1 of 1 failed; the execution of this one:\n" in shown
    [arn] = (line.strip() for line in shown.splitlines() if line.startswith("  arn:"))
    item = history(birds, arn)
    assert item.startswith("raw-to-processed/birds  execution ")
    assert "✗ check                    ValueError\n" in item


def test_all_that_failed_continue_except_for_those_that_would_fail_again(
    birds: Deployment, failed: dict[str, dict[str, Any]]
) -> None:
    fixed = f"{HEADER}Ness,gull,5\nSkerry,auk,3\n"
    birds.aws.client("s3").put_object(Bucket=BUCKET, Key="counts/item.csv", Body=fixed.encode())
    words = (*REDRIVE, "--failed", "--since", "1h", "-p", "raw-to-processed/birds", "--json")
    redriven = birds.invoke(*words)
    assert redriven.code == 0, redriven.text
    found = {each["execution"]: each for each in json.loads(redriven.out)}
    assert {name: found[name]["redriven"] for name in failed} == {
        "no-rows": False,
        "item": True,
        "batch": True,
    }
    assert found["no-rows"]["refusal"] == (
        "it ended in the Fail state 'EmptyFile', and would fail again"
    )
    end = ended(birds.aws.client("stepfunctions"), failed["item"]["executionArn"])
    assert end["status"] == "SUCCEEDED", end
    _check_history_of_item(history(birds, "item"))
    # The items of a distributed Map keep their input.
    batch = ended(birds.aws.client("stepfunctions"), failed["batch"]["executionArn"])
    assert (batch["status"], batch["redriveCount"]) == ("FAILED", 1)


def _check_history_of_item(shown: str) -> None:
    before, _, after = shown.partition("↻ redriven ")
    assert "✓ count " in before
    assert "✗ Look[0] › Each site[0] › tally ValueError\n" in before
    assert "✓ count " not in after
    assert "✓ Look[0] › Each site[0] › tally " in after
    assert "succeeded in " in after and after.endswith(", with 1 redrive\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--execution", "no-rows"),
            "error: no-rows cannot be redriven: it ended in the Fail state 'EmptyFile', and would "
            "fail again; `invoke start raw-to-processed/birds --like no-rows --env dev` starts a "
            "new one with its input.\n",
        ),
        (
            (),
            "error: which executions? Give one of --execution NAME and --failed --since 2d.\n",
        ),
        (("--failed",), "error: failed since when? Add --since, for example --since 2d.\n"),
        (
            ("--execution", "no-rows", "--since", "2d"),
            "error: --since belongs to --failed: leave it out.\n",
        ),
        (
            ("--execution", "nobody"),
            "error: there is no execution 'nobody' in dev: `invoke executions --env dev` lists "
            "them; AWS keeps an execution for 90 days after its end.\n",
        ),
    ],
)
def test_what_cannot_be_redriven_is_refused_in_one_line(
    birds: Deployment, failed: dict[str, dict[str, Any]], words: tuple[str, ...], message: str
) -> None:
    result = birds.invoke(*REDRIVE, *words)
    assert (result.code, result.err) == (2, message)


def test_an_execution_of_an_old_definition_is_redriven_only_when_asked(
    birds: Deployment, failed: dict[str, dict[str, Any]]
) -> None:
    states = birds.aws.client("stepfunctions")
    machine = failed["batch"]["stateMachineArn"]
    deployed = states.describe_state_machine(stateMachineArn=machine)["definition"]
    changed = {**json.loads(deployed), "Comment": "changed"}
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(changed))
    try:
        refused = birds.invoke(*REDRIVE, "--execution", "batch")
        redriven = birds.invoke(*REDRIVE, "--execution", "batch", "--old-definition")
    finally:
        states.update_state_machine(stateMachineArn=machine, definition=deployed)
    assert (refused.code, refused.err) == (
        2,
        "error: the definition of raw-to-processed/birds has changed since batch started, and a "
        "redrive uses the old one: `invoke start raw-to-processed/birds --like batch --env dev` "
        "starts the new one with the same input, and --old-definition redrives with the old one.\n",
    )
    assert redriven.code == 0, redriven.text
    assert redriven.out.endswith(
        "↻ batch continues at Check rows\nnext: invoke history --execution batch --env dev\n"
    )
    ended(states, failed["batch"]["executionArn"])
