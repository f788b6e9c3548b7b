"""Each library reads and writes the lake of a run, with its own requirements, as on AWS.

The repository is ``examples/libraries``. The first run of each pipeline installs its packages.
"""

import json
import os
from pathlib import Path

import pytest

from tests.commands import run_module

REPOSITORY = Path(__file__).parents[2] / "examples" / "libraries"
MEANS = {"wrens": 2, "means": {"wren": 10, "robin": 18}}
PIPELINES = (
    "boto",
    "deltalake",
    "duckdb",
    "fsspec",
    "pandas",
    "polars",
    "pyarrow",
    "pyiceberg",
    "smart_open",
    "wrangler",
)
# Seconds; the packages of a pipeline may be slow to install.
LIMIT = 600


def run(pipeline: str, *words: str) -> object:
    command = ("run", f"raw-to-processed/{pipeline}", *words, "--json")
    done = run_module("invoke", *command, folder=REPOSITORY, environment=os.environ, timeout=LIMIT)
    assert done.returncode == 0, done.stderr or done.stdout
    return json.loads(done.stdout)["output"]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_library_reads_and_writes_the_lake(pipeline: str) -> None:
    assert run(pipeline, "--file", "survey.csv") == MEANS


def test_libraries_for_http_get_the_answers_of_the_example() -> None:
    assert run("web") == [MEANS, MEANS, MEANS]


def test_powertools_reads_a_secret_and_a_parameter() -> None:
    assert run("powertools") == {"length": len("correct horse"), "limit": 5}


def test_the_repository_has_no_other_pipelines() -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("src/*/*/pipeline.py")}
    assert folders == {*PIPELINES, "powertools", "web"}
