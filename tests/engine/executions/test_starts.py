"""Executions that people start and stop."""

import json
import signal
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT
from tests.engine.deployment import Deployment

BIRDS = "raw-to-processed/birds"
REPORT = "processed-to-curated/report"
BUCKET = f"my-pipelines--dev--raw--{ACCOUNT}"
HEADER = "site,species,birds\n"
# The pipeline waits for the warden's answer after this file.
COUNTS = f"{HEADER}Ness,gull,4\nSkerry,auk,3\n"


@pytest.fixture(scope="module")
def counts(birds: Deployment) -> Deployment:
    """The deployment, with two files of counts in its lake."""
    s3 = birds.aws.client("s3")
    for name, text in (("empty", HEADER), ("may", COUNTS)):
        s3.put_object(Bucket=BUCKET, Key=f"counts/{name}.csv", Body=text.encode())
    return birds


def history(deployment: Deployment, execution: str) -> dict[str, Any]:
    shown = deployment.invoke("history", "--execution", execution, "--env", "dev", "--json")
    found: dict[str, Any] = json.loads(shown.out)
    return found


@pytest.fixture(scope="module")
def started(counts: Deployment) -> dict[str, Any]:
    """An execution that was started for an object, and failed: its history."""
    done = counts.invoke("start", BIRDS, "--env", "dev", "--key", "counts/empty.csv", "--wait",
                         "--json")  # fmt: skip
    assert done.code == 1, done.text
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_an_execution_starts_with_the_input_that_an_upload_gives(
    counts: Deployment, started: dict[str, Any]
) -> None:
    uploaded = counts.put(
        BUCKET,
        "counts/empty.csv",
        HEADER.encode(),
        machine="my-pipelines--dev--raw-to-processed--birds",
    )
    received = dict(started["input"])
    by = received.pop("dorc.startedBy")
    assert received.keys() == uploaded.keys()
    assert {**received, "time": ""} == {**uploaded, "time": ""}
    assert (by["command"], by["who"].split(":")[4]) == ("invoke start", ACCOUNT)


def test_a_start_that_waits_shows_the_execution_as_a_run_is_shown(counts: Deployment) -> None:
    done = counts.invoke("start", BIRDS, "--env", "dev", "--key", "counts/empty.csv", "--wait")
    assert done.code == 1, done.text
    assert "✓ count  " in done.out
    assert "✗ EmptyFile  " in done.out
    assert " with invoke start\n" in done.out
    assert "  message  no birds in counts/empty.csv\n" in done.out


def test_an_execution_starts_as_an_earlier_one_did(
    counts: Deployment, started: dict[str, Any]
) -> None:
    done = counts.invoke("start", BIRDS, "--env", "dev", "--like", started["execution"], "--wait",
                         "--json")  # fmt: skip
    again = json.loads(done.out)
    assert again["execution"] != started["execution"]
    without = [{**each["input"], "dorc.startedBy": ""} for each in (started, again)]
    assert without[0] == without[1]


def test_an_execution_that_succeeds_ends_with_0_and_its_output(counts: Deployment) -> None:
    given = {"rows": 2, "tallies": [], "by": "the warden"}
    done = counts.invoke("start", REPORT, "--env", "dev", "--input", json.dumps(given), "--wait")
    assert done.code == 0, done.text
    assert "✓ write  " in done.out
    assert '"key": "report.txt"' in done.out


def test_ctrl_c_leaves_the_execution_running_until_it_is_stopped(counts: Deployment) -> None:
    words = ("start", BIRDS, "--env", "dev", "--key", "counts/may.csv", "--wait")
    with counts.start(*words) as running:
        running.wait_for_words("✓ Check rows")
        running.signal_all(signal.SIGINT)
        done = running.result()
    name = done.err.split()[0]
    options = f"--execution {name} --env dev"
    assert (done.code, done.err) == (
        130,
        f"{name} still runs: `invoke history {options}` shows it, and `invoke stop {options}` "
        "stops it.\n",
    )
    stopped = counts.invoke("stop", *options.split(), "--reason", "wrong file")
    assert (stopped.code, stopped.out) == (0, f"stopped {name} of {BIRDS} in dev\n"), stopped.err
    found = history(counts, name)
    assert (found["status"], found["error"]) == ("ABORTED", "Stopped")
    assert found["failure"]["message"].endswith(" stopped it with invoke stop: wrong file")
    again = counts.invoke("stop", *options.split())
    assert (again.code, again.err) == (2, f"error: {name} does not run: it has ended (stopped).\n")
