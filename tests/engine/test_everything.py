"""A whole environment at once, and its end."""

import json
import re
from pathlib import Path

import pytest

from .deployment import Deployment, Done

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
# A part of the URN of a pipeline's state machine, which is made when all else is.
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine::"
ALL = ("--all", "--env", "dev", "--yes")
MACHINES = [
    "my-pipelines--dev--processed-to-curated--penguins",
    "my-pipelines--dev--raw-to-processed--penguins",
]


@pytest.fixture(scope="module")
def previewed(deployment: Deployment) -> Done:
    """A preview of everything before anything is deployed."""
    assert deployment.invoke("init").code == 0
    return deployment.invoke("preview", "--all", "--env", "dev")


@pytest.fixture(scope="module")
def applied(deployment: Deployment, previewed: Done) -> Done:
    """Everything applied by one command, to an environment with nothing in it."""
    return deployment.invoke("apply", *ALL)


def test_a_preview_of_a_new_environment_shows_the_whole_plan(previewed: Done) -> None:
    assert previewed.code == 0, previewed.text
    for pipeline in (CLEANING, SUMMING):
        assert re.search(rf"{pipeline} in dev: \d+ to create", previewed.out), previewed.text
    assert previewed.out.count("+ create  state machine") == 2
    assert "infra has no bucket for the zone raw in dev yet" in previewed.out


def test_one_command_deploys_everything(deployment: Deployment, applied: Done) -> None:
    assert applied.code == 0, applied.text
    assert _machines(deployment) == MACHINES


def test_nothing_is_left_to_do_afterwards(deployment: Deployment, applied: Done) -> None:
    done = deployment.invoke("apply", *ALL, "--expect-no-changes")
    assert done.code == 0, done.text


def test_the_outputs_of_everything_are_shown_by_instance(
    deployment: Deployment, applied: Done
) -> None:
    done = deployment.invoke("outputs", *ALL[:-1], "--json")
    assert done.code == 0, done.text
    assert set(json.loads(done.out)) == {"universal", "infra", CLEANING, SUMMING}


def test_the_drift_of_everything_names_the_instance_that_drifted(
    deployment: Deployment, applied: Done
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


def test_infra_stays_while_pipelines_stand_on_it(deployment: Deployment, applied: Done) -> None:
    done = deployment.invoke("destroy", "--instance", "infra", "--env", "dev", "--yes")
    assert done.code == 2, done.text
    assert CLEANING in done.err
    assert _machines(deployment) == MACHINES


def test_destroying_everything_keeps_what_is_protected(
    deployment: Deployment, applied: Done
) -> None:
    done = deployment.invoke("destroy", *ALL)
    assert done.code == 0, done.text
    assert not _machines(deployment)
    assert not deployment.aws.client("lambda").list_functions()["Functions"]
    assert not deployment.aws.client("sqs").list_queues().get("QueueUrls")
    assert len(deployment.aws.client("s3").list_buckets()["Buckets"]) == 3
    assert len(deployment.aws.client("ecr").describe_repositories()["repositories"]) == 4


def test_side_by_side_pipelines_are_stopped_together(
    deployment: Deployment, applied: Done, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    wait = {"DORC_ENGINE_HANG": STATE_MACHINE, "DORC_ENGINE_HANGING": str(hanging)}
    with deployment.begin("apply", *ALL, **wait) as apply:
        apply.wait_until(hanging.exists)
        apply.process.terminate()
        apply.wait_for_words("stopping after the resources in progress")
        while apply.process.poll() is None:
            hanging.unlink(missing_ok=True)
        done = apply.done()
    assert done.code == 130, done.text
    lines = done.err.splitlines()
    assert len(lines) == len(MACHINES), done.text
    for line in lines:
        assert "penguins in dev: stopped; what was created stays, and `invoke apply " in line


def test_everything_comes_back(deployment: Deployment, applied: Done) -> None:
    builds = deployment.aws.builds()
    done = deployment.invoke("apply", *ALL)
    assert done.code == 0, done.text
    assert _machines(deployment) == MACHINES
    assert deployment.aws.builds() == builds


def _machines(deployment: Deployment) -> list[str]:
    found = deployment.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    return sorted(machine["name"] for machine in found)
