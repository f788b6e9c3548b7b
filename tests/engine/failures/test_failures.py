"""Deployments that fail or are killed, and how the next apply continues."""

import json
import re
from pathlib import Path

import pytest

from tests.engine.deployment import Deployment

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
CLEANER = "my-pipelines--dev--raw-to-processed--penguins"
SUMMER = "my-pipelines--dev--processed-to-curated--penguins"
# A part of the URN of a state machine, which is created last.
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine::"
BUCKET = "aws:s3/bucket:Bucket::raw"
ENDED_PROCESS = r"\S+@\S+ \(process \d+\) since \S+, but that process no longer runs"


@pytest.fixture(scope="module")
def prepared(deployment: Deployment) -> Deployment:
    """A repository with universal and infra deployed."""
    assert deployment.invoke("init").code == 0
    deployment.apply("universal")
    deployment.apply("infra", "dev")
    return deployment


def test_the_next_apply_continues_after_a_resource_that_failed(prepared: Deployment) -> None:
    apply = ("apply", "--instance", CLEANING, "--env", "dev", "--yes")
    failed = prepared.invoke(*apply, DORC_ENGINE_FAIL=STATE_MACHINE)
    assert failed.code == 1, failed.text
    assert "AccessDeniedException" in failed.text
    assert "Traceback" not in failed.text
    assert f"{CLEANER}--publish" in _functions(prepared)
    assert CLEANER not in _machines(prepared)
    prepared.apply(CLEANING, "dev")
    assert CLEANER in _machines(prepared)


def test_a_killed_apply_leaves_a_lock_that_unlock_removes(
    prepared: Deployment, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    where = ("--instance", SUMMING, "--env", "dev", "--yes")
    prepared.kill(
        "apply",
        *where,
        when=hanging.exists,
        DORC_ENGINE_HANG=STATE_MACHINE,
        DORC_ENGINE_HANGING=str(hanging),
    )
    locked = prepared.invoke("apply", *where)
    assert locked.code == 2, locked.text
    assert re.search(rf"{SUMMING} in dev is locked by {ENDED_PROCESS}: `invoke unlock ", locked.err)
    unlocked = prepared.invoke("unlock", *where, "--json")
    assert unlocked.code == 0, unlocked.text
    [lock] = json.loads(unlocked.out)["locks"]
    assert re.fullmatch(ENDED_PROCESS.partition(",")[0], lock)
    prepared.apply(SUMMING, "dev")
    assert SUMMER in _machines(prepared)


def test_apply_offers_to_remove_the_lock_of_a_process_that_no_longer_runs(
    prepared: Deployment, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    infra = ("apply", "--instance", "infra", "--env", "prod")
    prepared.kill(
        *(*infra, "--yes"),
        when=hanging.exists,
        DORC_ENGINE_HANG=BUCKET,
        DORC_ENGINE_HANGING=str(hanging),
    )
    applied = prepared.answer("y\ny\n", *infra)
    assert applied.code == 0, applied.text
    offer = rf"infra in prod is locked by {ENDED_PROCESS}. Remove the lock\? \[y/N\]"
    assert re.search(offer, applied.out), applied.text


def test_a_wrong_passphrase_is_reported_in_one_line(prepared: Deployment) -> None:
    wrong = {"PULUMI_CONFIG_PASSPHRASE": "wrong"}
    result = prepared.invoke("apply", "--instance", "infra", "--env", "dev", "--yes", **wrong)
    assert result.code == 2, result.text
    [line] = result.err.splitlines()
    assert "PULUMI_CONFIG_PASSPHRASE" in line


def test_only_the_endpoint_says_where_aws_is(prepared: Deployment) -> None:
    """Without the endpoint every request goes to a proxy that does not exist."""
    result = prepared.invoke("preview", "--instance", "infra", "--env", "dev", AWS_ENDPOINT_URL="")
    assert result.code == 2, result.text
    [line] = result.err.splitlines()
    assert "proxy" in line.lower()


def test_a_stack_file_does_not_contain_the_passphrase(prepared: Deployment) -> None:
    passphrase = prepared.environment["PULUMI_CONFIG_PASSPHRASE"]
    for file in Path(prepared.root).rglob("Pulumi.*.yaml"):
        assert passphrase not in file.read_text(encoding="utf-8")


def _functions(prepared: Deployment) -> list[str]:
    found = prepared.aws.client("lambda").list_functions()["Functions"]
    return [function["FunctionName"] for function in found]


def _machines(prepared: Deployment) -> list[str]:
    found = prepared.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    return [machine["name"] for machine in found]
