"""The bucket of one zone."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import s3
from pydantic import JsonValue

from dorc_runtime.deploy.components.encryption import KeyArn, bucket_rules


class LakeBucket(pulumi.ComponentResource):
    """The bucket ``bucket``: private, encrypted, versioned, its events sent to EventBridge.

    ``policy`` says who may not use it; None for a bucket without one. The parts of an upload that
    does not finish within a week are deleted.
    """

    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        bucket: str,
        policy: Mapping[str, JsonValue] | None,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:LakeBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        s3_bucket = s3.Bucket(name, bucket=bucket, opts=child)
        public_access_block = s3.BucketPublicAccessBlock(
            name,
            bucket=s3_bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=s3_bucket.id,
            rules=bucket_rules(key_arn),
            opts=child,
        )
        s3.BucketVersioning(
            name,
            bucket=s3_bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=s3_bucket.id,
            rules=[
                {
                    "id": "unfinished-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=child,
        )
        if policy is not None:
            s3.BucketPolicy(
                name,
                bucket=s3_bucket.id,
                policy=json.dumps(policy),
                # S3 refuses one of both when they change at the same time (OperationAborted):
                # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
                opts=pulumi.ResourceOptions(parent=self, depends_on=[public_access_block]),
            )
        s3.BucketNotification(name, bucket=s3_bucket.id, eventbridge=True, opts=child)
        self.name = s3_bucket.bucket
        self.register_outputs({"name": self.name})
