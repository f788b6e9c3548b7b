"""Where Pulumi keeps its state: a bucket, a folder, or another backend of Pulumi."""

import json
import re
from typing import Any

from dorc_runtime.compile.permissions.resource_policies import bucket_policy
from dorc_runtime.errors import SettingsError, StackError
from dorc_runtime.project.settings import Settings

_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def backend_url(settings: Settings, *, region: str) -> str:
    """Return the URL of Pulumi's backend that ``INFRA_BUCKET`` names.

    Raises ``SettingsError`` when it is missing, or neither the name of a bucket nor a URL.
    https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    bucket = settings.infra_bucket
    if bucket is None:
        raise SettingsError(
            "INFRA_BUCKET is not set: it says where Pulumi keeps its state, the name of a bucket "
            "or the URL of a Pulumi backend; write it into .env, or export it."
        )
    if _URL.match(bucket):
        return bucket
    if not _BUCKET.fullmatch(bucket):
        raise SettingsError(
            f"INFRA_BUCKET is '{bucket}', which is neither the name of a bucket (3 to 63 "
            "lower-case letters, digits, dots and dashes) nor a URL like file:///srv/state."
        )
    return f"s3://{bucket}?region={region}"


def engine_url(url: str) -> str:
    """Return the URL of the backend at ``url`` for Pulumi's engine.

    In a folder, Pulumi writes two files for each state. An engine that is killed between them
    leaves a state that it cannot read, so the second one, which nothing needs, is not written.
    https://pkg.go.dev/gocloud.dev/blob/fileblob#URLOpener
    """
    if not url.startswith("file://") or "metadata=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}metadata=skip"


def passphrase(settings: Settings, url: str) -> str:
    """Return what encrypts secrets in the state; it can be empty when the state is in a folder.

    Raises ``SettingsError`` when it is needed and missing.
    """
    if settings.pulumi_config_passphrase is None and not url.startswith("file://"):
        raise SettingsError(
            "PULUMI_CONFIG_PASSPHRASE is not set: it encrypts the secrets in Pulumi's state, and "
            "every later deployment needs it; export it, or write it into .env."
        )
    return settings.pulumi_config_passphrase or ""


def bucket_of(url: str) -> str | None:
    """Return the bucket in the URL of a backend, None for another kind of backend."""
    return re.split(r"[/?]", url.removeprefix("s3://"))[0] if url.startswith("s3://") else None


def bucket_exists(bucket: str, *, client: Any) -> bool:
    """Return whether the bucket exists; ``client`` is boto3's for S3.

    Raises ``StackError`` when it belongs to another account, or S3 does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return False
        raise StackError(
            f"INFRA_BUCKET {bucket} cannot be reached: {error}; does it belong to another account?"
        ) from error
    except BotoCoreError as error:
        raise StackError(f"INFRA_BUCKET {bucket} cannot be reached: {error}") from error
    return True


def create_bucket(bucket: str, *, region: str, client: Any) -> None:
    """Create the bucket: versioned, encrypted, private, and only for TLS.

    ``client`` is boto3's for S3. A client without TLS, of an emulator, sets no policy, which would
    keep itself out. Raises ``StackError`` when S3 refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=bucket, **(location if region != "us-east-1" else {}))
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
        if client.meta.endpoint_url.startswith("https:"):
            policy = json.dumps(bucket_policy(region=region, bucket=bucket))
            client.put_bucket_policy(Bucket=bucket, Policy=policy)
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"the bucket {bucket} cannot be created: {error}") from error
