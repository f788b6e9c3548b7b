"""What a run says when a library of a function fails; handlers raise errors in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
DUCKDB_LEFT = (
    "Could not resolve hostname error for HTTP HEAD to "
    "'https://local-raw.s3.eu-west-2.amazonaws.com/a.csv'"
)
ARROW_LEFT = (
    "AWS Error NETWORK_CONNECTION during HeadObject operation: "
    "Could not resolve host: local-raw.s3.eu-west-2.amazonaws.com"
)
LIST = "import boto3\nboto3.client('s3').list_objects_v2(Bucket='{}')"
FAILURES = {
    "a module that is not installed": (
        "import no_such_module",
        "clean needs the package that has the module no_such_module: add it to requirements.txt of "
        "the pipeline or the repository.",
    ),
    "a package that another one needs": (
        "raise ImportError('`Import fsspec` failed.  Use pip to install the fsspec package.')",
        "clean needs the package s3fs: add it to requirements.txt of the pipeline or the "
        "repository.",
    ),
    "a package with what another one needs": (
        "raise ImportError('to write it run: pip install polars[deltalake]')",
        "clean needs the package polars[deltalake]: add it to requirements.txt of the pipeline or "
        "the repository.",
    ),
    "the name of a zone as the name of a bucket": (
        LIST.format("processed"),
        "clean uses the bucket processed, which does not exist: the zone processed has another "
        'bucket in each environment; take its name from event["bucket"], or from '
        'os.environ["PROCESSED_BUCKET"], which reads=["processed/", ...] or '
        'writes=["processed/", ...] of the step sets.',
    ),
    "a bucket that is no zone": (
        LIST.format("birds"),
        "clean uses the bucket birds, which does not exist: take its name from "
        'event["bucket"], os.environ["SOURCE_BUCKET"] or os.environ["TARGET_BUCKET"]. Zones here: '
        "processed, raw.",
    ),
    "a connection of DuckDB to AWS": (
        f'raise OSError("""IO Error: {DUCKDB_LEFT}""")',
        "clean: DuckDB connects to AWS itself (local-raw.s3.eu-west-2.amazonaws.com), not the "
        "lake: remove CREATE SECRET with PROVIDER credential_chain, or the endpoint that is set; "
        "here and on AWS, DuckDB reads endpoint, region and credentials from the environment.",
    ),
    "a connection of another library in C to AWS": (
        f'raise OSError("{ARROW_LEFT}")',
        "clean: a library connects to AWS itself (local-raw.s3.eu-west-2.amazonaws.com), not "
        'the lake: give it the endpoint os.environ.get("AWS_ENDPOINT_URL"), which is None on AWS.',
    ),
    "an extension that DuckDB cannot download": (
        "raise OSError(\"Can't find the home directory at '/home/sbx_user1051' Specify a home "
        "directory using the SET home_directory='/path/to/dir' option.\")",
        "clean: DuckDB cannot download its extension httpfs: add duckdb-extension-httpfs to "
        "requirements.txt, which chooses the version of duckdb, and load it from the package: "
        'con.load_extension(str(importlib.resources.files("duckdb_extension_httpfs") / '
        'f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension")).',
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_of_a_library_says_what_to_change(repository: Repository, case: str) -> None:
    body, advice = FAILURES[case]
    repository.handle(body)
    done = repository.invoke(*RUN)
    assert done.stderr == f"error: {advice}\n"
    assert done.returncode == 2


def test_a_missing_object_is_no_mistake_in_a_bucket_s_name(repository: Repository) -> None:
    repository.handle(
        "import boto3\nboto3.client('s3').get_object(Bucket=event['bucket'], Key='no/such.csv')"
    )
    done = repository.invoke(*RUN)
    assert (done.returncode, done.stderr) == (1, "")
