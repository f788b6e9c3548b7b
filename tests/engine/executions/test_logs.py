"""What deployed functions print, looked at by `invoke logs` and `invoke history`."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.deployment import Deployment

BIRDS = "raw-to-processed/birds"
LOGS = ("logs", "--env", "dev")
COUNTS = "site,species,birds\nNess,gull,many\nSkerry,auk,3\n"


@pytest.fixture(scope="module", autouse=True)
def failed(execute: Callable[[str, str], dict[str, Any]]) -> dict[str, Any]:
    """An execution in which the function in an item of a Map fails, and another one after it."""
    ended = execute("logs-failed", COUNTS)
    execute("logs-other", COUNTS.replace("many", "7"))
    return ended


def test_the_lines_of_an_execution_are_those_of_its_own_calls(birds: Deployment) -> None:
    shown = birds.invoke(*LOGS, "--execution", "logs-failed", "--json")
    assert shown.code == 0, shown.text
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    texts = {line["text"].splitlines()[0] for line in lines if line["function"] == "tally"}
    assert texts == {
        "count the birds of Ness in counts/logs-failed.csv",
        "count the birds of Skerry in counts/logs-failed.csv",
        "ERROR ValueError: invalid literal for int() with base 10: 'many'",
    }


def test_the_lines_of_distributed_maps_and_called_pipelines_are_included(
    birds: Deployment,
) -> None:
    shown = birds.invoke(*LOGS, "--execution", "logs-other", "--json")
    functions = {json.loads(line)["function"] for line in shown.out.splitlines()}
    assert functions == {"tally", "check", "ask", "processed-to-curated.report.write"}


def test_the_lines_of_a_pipeline_are_those_of_all_executions(birds: Deployment) -> None:
    shown = birds.invoke(*LOGS, "-p", BIRDS, "--grep", "count the birds of Ness", "--json")
    keys = [json.loads(line)["text"].split()[-1] for line in shown.out.splitlines()]
    assert {"counts/logs-failed.csv", "counts/logs-other.csv"} <= set(keys)


def test_the_history_of_a_failure_has_the_last_lines_of_the_call(birds: Deployment) -> None:
    history = ("history", "--env", "dev", "--execution", "logs-failed")
    line = "count the birds of Ness in counts/logs-failed.csv"
    assert f"  log      {line}\n" in birds.invoke(*history).out
    assert json.loads(birds.invoke(*history, "--json").out)["failure"]["log"] == [line]
