"""`invoke run --skip-waits`, and the memory that functions use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local.commands.conftest import Repository

if TYPE_CHECKING:
    import subprocess

STEPS = """
    Function("clean", memory=1024, retry=[Retry(["Busy"], interval=timedelta(seconds=20))]),
    Wait(timedelta(hours=1)),
    Function("small"),
    Parallel([[Wait(timedelta(hours=2), name="long")], [Function("other")]]),
"""
HANDLER = """
calls = []


class Busy(Exception):
    pass


def handler(event, context):
    calls.append(event)
    if len(calls) == 1:
        raise Busy
    b"x" * 600_000_000
"""


@pytest.fixture(scope="module")
def skipped(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A run in which a retry, a Wait, and a Wait next to a function are skipped."""
    repository = Repository(tmp_path_factory.mktemp("waits") / "repository")
    repository.write(
        "src/raw-to-processed/tidy/pipeline.py",
        "from datetime import timedelta\n"
        "from dorc_runtime import Function, Parallel, Pipeline, Retry, Wait\n"
        f"pipeline = Pipeline(steps=[{STEPS}])\n",
    )
    repository.write("src/raw-to-processed/tidy/clean/lambda.py", HANDLER)
    for name in ("small", "other"):
        repository.handle("import time; time.sleep(0.1)", function=name)
    return repository.invoke("run", "raw-to-processed/tidy", "--skip-waits", "--json")


@pytest.fixture(scope="module")
def result(skipped: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(skipped.stdout)


def test_waits_and_pauses_pass_on_the_clock_of_the_run_alone(result: Any) -> None:
    assert result["status"] == "SUCCEEDED"
    assert 3600 + 20 + 7200 <= result["seconds"] < 3600 + 20 + 7200 + 60


def test_the_work_of_functions_takes_its_time(result: Any) -> None:
    [small] = [visit for visit in result["visits"] if visit["state"] == "small"]
    assert 0.1 <= small["seconds"] < 60


def test_the_memory_of_each_function_is_in_the_result(result: Any) -> None:
    assert set(result["memory"]) == {"clean", "small", "other"}
    assert 572 <= result["memory"]["clean"]["used"] < 1024
    assert result["memory"]["clean"]["size"] == 1024
    assert 1 < result["memory"]["small"]["used"] < 256
    assert result["memory"]["small"]["size"] == 512
