"""Runs in which a function reaches for what its role on AWS would not let it have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
CODES = "src/raw-to-processed/tidy/examples/first/lake/reference/codes.csv"
S3 = "import boto3\ns3 = boto3.client('s3')\n"
READ = f"{S3}return s3.get_object(Bucket='reference', Key='codes.csv')['Body'].read().decode()"
READ_IT_ALL = (
    "error: clean is not allowed s3:GetObject on reference/codes.csv: give "
    'Function("clean", reads=["reference/", ...]).\n'
)


@pytest.mark.parametrize("how", [(), ("--inline",)])
def test_a_refused_request_is_a_mistake_with_its_remedy(
    repository: Repository, how: tuple[str, ...]
) -> None:
    repository.write(CODES, "1,2\n")
    repository.handle(READ)
    done = repository.invoke(*RUN, *how)
    assert done.returncode == 2
    assert done.stderr == READ_IT_ALL
    assert "is not authorized to perform: s3:GetObject" in " ".join(done.stdout.split())


def test_the_remedy_is_shown_where_s3_gives_no_reason(repository: Repository) -> None:
    """A download asks for the object's size first, and that refusal has no text."""
    repository.write(CODES, "1,2\n")
    repository.handle(f"{S3}s3.download_file('reference', 'codes.csv', '/dev/null')")
    assert repository.invoke(*RUN).stderr == READ_IT_ALL


def test_the_remedy_helps(repository: Repository) -> None:
    repository.write(CODES, "1,2\n")
    repository.define('Function("clean", reads=["reference/"])')
    repository.handle(READ)
    done = repository.invoke(*RUN, "--input", "{}", "--example", "first", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == "1,2\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "s3.put_object(Bucket='local-raw', Key='tidy/b.csv')",
            's3:PutObject on raw/tidy/b.csv: give Function("clean", writes=["raw/", ...]).',
        ),
        (
            "s3.get_object_tagging(Bucket='local-raw', Key='tidy/first.csv')",
            's3:GetObjectTagging on raw/tidy/first.csv: give Function("clean", '
            'permissions=[Permission("s3:GetObjectTagging", resources=...)]).',
        ),
    ],
)
def test_the_remedy_is_for_the_request_that_was_refused(
    repository: Repository, call: str, message: str
) -> None:
    repository.handle(S3 + call)
    assert repository.invoke(*RUN).stderr == f"error: clean is not allowed {message}\n"


def test_a_failure_for_another_reason_has_no_remedy(repository: Repository) -> None:
    repository.write(CODES, "1,2\n")
    tried = READ.replace("return ", "    ").replace(S3, f"{S3}try:\n")
    repository.handle(f"{tried}\nexcept Exception:\n    pass\nraise ValueError('no codes')")
    done = repository.invoke(*RUN)
    assert done.returncode == 1
    assert "no codes" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("given", "bucket"), [("", "example--*--raw--*"), (', buckets={"raw": "landing"}', "landing")]
)
def test_permissions_name_a_zones_bucket_as_it_is_called_on_aws(
    repository: Repository, given: str, bucket: str
) -> None:
    config = (repository.root / "pipeline_config.py").read_text()
    repository.write("pipeline_config.py", config.replace("=universal)", f"=universal{given})"))
    tags = f'Permission("s3:GetObjectTagging", resources="arn:aws:s3:::{bucket}/tidy/*")'
    repository.define(
        f'Function("clean", permissions=[{tags}])', imports="Function, Permission, Pipeline"
    )
    repository.handle(
        f"{S3}return s3.get_object_tagging(Bucket='local-raw', Key='tidy/first.csv')['TagSet']"
    )
    done = repository.invoke(*RUN, "--input", "{}", "--example", "first", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == []


def test_a_called_pipelines_function_has_its_own_role(repository: Repository) -> None:
    """It is called as one of the first pipeline's, which may do what it may not."""
    load = "src/processed-to-curated/load"
    repository.define(
        'Function("clean", reads=["processed/"]), Call("processed-to-curated/load")',
        imports="Call, Function, Pipeline",
    )
    repository.handle("return event")
    steps = "from dorc_runtime import Function, Pipeline\n\npipeline = Pipeline(steps=[{}])\n"
    repository.write(f"{load}/pipeline.py", steps.format('Function("clean", reads=[])'))
    read = "s3.get_object(Bucket='local-processed', Key='a.csv')"
    repository.write(
        f"{load}/clean/lambda.py",
        f"import boto3\ns3 = boto3.client('s3')\n\n\ndef handler(event, context):\n    {read}\n",
    )
    repository.write("src/raw-to-processed/tidy/examples/first/lake/processed/a.csv", "1\n")
    done = repository.invoke(*RUN, "--input", "{}", "--example", "first")
    assert done.returncode == 2
    assert done.stderr == (
        "error: processed-to-curated.load.clean is not allowed s3:GetObject on processed/a.csv: "
        'give Function("clean", reads=["processed/", ...]).\n'
    )


def test_other_steps_are_not_limited_by_the_roles_of_functions(repository: Repository) -> None:
    """Whatever that function is called."""
    repository.define(
        'Function("clean"), Function("local", reads=[], writes=[]), '
        'Service("aws-sdk:s3:getObject", '
        'arguments={"Bucket": "raw", "Key": "tidy/first.csv"}, output=result.Body)',
        imports="Function, Pipeline, Service, result",
    )
    repository.handle("return event")
    repository.handle("return event", function="local")
    done = repository.invoke(*RUN, "--input", "{}", "--example", "first", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == "a,b\n1,2\n"
