"""Where Pulumi keeps its state: a bucket, a folder, or whatever else it knows."""

import re
from typing import Any

from dorc_runtime.errors import SettingsError, StackError
from dorc_runtime.project.settings import Settings

_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def backend_url(settings: Settings, *, region: str) -> str:
    """Return the URL of Pulumi's backend that ``INFRA_BUCKET`` means.

    Raises ``SettingsError`` when it is missing, or neither a bucket's name nor a URL.
    https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    given = settings.infra_bucket
    if given is None:
        raise SettingsError(
            "INFRA_BUCKET is not set: it is where the state of what is deployed lies, a bucket's "
            "name or the URL of a Pulumi backend; write it into .env, or export it."
        )
    if _URL.match(given):
        return given
    if not _BUCKET.fullmatch(given):
        raise SettingsError(
            f"INFRA_BUCKET is '{given}', which is neither a bucket's name (3 to 63 lower-case "
            "letters, digits, dots and dashes) nor a URL like file:///srv/state."
        )
    return f"s3://{given}?region={region}"


def passphrase(settings: Settings, url: str) -> str:
    """Return what encrypts secrets in the state; it may be empty where that is a local folder.

    Raises ``SettingsError`` where it is needed and missing.
    """
    if settings.pulumi_config_passphrase is None and not url.startswith("file://"):
        raise SettingsError(
            "PULUMI_CONFIG_PASSPHRASE is not set: it encrypts the state's secrets, and without "
            "it nothing deployed can be changed again; export it, or write it into .env."
        )
    return settings.pulumi_config_passphrase or ""


def bucket_of(url: str) -> str | None:
    """Return the bucket that a backend's URL names, None for another kind of backend."""
    return re.split(r"[/?]", url.removeprefix("s3://"))[0] if url.startswith("s3://") else None


def bucket_exists(bucket: str, *, client: Any) -> bool:
    """Tell whether the bucket is there; ``client`` is boto3's for S3.

    Raises ``StackError`` when it is somebody else's, or S3 does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return False
        raise StackError(
            f"INFRA_BUCKET {bucket} cannot be reached: {error}; it may be another account's."
        ) from error
    except BotoCoreError as error:
        raise StackError(f"INFRA_BUCKET {bucket} cannot be reached: {error}") from error
    return True


def create_bucket(bucket: str, *, region: str, client: Any) -> None:
    """Make the bucket: versioned, encrypted and private. ``client`` is boto3's for S3.

    Raises ``StackError`` when S3 refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    try:
        client.create_bucket(
            Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {})
        )
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        client.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )
        blocks = (
            "BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets",
        )  # fmt: skip
        client.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
        )
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"the bucket {bucket} cannot be made: {error}") from error
