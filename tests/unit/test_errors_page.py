"""The page of errors names each error that a run can end with, and each exit code."""

import re
from pathlib import Path

import pytest

from dorc_runtime.errors import DorcError
from dorc_runtime.tasks import entry, signals

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
NAME = r"(?:States|Runtime|Sandbox|Lambda|Function|StepFunctions|EventBridge)\.[A-Z]\w+"
LIBRARY = ROOT / "dorc_runtime"
# What retriers and catchers name, and no run ends with.
MATCHER = "States.ALL"


def in_code() -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in LIBRARY.rglob("*.py")]
    return {name for text in texts for name in re.findall(f'"({NAME})"', text)}


def rows(heading: str) -> list[list[str]]:
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[1:]
    return [re.split(r" \| ", line) for line in lines]


@pytest.mark.parametrize("name", sorted(in_code()))
def test_each_error_in_the_code_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_each_error_on_the_page_is_in_the_code() -> None:
    assert set(re.findall(f"`({NAME})`", PAGE)) == in_code()


@pytest.mark.parametrize("heading", ["Errors of functions", "Errors of Step Functions"])
def test_each_error_has_a_cause_and_what_to_do(heading: str) -> None:
    assert len(rows(heading)) > 8
    assert all(len(row) == 3 and all(row) for row in rows(heading))


def test_each_exit_code_is_on_the_page() -> None:
    errors = [DorcError]
    for error in errors:
        errors += error.__subclasses__()
    codes = {error.exit_code for error in errors}
    codes |= {0, entry.MISTAKE, entry.HAS_CHANGES, entry.INTERRUPTED, signals._TERMINATED}
    assert {int(row[0]) for row in rows("Exit codes")} == codes
