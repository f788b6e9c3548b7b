"""What the pytest plugin gives to the tests of a repository, which are run as a user runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.plugin.conftest import Checkout

PAGE = Path(__file__).parents[3] / "docs" / "testing.md"
TIDY = "src/raw-to-processed/tidy"
EXAMPLE = f"{TIDY}/examples/first"


def test_the_examples_of_the_page_are_true(checkout: Checkout) -> None:
    done = checkout.pytest("-v")
    assert done.returncode == 0, done.stdout
    assert f"{EXAMPLE} PASSED" in done.stdout
    assert "14 passed" in done.stdout


def test_all_of_it_works_in_processes_of_xdist(checkout: Checkout) -> None:
    assert "14 passed" in checkout.pytest("-n", "2").stdout


def test_processes_of_xdist_report_coverage_together(checkout: Checkout) -> None:
    done = checkout.pytest("-n", "2", f"{TIDY}/tests/test_tidy.py", EXAMPLE)
    page = PAGE.read_text(encoding="utf-8")
    lines = re.findall(r"^raw-to-processed/tidy: .*$", done.stdout, re.MULTILINE)
    assert "2 passed" in done.stdout
    assert lines == re.findall(r"^raw-to-processed/tidy: .*$", page, re.MULTILINE)


def test_the_coverage_report_can_be_turned_off(checkout: Checkout) -> None:
    done = checkout.pytest(EXAMPLE, "--no-dorc-coverage")
    assert "1 passed" in done.stdout
    assert "not reached in pipelines" not in done.stdout


def test_full_coverage_is_not_reported(checkout: Checkout, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("name,island\n", encoding="utf-8")
    body = f"""
from pathlib import Path
for faults in ([timeout("clean")], []):
    run_pipeline("raw-to-processed/tidy", faults=faults)
result = run_pipeline("raw-to-processed/tidy", file=Path({str(empty)!r}))
assert result.error == "EmptyFile"
"""
    done = checkout.one(body)
    assert "1 passed" in done.stdout, done.stdout
    assert "not reached in pipelines" not in done.stdout


def test_a_fault_of_an_unknown_step_names_the_nearest(checkout: Checkout) -> None:
    body = """run_pipeline("raw-to-processed/tidy", faults=[timeout("claen")])"""
    assert "test_one.py:5: no step 'claen'; known: clean." in checkout.one(body).stdout


def test_a_call_that_is_slower_than_its_timeout_fails(checkout: Checkout) -> None:
    body = """
result = run_pipeline("raw-to-processed/tidy", faults=[slow("clean", seconds=400)])
assert (result.error, result.seconds, result.log) == ("TooSlow", 300, ())
"""
    assert "1 passed" in checkout.one(body).stdout


def test_items_of_a_map_are_slow_at_the_same_time(checkout: Checkout) -> None:
    checkout.define('Map(over=[1, 2, 3], steps=[Function("clean")])', "return event * 2")
    body = """
result = run_pipeline("raw-to-processed/tidy", input={}, faults=[slow("clean", seconds=2)])
assert (result.output, result.seconds) == ([2, 4, 6], 2)
"""
    done = checkout.one(body)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("words", [(), ("--dorc-workers",)])
def test_a_slow_branch_is_not_waited_for_when_another_one_fails(
    checkout: Checkout, words: tuple[str, ...]
) -> None:
    failing = '[Wait(timedelta(seconds=1)), Fail("No")]'
    checkout.define(f'Parallel([[Function("clean")], {failing}])', "return 1")
    body = """
result = run_pipeline("raw-to-processed/tidy", input={}, faults=[slow("clean", seconds=3)])
assert (result.error, result.seconds) == ("No", 1)
"""
    done = checkout.one(body, *words)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("call", "words"), [("workers=True", ()), ("workers=None", ("--dorc-workers",))]
)
def test_functions_run_in_processes_of_their_own(
    checkout: Checkout, call: str, words: tuple[str, ...]
) -> None:
    checkout.write(
        f"{TIDY}/clean/lambda.py",
        "import os\n\n\ndef handler(event, context):\n    return {'rows': 1, 'pid': os.getpid()}\n",
    )
    body = f"""
import os
result = run_pipeline("raw-to-processed/tidy", faults=[slow("clean", seconds=5)], {call})
assert result.output["pid"] != os.getpid()
assert result.seconds == 3605
"""
    done = checkout.one(body, *words)
    assert "1 passed" in done.stdout, done.stdout


def test_the_plugin_loads_nothing_heavy_when_pytest_starts() -> None:
    heavy = {"boto3", "moto", "jsonata", "dorc_runtime.local", "dorc_runtime.project"}
    code = f"import sys, dorc_runtime.testing.plugin; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
