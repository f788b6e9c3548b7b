"""A whole environment, deployed and destroyed by one command each."""

import json
import re
from pathlib import Path

import pytest

from .deployment import CommandResult, Deployment

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
# A part of the URN of a state machine, which is created last.
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine::"
ALL = ("--all", "--env", "dev", "--yes")
MACHINES = [
    "my-pipelines--dev--processed-to-curated--penguins",
    "my-pipelines--dev--raw-to-processed--penguins",
]


@pytest.fixture(scope="module")
def previewed(deployment: Deployment) -> CommandResult:
    """A preview of everything before anything is deployed."""
    assert deployment.invoke("init").code == 0
    return deployment.invoke("preview", "--all", "--env", "dev")


@pytest.fixture(scope="module")
def applied(deployment: Deployment, previewed: CommandResult) -> CommandResult:
    """Everything applied by one command, to an environment with nothing in it."""
    return deployment.invoke("apply", *ALL)


def test_a_preview_of_a_new_environment_shows_the_whole_plan(previewed: CommandResult) -> None:
    assert previewed.code == 0, previewed.text
    for pipeline in (CLEANING, SUMMING):
        assert re.search(rf"{pipeline} in dev: \d+ to create", previewed.out), previewed.text
    assert previewed.out.count("+ create  state machine") == 2
    assert "infra has no bucket for the zone raw in dev yet" in previewed.out


def test_one_command_deploys_everything(deployment: Deployment, applied: CommandResult) -> None:
    assert applied.code == 0, applied.text
    assert _machines(deployment) == MACHINES


def test_a_second_apply_has_no_changes(deployment: Deployment, applied: CommandResult) -> None:
    result = deployment.invoke("apply", *ALL, "--expect-no-changes")
    assert result.code == 0, result.text


def test_the_outputs_of_everything_are_shown_by_instance(
    deployment: Deployment, applied: CommandResult
) -> None:
    result = deployment.invoke("outputs", *ALL[:-1], "--json")
    assert result.code == 0, result.text
    assert set(json.loads(result.out)) == {"universal", "infra", CLEANING, SUMMING}


def test_the_drift_of_everything_names_the_instance_that_drifted(
    deployment: Deployment, applied: CommandResult
) -> None:
    functions = deployment.aws.client("lambda")
    function = f"{MACHINES[0]}--summarise"
    before = functions.get_function_configuration(FunctionName=function)["Timeout"]
    unchanged = deployment.invoke("drift", *ALL[:-1])
    functions.update_function_configuration(FunctionName=function, Timeout=7)
    drifted = deployment.invoke("drift", *ALL[:-1])
    functions.update_function_configuration(FunctionName=function, Timeout=before)
    assert unchanged.code == 0, unchanged.text
    assert drifted.code == 3, drifted.text
    assert f"error: {SUMMING} in dev has drifted: " in drifted.err


def test_infra_is_not_destroyed_while_pipelines_use_it(
    deployment: Deployment, applied: CommandResult
) -> None:
    result = deployment.invoke("destroy", "--instance", "infra", "--env", "dev", "--yes")
    assert result.code == 2, result.text
    assert CLEANING in result.err
    assert _machines(deployment) == MACHINES


def test_destroying_everything_keeps_what_is_protected(
    deployment: Deployment, applied: CommandResult
) -> None:
    result = deployment.invoke("destroy", *ALL)
    assert result.code == 0, result.text
    assert not _machines(deployment)
    assert not deployment.aws.client("lambda").list_functions()["Functions"]
    assert not deployment.aws.client("sqs").list_queues().get("QueueUrls")
    assert len(deployment.aws.client("s3").list_buckets()["Buckets"]) == 3
    assert len(deployment.aws.client("ecr").describe_repositories()["repositories"]) == 4


def test_pipelines_that_are_applied_at_the_same_time_stop_together(
    deployment: Deployment, applied: CommandResult, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    wait = {"DORC_ENGINE_HANG": STATE_MACHINE, "DORC_ENGINE_HANGING": str(hanging)}
    with deployment.start("apply", *ALL, **wait) as apply:
        apply.wait_until(hanging.exists)
        apply.process.terminate()
        apply.wait_for_words("stopping after the resources in progress")
        while apply.process.poll() is None:
            hanging.unlink(missing_ok=True)
        result = apply.result()
    assert result.code == 130, result.text
    lines = result.err.splitlines()
    assert len(lines) == len(MACHINES), result.text
    for line in lines:
        assert "penguins in dev: stopped; what was created stays, and `invoke apply " in line


def test_everything_can_be_applied_again(deployment: Deployment, applied: CommandResult) -> None:
    builds = deployment.aws.builds()
    result = deployment.invoke("apply", *ALL)
    assert result.code == 0, result.text
    assert _machines(deployment) == MACHINES
    assert deployment.aws.builds() == builds


def _machines(deployment: Deployment) -> list[str]:
    found = deployment.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    return sorted(machine["name"] for machine in found)
