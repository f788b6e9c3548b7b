"""A test that fails shows why its runs failed: once, short, and as `invoke run` does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
FAILURE = f"""
  state    clean
  error    JSONDecodeError
  message  Expecting value: line 1 column 1 (char 0)
  trace    {TIDY}/clean/lambda.py:5 in handler
               return json.loads("")
           and 3 frames outside the repository: -v shows all
  input    {{"n": 1}}
"""
CLEAN = """import json

def handler(event, context):
    print("hello")
    return json.loads("")
"""
TESTS = """
def test_message(run_pipeline):
    result = run_pipeline("raw-to-processed/tidy", input={"n": 1})
    assert result.succeeded, result.failure


def test_other(run_pipeline):
    assert run_pipeline("raw-to-processed/tidy", input={"n": 1}).output == 1


def test_workers(run_pipeline):
    assert run_pipeline("raw-to-processed/tidy", input={"n": 1}, workers=True).output == 1


def test_expected(run_pipeline):
    assert run_pipeline("raw-to-processed/tidy", input={"n": 1}).error == "JSONDecodeError"
"""


@pytest.fixture(scope="module")
def failing(
    tmp_path_factory: pytest.TempPathFactory, new_checkout: Callable[[Path], Checkout]
) -> Checkout:
    """A pipeline with a function that fails, with tests and an example."""
    checkout = new_checkout(tmp_path_factory.mktemp("failing") / "checkout")
    checkout.define('Function("clean")', "")
    checkout.write(f"{TIDY}/clean/lambda.py", CLEAN)
    checkout.write(f"{TIDY}/tests/test_one.py", TESTS)
    checkout.write(f"{TIDY}/examples/one/input.json", '{"n": 1}')
    checkout.write(f"{TIDY}/examples/one/expected/output.json", "1")
    return checkout


@pytest.fixture(scope="module")
def report(failing: Checkout) -> dict[str, str]:
    """What pytest shows of each test."""
    done = failing.pytest(f"{TIDY}/tests/test_one.py", f"{TIDY}/examples/one")
    assert "4 failed, 1 passed" in done.stdout, done.stdout
    parts = re.split(r"^_+ (\S+) _+$", done.stdout.partition("short test summary")[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", ["test_message", "test_other", f"{TIDY}/examples/one"])
def test_a_failure_is_shown_once_without_frames_of_dorc(report: dict[str, str], name: str) -> None:
    assert report[name].count(FAILURE) == 1
    assert report[name].count("run of raw-to-processed/tidy") == 1
    assert "dorc_runtime/" not in report[name]
    assert "errorMessage" not in report[name]


def test_in_workers_the_last_lines_of_the_log_are_shown(report: dict[str, str]) -> None:
    assert f"{FAILURE}  log      hello\n" in report["test_workers"]


def test_with_v_all_frames_are_shown(failing: Checkout) -> None:
    done = failing.pytest("-v", f"{TIDY}/examples/one")
    assert "frames outside the repository" not in done.stdout
    assert len(re.findall(r"/json/\w+\.py:\d+ in \w+", done.stdout)) == 3
