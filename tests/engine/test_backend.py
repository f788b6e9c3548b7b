"""The bucket for the state, which `init` creates, and existing buckets of zones."""

import json

import pytest

from .deployment import Deployment

STATE = {"INFRA_BUCKET": "my-pipelines-state"}


@pytest.fixture(scope="module")
def made(deployment: Deployment) -> Deployment:
    """The bucket, created by `init`."""
    result = deployment.invoke("init", "--create", **STATE)
    assert result.code == 0, result.text
    return deployment


def test_the_bucket_is_versioned_encrypted_and_private(made: Deployment) -> None:
    s3 = made.aws.client("s3")
    bucket = STATE["INFRA_BUCKET"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())


def test_an_existing_bucket_is_used_as_it_is(made: Deployment) -> None:
    result = made.invoke("init", "--create", "--json", **STATE)
    assert result.code == 0, result.text
    assert not json.loads(result.out)["created"]


def test_state_is_kept_in_the_bucket(made: Deployment) -> None:
    result = made.invoke("apply", "--instance", "infra", "--env", "dev", "--yes", **STATE)
    assert result.code == 0, result.text
    listed = made.aws.client("s3").list_objects_v2(Bucket=STATE["INFRA_BUCKET"])
    keys = [found["Key"] for found in listed["Contents"]]
    assert ".pulumi/stacks/my-pipelines.infra/dev.json" in keys


def test_the_record_of_an_apply_is_kept_in_the_bucket(made: Deployment) -> None:
    # The first apply can write into the stack file, which is a change.
    for _ in range(2):
        result = made.invoke("apply", "--instance", "infra", "--env", "dev", "--yes", **STATE)
        assert result.code == 0, result.text
    key = ".pulumi/stacks/my-pipelines.infra/dev.pulumi-tags"
    tags = made.aws.client("s3").get_object(Bucket=STATE["INFRA_BUCKET"], Key=key)["Body"].read()
    assert b"dorc:applied" in tags


def test_a_preview_warns_of_an_existing_bucket_without_events(made: Deployment) -> None:
    place = {"LocationConstraint": made.environment["AWS_REGION"]}
    made.aws.client("s3").create_bucket(Bucket="my-old-raw", CreateBucketConfiguration=place)
    file = made.root / "infra" / "Pulumi.prod.yaml"
    file.write_text("config:\n  environment: prod\n  buckets: {raw: my-old-raw}\n")
    result = made.invoke("preview", "--instance", "infra", "--env", "prod", **STATE)
    assert result.code == 0, result.text
    assert "the bucket my-old-raw does not send its events to EventBridge" in result.out
    assert "bucket notification       raw" not in result.out


def test_an_apply_without_its_bucket_says_how_to_create_it(deployment: Deployment) -> None:
    infra = ("apply", "--instance", "infra", "--env", "dev")
    result = deployment.answer("y\n", *infra, INFRA_BUCKET="no-such-bucket")
    assert result.code == 2, result.text
    [line] = result.err.splitlines()
    assert "INFRA_BUCKET no-such-bucket cannot be read: " in line
    assert "`invoke init --create` creates it" in line


def test_a_folder_needs_no_passphrase(deployment: Deployment) -> None:
    result = deployment.invoke("init", PULUMI_CONFIG_PASSPHRASE="")
    assert result.code == 0, result.text
