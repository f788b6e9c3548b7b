"""Buckets, and their settings that are separate resources."""

from collections.abc import Callable

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind, Step
from tests.engine.plugins.properties import Properties

_BLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _location(aws: Aws, given: Properties) -> Properties:
    if aws.region == "us-east-1":
        return {}
    return {"createBucketConfiguration": {"locationConstraint": aws.region}}


def _delete(aws: Aws, given: Properties) -> None:
    s3, bucket = aws.client("s3"), given["bucket"]
    if given.get("forceDestroy"):
        found = s3.list_object_versions(Bucket=bucket)
        # Delete markers come first: moto fails on a delete marker without its object.
        for entry in found.get("DeleteMarkers", []) + found.get("Versions", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def _tag(aws: Aws, given: Properties) -> None:
    s3, bucket = aws.client("s3"), given["bucket"]
    pairs = [{"Key": key, "Value": value} for key, value in (given.get("tags") or {}).items()]
    if pairs:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs})
    else:
        s3.delete_bucket_tagging(Bucket=bucket)


def _notifications(aws: Aws, given: Properties) -> Properties:
    found: Properties = {"eventBridgeConfiguration": {}} if given.get("eventbridge") else {}
    return {"notificationConfiguration": found}


def _no_versioning(aws: Aws, given: Properties) -> None:
    aws.client("s3").put_bucket_versioning(
        Bucket=given["bucket"], VersioningConfiguration={"Status": "Suspended"}
    )


def _no_notifications(aws: Aws, given: Properties) -> None:
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=given["bucket"], NotificationConfiguration={}
    )


def _aspect(
    what: str,
    path: str,
    prepare: Callable[[Aws, Properties], Properties],
    delete: Step | None = None,
) -> Kind:
    return Kind(
        service="s3",
        create=f"put_{what}",
        read=f"get_{what}",
        delete=delete or f"delete_{what}",
        id="{bucket}",
        path=path,
        update=(f"put_{what}",),
        prepare=prepare,
        replace=("bucket",),
        tags=None,
    )


STORAGE = {
    "s3/bucket": Kind(
        service="s3",
        create="create_bucket",
        read="head_bucket",
        delete=_delete,
        id="{bucket}",
        tags=_tag,
        update=(lambda aws, given: None,),
        replace=("bucket", "objectLockEnabled"),
        prepare=_location,
        outputs={"arn": "arn:aws:s3:::{bucket}", "bucketRegion": "{region}"},
        defaults={"forceDestroy": False},
    ),
    "s3/bucketVersioning": _aspect(
        "bucket_versioning",
        "{VersioningConfiguration: @}",
        lambda aws, given: {},
        _no_versioning,
    ),
    "s3/bucketPublicAccessBlock": _aspect(
        "public_access_block",
        "PublicAccessBlockConfiguration",
        lambda aws, given: {
            "publicAccessBlockConfiguration": {key: given.get(key, False) for key in _BLOCKED}
        },
    ),
    "s3/bucketServerSideEncryptionConfiguration": _aspect(
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        lambda aws, given: {"serverSideEncryptionConfiguration": {"rules": given.get("rules")}},
    ),
    "s3/bucketNotification": _aspect(
        "bucket_notification_configuration", "@", _notifications, _no_notifications
    ),
    "s3/bucketPolicy": _aspect("bucket_policy", "@", lambda aws, given: {}),
    "s3/bucketLifecycleConfiguration": _aspect(
        "bucket_lifecycle_configuration",
        "@",
        lambda aws, given: {"lifecycleConfiguration": {"rules": given.get("rules")}},
        "delete_bucket_lifecycle",
    ),
}
