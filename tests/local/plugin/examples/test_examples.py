"""Examples that say what they expect, as tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.plugin.conftest import Checkout

PAGE = Path(__file__).parents[4] / "docs" / "testing.md"
TIDY = "src/raw-to-processed/tidy"
EXAMPLE = f"{TIDY}/examples/first"
WRITTEN = f"{EXAMPLE}/expected/lake/processed/tidy/first.csv"
WITHOUT_ROWS = f"{TIDY}/examples/without-rows"

# A file under expected/, what is in it, and what pytest's summary says of it.
BROKEN = [
    ("output.json", '{"rows": 2}', "output.rows: expected 2, found 1"),
    ("output.json", '{"rows": true}', "output.rows: expected True, found 1"),
    ("output.json", "{", "output.json is not JSON"),
    ("notes.txt", "", "expects nothing: write output.json, error"),
    ("error.json", '{"error": "EmptyFile"}', "expected 'EmptyFile', but the run succeeded with {"),
    ("error.json", '{"errors": []}', 'error.json: write {"error": "<its name>"}'),
    ("lake/processed/tidy/other.csv", "a\n", "other.csv: not written; written: processed/tidy/f"),
    ("lake/processed/tidy/first.csv", "name\nAda\n", "columns: expected name; found name, island"),
    ("lake/processed/tidy/first.csv", "name,island\n", "rows: expected 0, found 1"),
    ("lake/processed/tidy/first.csv", "name\nA,B\n", "row 1 has 2 fields, the header 1"),
]


def test_a_difference_names_file_row_column_and_both_values(checkout: Checkout) -> None:
    checkout.write(WRITTEN, "name,island\nAda,Biscoe\n")
    done = checkout.pytest(EXAMPLE)
    line = re.search(r"^processed/.*expected.*$", done.stdout, re.MULTILINE)
    assert line is not None, done.stdout
    assert line[0] in PAGE.read_text(encoding="utf-8")
    assert "Traceback" not in done.stdout


@pytest.fixture(scope="module")
def of_broken_examples(
    tmp_path_factory: pytest.TempPathFactory, new_checkout: Callable[[Path], Checkout]
) -> str:
    """What pytest says of all the examples of ``BROKEN``."""
    checkout = new_checkout(tmp_path_factory.mktemp("broken"))
    for number, (name, text, _) in enumerate(BROKEN):
        copy = f"{TIDY}/examples/broken-{number}"
        checkout.write(f"{copy}/lake/raw/tidy/first.csv", "name,island\n Ada , Dream\n")
        checkout.write(f"{copy}/expected/{name}", text)
    return checkout.pytest(f"{TIDY}/examples").stdout


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_an_example_that_fails_says_why(of_broken_examples: str, number: int) -> None:
    summary = f"FAILED {TIDY}/examples/broken-{number} - "
    assert summary in of_broken_examples
    assert BROKEN[number][2] in of_broken_examples.partition(summary)[2].partition("FAILED")[0]


def test_an_example_passes_when_csv_differs_only_in_its_line_ends(checkout: Checkout) -> None:
    (checkout.root / WRITTEN).write_bytes(b'name,island\r\n"Ada",Dream\r\n')
    assert "1 passed" in checkout.pytest(EXAMPLE).stdout


def test_an_example_whose_run_fails_says_why(checkout: Checkout) -> None:
    checkout.write(f"{EXAMPLE}/lake/raw/tidy/first.csv", "name,island\n")
    message = "the run failed: EmptyFile: nothing to clean"
    assert message in checkout.pytest(EXAMPLE).stdout


def test_an_example_may_expect_an_error_and_part_of_its_cause(checkout: Checkout) -> None:
    assert "1 passed" in checkout.pytest(WITHOUT_ROWS).stdout


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ('{"error": "TooSlow"}', "error: expected 'TooSlow', found 'EmptyFile'"),
        ('{"error": "EmptyFile", "cause": "no rows"}', "cause: expected 'no rows' in it, found 'n"),
    ],
)
def test_another_error_or_cause_is_a_difference(
    checkout: Checkout, expected: str, message: str
) -> None:
    checkout.write(f"{WITHOUT_ROWS}/expected/error.json", expected)
    assert message in checkout.pytest(WITHOUT_ROWS).stdout


def test_an_example_expects_an_output_or_an_error(checkout: Checkout) -> None:
    checkout.write(f"{WITHOUT_ROWS}/expected/output.json", "1")
    message = "expects an output and an error: remove output.json or error.json"
    assert message in checkout.pytest(WITHOUT_ROWS).stdout


def test_what_was_written_before_an_expected_error_is_compared_too(checkout: Checkout) -> None:
    checkout.write(f"{WITHOUT_ROWS}/expected/lake/processed/tidy/empty.csv", "name,island\n")
    assert "1 passed" in checkout.pytest(WITHOUT_ROWS).stdout
    checkout.write(f"{WITHOUT_ROWS}/expected/lake/processed/tidy/empty.csv", "name,island\nA,B\n")
    assert "rows: expected 1, found 0" in checkout.pytest(WITHOUT_ROWS).stdout
