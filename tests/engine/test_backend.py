"""Where the state is kept, in a bucket that `init` makes, and buckets that are others'."""

import pytest

from .deployment import Deployment

STATE = {"INFRA_BUCKET": "my-pipelines-state"}


@pytest.fixture(scope="module")
def made(deployment: Deployment) -> Deployment:
    """The bucket, made by `init`."""
    done = deployment.invoke("init", "--create", **STATE)
    assert done.code == 0, done.text
    return deployment


def test_the_bucket_is_versioned_encrypted_and_private(made: Deployment) -> None:
    s3 = made.aws.client("s3")
    bucket = STATE["INFRA_BUCKET"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())


def test_a_bucket_that_is_there_is_taken_as_it_is(made: Deployment) -> None:
    done = made.invoke("init", "--create", **STATE)
    assert done.code == 0, done.text
    assert "created the bucket" not in done.out


def test_state_is_kept_in_the_bucket(made: Deployment) -> None:
    done = made.invoke("apply", "--instance", "infra", "--env", "dev", "--yes", **STATE)
    assert done.code == 0, done.text
    listed = made.aws.client("s3").list_objects_v2(Bucket=STATE["INFRA_BUCKET"])
    keys = [found["Key"] for found in listed["Contents"]]
    assert ".pulumi/stacks/my-pipelines.infra/dev.json" in keys


def test_a_bucket_of_others_that_tells_nobody_is_pointed_out(made: Deployment) -> None:
    place = {"LocationConstraint": made.environment["AWS_REGION"]}
    made.aws.client("s3").create_bucket(Bucket="my-old-raw", CreateBucketConfiguration=place)
    file = made.root / "infra" / "Pulumi.prod.yaml"
    file.write_text("config:\n  environment: prod\n  buckets: {raw: my-old-raw}\n")
    done = made.invoke("preview", "--instance", "infra", "--env", "prod", **STATE)
    assert done.code == 0, done.text
    assert "the bucket my-old-raw does not send its events to EventBridge" in done.out
    assert "bucket notification       raw" not in done.out


def test_a_folder_needs_no_passphrase(deployment: Deployment) -> None:
    done = deployment.invoke("init", PULUMI_CONFIG_PASSPHRASE="")
    assert done.code == 0, done.text
