"""A run on this machine that starts as an execution on AWS did."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT
from tests.engine.deployment import Deployment

BIRDS = "raw-to-processed/birds"
BUCKET = f"my-pipelines--dev--raw--{ACCOUNT}"
# The first line makes an item of a Map fail.
COUNTS = "site,species,birds\nNess,gull,many\nSkerry,auk,3\n"
RUN = ("run", BIRDS, "--env", "dev", "--execution")


@pytest.fixture(scope="module")
def failed(execute: Callable[[str, str], dict[str, Any]]) -> str:
    """The name of an execution that failed."""
    return str(execute("october", COUNTS)["name"])


def test_it_has_the_input_and_the_objects_of_the_execution(birds: Deployment, failed: str) -> None:
    done = birds.invoke(*RUN, failed)
    assert done.code == 1, done.text
    assert f"{BIRDS}  from execution {failed} in dev, with example first\n" in done.out
    assert "✗ Look[0] › Each site[0] › tally ValueError\n" in done.out
    assert "  message  invalid literal for int() with base 10: 'many'\n" in done.out


def test_an_object_that_was_written_again_is_noted(birds: Deployment, failed: str) -> None:
    key = f"counts/{failed}.csv"
    s3 = birds.aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"site,species,birds\n")
    done = birds.invoke(*RUN, failed, "--json")
    s3.put_object(Bucket=BUCKET, Key=key, Body=COUNTS.encode())
    assert done.err.startswith(
        f"note: {key} in {BUCKET} was written again since: the run has the new content.\n"
    )
    result = json.loads(done.out)
    assert result["error"] == "EmptyFile", result
    assert result["input"]["bucket"] == "local-raw"
    assert "dorc.startedBy" not in result["input"]


def test_an_object_that_does_not_exist_any_more_is_one_line(birds: Deployment, failed: str) -> None:
    key = f"counts/{failed}.csv"
    s3 = birds.aws.client("s3")
    s3.delete_object(Bucket=BUCKET, Key=key)
    done = birds.invoke(*RUN, failed)
    s3.put_object(Bucket=BUCKET, Key=key, Body=COUNTS.encode())
    assert (done.code, done.err) == (
        2,
        f"error: {key} in {BUCKET}, which {failed} started with, does not exist any more: upload "
        "it again, or give a file of your own with --file.\n",
    )
