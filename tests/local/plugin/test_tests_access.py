"""In tests too, functions may do in S3 what their roles allow, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.plugin.conftest import Checkout

LISTS = """
import boto3

s3 = boto3.client("s3")


def handler(event, context):
    return s3.list_objects_v2(Bucket="local-raw")["KeyCount"]
"""
OTHER = "src/processed-to-curated/other"


@pytest.mark.parametrize("workers", [False, True])
def test_each_run_has_the_roles_of_its_own_pipeline(checkout: Checkout, workers: bool) -> None:
    """Both have a function of one name, and one lake serves all tests."""
    for folder in ("src/raw-to-processed/tidy", OTHER):
        steps = "from dorc_runtime import Function, Pipeline\npipeline = Pipeline(steps=[{}])\n"
        checkout.write(f"{folder}/pipeline.py", steps.format('Function("clean")'))
        checkout.write(f"{folder}/clean/lambda.py", LISTS)
    checkout.passes(
        f"""
for _ in range(2):
    own = run_pipeline("raw-to-processed/tidy", input={{}}, workers={workers})
    other = run_pipeline("processed-to-curated/other", input={{}}, workers={workers})
    assert own.succeeded, own.failure
    assert "is not authorized to perform: s3:ListBucket" in other.cause
""",
    )
