"""How exactly files are compared with ``expected/``, and what ``expected.toml`` allows."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
# Writes all that is in the source zone into the target zone.
COPY = """
import os
import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    for item in s3.list_objects_v2(Bucket=os.environ["SOURCE_BUCKET"])["Contents"]:
        source = {"Bucket": os.environ["SOURCE_BUCKET"], "Key": item["Key"]}
        s3.copy_object(Bucket=os.environ["TARGET_BUCKET"], Key=item["Key"], CopySource=source)
    return {"rows": 1.0, "loaded_at": "now"}
"""


def parquet(**columns: list[object]) -> bytes:
    """Return a Parquet file."""
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed, which reads Parquet")
    files = pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    files.write_table(arrow.table(columns), file)
    return file.getvalue()


class Case(NamedTuple):
    """A file that a run writes, what is expected of it, the rules, and the difference."""

    file: str
    written: str | bytes
    expected: str | bytes
    difference: str = ""
    rules: str = ""


CSV = "n,at\n1,a\n2,b\n"
ANY_FILE = '["lake/*"]\n'
CASES = {
    "csv-order": Case(
        "a.csv", CSV, "at,n\na,1\nb,2\n", "a.csv: order of columns: expected at, n; found n, at"
    ),
    "csv-no-rows": Case("a.csv", "n,at\n", "n\n", "a.csv: columns: expected n; found n, at"),
    "csv-text": Case("a.csv", CSV, "n,at\n1.0,a\n2,b\n", "row 1, column n: expected '1.0', found"),
    "csv-missing-row": Case(
        "a.csv", CSV, "n,at\n1,a\n9,z\n2,b\n", "row 2: expected {'n': '9', 'at': 'z'}, not found"
    ),
    "csv-extra-row": Case(
        "a.csv", CSV, "n,at\n2,b\n", "a.csv: row 1: found {'n': '1', 'at': 'a'}, not expected"
    ),
    "jsonl-order": Case(
        "a.jsonl", '{"a": 1, "b": 2}\n', '{"b": 2, "a": 1}\n', "order of columns: expected b, a;"
    ),
    "jsonl-type": Case("a.jsonl", '{"a": 1}\n', '{"a": 1.0}\n', "column a: expected 1.0, found 1"),
    "json-table": Case(
        "a.json", '[{"a": 1, "b": 2}]', '[{"b": 2, "a": 1}]', "order of columns: expected b, a;"
    ),
    "json-object": Case("a.json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
    "any-order": Case("a.csv", CSV, "n,at\n2,b\n1,a\n", rules=f"{ANY_FILE}ignore_order = true"),
    "any-order-differs": Case(
        "a.csv",
        CSV,
        "n,at\n2,b\n9,a\n",
        "row 2, column n: expected '9', found '1'",
        f"{ANY_FILE}ignore_order = true",
    ),
    "in-order": Case("a.csv", CSV, "n,at\n2,b\n1,a\n", "row 1, column n: expected '2', found '1'"),
    "near": Case("a.csv", CSV, "n,at\n1.0004,a\n2,b\n", rules=f"{ANY_FILE}tolerance = 0.001"),
    "too-far": Case(
        "a.csv", CSV, "n,at\n1.002,a\n2,b\n", "column n: expected '1.002',", "['*']\ntolerance=1e-3"
    ),
    "near-in-any-order": Case(
        "a.jsonl",
        '{"a": 1.0, "b": "x"}\n{"a": 5, "b": "x"}\n',
        '{"a": 4.9, "b": "x"}\n{"a": 1.1, "b": "x"}\n',
        rules=f"{ANY_FILE}ignore_order = true\ntolerance = 0.2",
    ),
    "ignored": Case("a.csv", CSV, "n\n1\n2\n", rules=f'{ANY_FILE}ignore = ["at"]'),
    "ignored-field": Case(
        "output.json",
        "",
        '{"rows": 1, "loaded_at": 0}',
        rules='["output.json"]\nignore=["loaded_at"]',
    ),
    "unknown-key": Case(
        "a.csv",
        CSV,
        CSV,
        "expected.toml: 'lake/*' has the unknown key 'ignore_ordr'. Did you mean 'ignore_order'?",
        f"{ANY_FILE}ignore_ordr = true",
    ),
    "wrong-value": Case(
        "a.csv",
        CSV,
        CSV,
        "expected.toml: 'lake/*': ignore has to be a list of names of columns, not 'at'.",
        f'{ANY_FILE}ignore = "at"',
    ),
    "no-file": Case(
        "a.csv",
        CSV,
        CSV,
        "'processed/a.csv' matches no file in expected/. Did you mean 'lake/processed/a.csv'?",
        '["processed/a.csv"]',
    ),
    "no-table": Case(
        "a.csv", CSV, CSV, """write ["<file>"] above 'tolerance', with a path in""", "tolerance = 1"
    ),
    "no-toml": Case("a.csv", CSV, CSV, "expected.toml cannot be read: ", "["),
}
PARQUET: dict[str, tuple[dict[str, list[object]], dict[str, list[object]], str]] = {
    "parquet-order": (
        {"n": [1], "at": ["a"]},
        {"at": ["a"], "n": [1]},
        "a.parquet: order of columns: expected at, n; found n, at",
    ),
    "parquet-type": (
        {"n": [1]},
        {"n": [1.0]},
        "a.parquet: column n: expected the type double, found int64",
    ),
    "parquet-nan": ({"n": [float("nan"), 1]}, {"n": [float("nan"), 1]}, ""),
}


@pytest.fixture(scope="module")
def reports(
    tmp_path_factory: pytest.TempPathFactory, new_checkout: Callable[[Path], Checkout]
) -> str:
    """What pytest reports of all cases."""
    checkout = new_checkout(tmp_path_factory.mktemp("rules"))
    checkout.define_steps('Function("clean")')
    checkout.write(f"{TIDY}/clean/lambda.py", COPY)
    binary = {
        name: Case("a.parquet", parquet(**one), parquet(**other), difference)
        for name, (one, other, difference) in PARQUET.items()
    }
    for name, case in (CASES | binary).items():
        folder = checkout.root / TIDY / "examples" / name
        place = "" if case.file == "output.json" else "lake/processed/"
        written, expected = (
            folder / f"lake/raw/{case.file}",
            folder / f"expected/{place}{case.file}",
        )
        for path, body in ((written, case.written), (expected, case.expected)):
            path.parent.mkdir(parents=True)
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
        if case.rules:
            (folder / "expected.toml").write_text(case.rules, encoding="utf-8")
    return checkout.pytest("-rA", f"{TIDY}/examples").stdout


@pytest.mark.parametrize("name", [*CASES, *PARQUET])
def test_a_file_is_compared_as_exactly_as_its_rules_say(reports: str, name: str) -> None:
    difference = CASES[name].difference if name in CASES else PARQUET[name][2]
    outcome = "FAILED" if difference else "PASSED"
    assert re.search(rf"^{outcome} {TIDY}/examples/{name}( |$)", reports, re.MULTILINE), reports
    if difference:
        section = reports.partition(f"_ {TIDY}/examples/{name} _")[2]
        assert difference in section.partition("\n____")[0]
