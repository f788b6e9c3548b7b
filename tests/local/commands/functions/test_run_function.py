"""`invoke run --function`: one function alone, with an event that is given or from a run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
STEPS = """
    Function("clean"),
    Map(over=data.parts, steps=[Function("part", retry=(), secrets=["part-key"])], name="Parts"),
"""
CLEAN = """
import boto3, os
key, text = event["key"], event["text"]
boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key=key, Body=text)
return {"parts": [{"n": n, "key": key, "token": event["token"]} for n in (1, 2, 3)]}
"""
PART = """
import boto3, os
body = boto3.client("s3").get_object(Bucket=os.environ["TARGET_BUCKET"], Key=event["key"])
print(body["Body"].read().decode(), event["token"])
return 1 / (event["n"] - 2)
"""
EVENT = {"key": "a.txt", "text": "from the first step", "token": "a-secret-value"}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with a run that failed in the second item of its Map."""
    repository = Repository(tmp_path_factory.mktemp("function") / "checkout")
    repository.define(STEPS, imports="Function, Map, Pipeline, data")
    repository.handle(CLEAN)
    repository.handle(PART, function="part")
    repository.write("secrets.toml", 'part-key = "a-secret-value"\n')
    done = repository.invoke(*RUN, "--input", json.dumps(EVENT))
    assert "call it again: invoke run raw-to-processed/tidy --function part --event last\n" in (
        done.stdout
    ), done.stdout + done.stderr
    # A step that waits for an answer, and a function that no step calls yet.
    repository.handle("return event", function="added")
    repository.handle("return sorted(event)", function="ask")
    steps = f'{STEPS} Function("ask", wait_for_token=True),'
    repository.define(steps, imports="Function, Map, Pipeline, data")
    return repository


def call(repository: Repository, function: str, event: str) -> dict[str, Any]:
    done = repository.invoke(*RUN, "--function", function, "--event", event, "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_last_is_the_event_of_the_call_that_failed_and_the_lake_is_that_of_the_run(
    failed: Repository,
) -> None:
    result = call(failed, "part", "last")
    assert result["error"] == "ZeroDivisionError"
    assert result["input"]["n"] == 2
    log = failed.root / result["kept"] / "log.txt"
    assert log.read_text().startswith("part | from the first step ")


def test_an_item_of_a_map_has_its_index(failed: Repository) -> None:
    assert call(failed, "part", "last:0")["output"] == -1.0


def test_the_values_of_secrets_are_not_in_saved_events(failed: Repository) -> None:
    files = list((failed.root / ".dorc/runs").glob("*/events/*.jsonl"))
    assert {file.name.split(".")[2] for file in files} == {"clean", "part"}
    for file in files:
        assert "a-secret-value" not in file.read_text()
        assert "[secret part-key]" in file.read_text()


@pytest.mark.parametrize("function", ["added", "ask"])
def test_a_function_is_called_once_whatever_its_step_does(
    failed: Repository, function: str
) -> None:
    assert (
        call(failed, function, '["b", "a"]')["output"]
        == {
            "added": ["b", "a"],
            "ask": ["a", "b"],
        }[function]
    )


def test_the_first_function_gets_what_starts_the_pipeline(repository: Repository) -> None:
    done = repository.invoke(*RUN, "--function", "clean", "--inline")
    assert "raw-to-processed/tidy/clean  from example first, tidy/first.csv in raw" in done.stdout
    assert '{"size": 8}' in done.stdout
    assert done.returncode == 0


def test_an_event_finds_the_lake_of_the_first_example(repository: Repository) -> None:
    event = '{"bucket": "local-raw", "key": "tidy/first.csv", "size": 3}'
    assert call(repository, "clean", event)["output"] == {"size": 3}


def test_the_list_of_pipelines_shows_the_last_run_of_the_whole_pipeline(
    failed: Repository,
) -> None:
    call(failed, "added", "1")
    assert "failed in" in failed.invoke("list").stdout


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "an unknown function": (
        ("--function", "prat", "--event", "1"),
        "no function 'prat' in raw-to-processed/tidy; known: added, ask, clean, part. "
        "Did you mean 'part'?",
    ),
    "no event": (
        ("--function", "part"),
        "part is not the first step of raw-to-processed/tidy, so what starts the pipeline is not "
        "its event: give its event. `invoke run` also takes that of the last run: --event last.",
    ),
    "no JSON": (
        ("--function", "part", "--event", "{'n': 1}"),
        "--event '{'n': 1}' is neither a file nor JSON",
    ),
    "an item that the run does not have": (
        ("--function", "part", "--event", "last:7"),
        "has no event of item 7 of part; the last items there: 1, 2, 0.",
    ),
    "a function that the saved runs do not know": (
        ("--function", "added", "--event", "last"),
        "no saved run has an event of added in raw-to-processed/tidy. They have events of clean, "
        "part. `invoke run raw-to-processed/tidy` saves the events of its functions.",
    ),
    "an event for a whole pipeline": (("--event", "last"), "add --function NAME"),
    "an input for a function": (("--function", "part", "--input", "1"), "give --event"),
    "two events": (
        ("--function", "clean", "--event", "1", "--file", "tasks.py"),
        "give --file or --event, not both.",
    ),
    "other pipelines": (("--function", "clean", "--follow"), "leave out --function."),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(failed: Repository, case: str) -> None:
    words, message = MISTAKES[case]
    done = failed.invoke(*RUN, *words)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def test_last_needs_a_saved_run(repository: Repository) -> None:
    done = repository.invoke(*RUN, "--function", "clean", "--event", "last")
    assert done.stderr == (
        "error: no saved run has an event of clean in raw-to-processed/tidy. "
        "`invoke run raw-to-processed/tidy` saves the events of its functions.\n"
    )
