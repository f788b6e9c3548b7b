"""What a run wrote, as tests read it: bytes, text and rows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
EXAMPLE = f"{TIDY}/examples/first"

# The name and body of an object that a function writes, and what its rows are, or the error.
OBJECTS = [
    ("a.json", '[{"n": 1}]', "[{'n': 1}]"),
    ("a.jsonl", '{"n": 1}\n{"n": 2}\n', "[{'n': 1}, {'n': 2}]"),
    ("a.csv", "n,m\n1,\n", "[{'n': '1', 'm': ''}]"),
    ("short.csv", "n,m\n1\n", "processed/short.csv: row 1 has 1 fields, the header 2."),
    ("object.json", "{}", "processed/object.json is not a list of objects"),
    ("a.bin", "x", "processed/a.bin has no rows"),
]


@pytest.fixture(scope="module")
def rows_output(
    tmp_path_factory: pytest.TempPathFactory, new_checkout: Callable[[Path], Checkout]
) -> str:
    """What a test prints of the rows of all ``OBJECTS``, and of an object that does not exist."""
    checkout = new_checkout(tmp_path_factory.mktemp("rows"))
    checkout.write(
        f"{TIDY}/clean/lambda.py",
        f"""
import os
import boto3


def handler(event, context):
    for key, body, _ in {OBJECTS!r}:
        boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key=key, Body=body)
    return {{"rows": 1}}
""",
    )
    body = f"""
from dorc_runtime.errors import DorcError
lake = run_pipeline("raw-to-processed/tidy").lake
for key in {[key for key, _, _ in OBJECTS]!r} + ["b.csv"]:
    try:
        print("rows of", key, lake.rows("processed/" + key))
    except DorcError as error:
        print("rows of", key, error)
print("text:", lake.text("processed/a.bin"), lake["processed/a.bin"], "processed/b" in lake)
"""
    return checkout.one(body, "-s").stdout


@pytest.mark.parametrize(("key", "message"), [(key, message) for key, _, message in OBJECTS])
def test_rows_are_read_by_the_ending_of_the_key(rows_output: str, key: str, message: str) -> None:
    assert f"rows of {key} {message}" in rows_output


def test_an_object_that_was_not_written_is_reported_with_those_that_were(rows_output: str) -> None:
    known = "processed/a.bin, processed/a.csv"
    assert f"rows of b.csv no written object 'processed/b.csv'; known: {known}" in rows_output


def test_an_object_is_text_and_bytes(rows_output: str) -> None:
    assert "text: x b'x' False" in rows_output


@pytest.fixture
def parquet() -> Callable[[dict[str, list[Any]]], bytes]:
    """Make a Parquet file of columns."""
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed, which reads Parquet")
    files = pytest.importorskip("pyarrow.parquet")

    def made(columns: dict[str, list[Any]]) -> bytes:
        file = io.BytesIO()
        files.write_table(arrow.table(columns), file)
        return file.getvalue()

    return made


def writing(checkout: Checkout, body: bytes) -> None:
    """Let the function write ``body`` as ``a.parquet``."""
    checkout.write(
        f"{TIDY}/clean/lambda.py",
        f"""
import os
import boto3


def handler(event, context):
    boto3.client("s3").put_object(
        Bucket=os.environ["TARGET_BUCKET"], Key="a.parquet", Body={body!r}
    )
    return {{"rows": 1}}
""",
    )


def test_rows_of_parquet_have_their_types(
    checkout: Checkout, parquet: Callable[[dict[str, list[Any]]], bytes]
) -> None:
    writing(checkout, parquet({"name": ["Ada", None], "n": [1, 2]}))
    checkout.passes("""
rows = run_pipeline("raw-to-processed/tidy").lake.rows("processed/a.parquet")
assert rows == [{"name": "Ada", "n": 1}, {"name": None, "n": 2}]
""")


def test_parquet_is_compared_by_what_it_holds(
    checkout: Checkout, parquet: Callable[[dict[str, list[Any]]], bytes]
) -> None:
    (checkout.root / EXAMPLE / "expected/lake/processed/tidy/first.csv").unlink()
    file = checkout.root / EXAMPLE / "expected/lake/processed/a.parquet"
    writing(checkout, parquet({"name": ["Ada", "Bob"], "n": [1, 2]}))
    whole = parquet({"name": ["Ada", "Bob"], "n": [1, 2]})
    # The same table, in a file with other bytes.
    file.write_bytes(whole.replace(b"parquet-cpp", b"parquet-xyz"))
    assert file.read_bytes() != whole
    assert "1 passed" in checkout.pytest(EXAMPLE).stdout
    file.write_bytes(parquet({"name": ["Ada", "Bob"], "n": [1, 3]}))
    message = "processed/a.parquet: row 2, column n: expected 3, found 2"
    assert message in checkout.pytest(EXAMPLE).stdout


def test_a_file_that_is_not_parquet_is_reported(
    checkout: Checkout, parquet: Callable[[dict[str, list[Any]]], bytes]
) -> None:
    whole = parquet({"n": [1]})
    writing(checkout, whole[:-4])
    message = "processed/a.parquet is not Parquet: "
    body = """run_pipeline("raw-to-processed/tidy").lake.rows("processed/a.parquet")"""
    assert message in checkout.one(body).stdout


def test_parquet_without_pyarrow_is_reported(checkout: Checkout) -> None:
    writing(checkout, b"PAR1")
    body = """
import sys
sys.modules["pyarrow"] = None
run_pipeline("raw-to-processed/tidy").lake.rows("processed/a.parquet")
"""
    assert "a.parquet is Parquet, which needs pyarrow: add it to" in checkout.one(body).stdout


def test_a_table_that_the_run_does_not_have_is_reported(checkout: Checkout) -> None:
    done = checkout.one("""run_pipeline("raw-to-processed/tidy").tables["orders"]""")
    assert "the run has no 'orders'; known: none" in done.stdout


def test_seconds_of_a_fault_are_a_number(checkout: Checkout) -> None:
    done = checkout.one("""slow("clean", seconds="a")""")
    assert "a fault of 'clean' has seconds='a': write a number." in done.stdout
    assert "TypeError" not in done.stdout
