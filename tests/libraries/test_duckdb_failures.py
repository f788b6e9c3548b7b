"""DuckDB's own failures in a worker, and what a run says about them."""

import os
import shutil
from pathlib import Path

import pytest

from tests.commands import Result, run_module

EXAMPLE = Path(__file__).parents[2] / "examples" / "libraries"
PIPELINE = "src/raw-to-processed/duckdb"
HANDLER = """
from importlib.resources import files

import duckdb

def handler(event, context):
    con = duckdb.connect()
"""
LOAD = (
    '    extension = f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"\n'
    '    con.load_extension(str(files("duckdb_extension_httpfs") / extension))\n'
)
NO_EXTENSION = "DuckDB cannot download its extension httpfs: add duckdb-extension-httpfs to"
# What DuckDB is asked, the exit code, and words of the output.
FAILURES = {
    "an object that does not exist": (
        LOAD + "    con.execute(f\"from read_parquet('s3://{event['bucket']}/no.parquet')\")",
        1,
        "s3://local-raw/no.parquet",
    ),
    "a bucket that is no zone": (
        LOAD + "    con.execute(\"from 's3://birds/a.csv'\")",
        2,
        "mean uses the bucket birds, which does not exist",
    ),
    "an address without the extension": (
        "    con.execute(f\"from 's3://{event['bucket']}/{event['key']}'\")",
        2,
        NO_EXTENSION,
    ),
    "a download of the extension": ('    con.execute("install httpfs")', 2, NO_EXTENSION),
    "a download to a folder for temporary files": (
        '    con.execute("set home_directory = \'/tmp\'")\n    con.execute("install httpfs")',
        2,
        NO_EXTENSION,
    ),
    "a secret from the chain of credentials": (
        LOAD + '    con.execute("create secret (type s3, provider credential_chain)")',
        2,
        "mean: remove CREATE SECRET with PROVIDER credential_chain",
    ),
    "the endpoint of AWS": (
        LOAD + "    con.execute(\"set s3_endpoint = 's3.eu-west-2.amazonaws.com'\")\n"
        "    con.execute(f\"from 's3://{event['bucket']}/{event['key']}'\")",
        2,
        "mean: DuckDB connects to AWS itself (local-raw.s3.eu-west-2.amazonaws.com)",
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with DuckDB's pipeline alone, and the packages of the original."""
    folder: Path = tmp_path_factory.mktemp("repository") / "libraries"
    ignored = shutil.ignore_patterns(".dorc", "__pycache__")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    packages = EXAMPLE / ".dorc" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    (folder / ".dorc").mkdir()
    (folder / ".dorc" / "packages").symlink_to(packages)
    return folder


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_of_duckdb_says_what_to_change(root: Path, case: str) -> None:
    code, status, words = FAILURES[case]
    (root / PIPELINE / "mean" / "lambda.py").write_text(f"{HANDLER}{code}\n", encoding="utf-8")
    done = run(root)
    assert done.returncode == status, done.stdout
    assert words in " ".join((done.stdout + done.stderr).split())


def run(root: Path) -> Result:
    command = ("run", "raw-to-processed/duckdb", "--file", "survey.csv")
    return run_module("invoke", *command, folder=root, environment=os.environ, timeout=600)
