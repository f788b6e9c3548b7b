"""The permissions that a request to S3 needs.

It imports the standard library alone: the lake's server loads it by its path.

Which request needs which actions:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

# The end of the actions for a bucket's settings, after "Get" and "Put", by the parameter of the
# request that names the setting.
_BUCKET_SETTINGS = {
    "abac": "BucketAbac",
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
# To remove any other setting needs the action that puts it.
_DELETE_ACTIONS = ("policy", "website")
_LISTINGS = {"versions": "ListBucketVersions", "uploads": "ListBucketMultipartUploads"}
# What follows "GetObject" and "PutObject", and for some of them also "GetObjectVersion".
_OBJECT_SETTINGS = {
    "acl": "Acl",
    "tagging": "Tagging",
    "torrent": "Torrent",
    "legal-hold": "LegalHold",
    "retention": "Retention",
}
_VERSION_SETTINGS = ("acl", "tagging", "torrent")
_VERBS = {"PUT": "Put", "DELETE": "Delete"}
# Headers that set something of an object while it is written need another action.
_SETTING_HEADERS = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
_GRANT = "x-amz-grant-"
_READ = ("s3:GetObject", "s3:GetObjectVersion")


class Need(NamedTuple):
    """An action on an object, or on a bucket where ``key`` is "".

    ``prefix`` is that of a list request, None without one.
    """

    action: str
    bucket: str
    key: str = ""
    prefix: str | None = None

    def resource(self, partition: str) -> str:
        """Return the ARN of the object or bucket, in a ``partition`` of AWS."""
        name = f"{self.bucket}/{self.key}" if self.key else self.bucket
        return f"arn:{partition}:s3:::{name}"

    @property
    def listing(self) -> "Need | None":
        """What is also needed to learn that an object does not exist; else S3 answers a refusal.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        if self.action not in _READ:
            return None
        return Need("s3:ListBucket", self.bucket, prefix=self.key)


def needs(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> tuple[Need, ...]:
    """Return all permissions that a request needs.

    ``path`` is ``/bucket/key``, decoded; names of ``headers`` are in lower case. ``body`` matters
    where it names objects, ``POST /bucket?delete``.
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket:
        return (Need("s3:ListAllMyBuckets", "*"),)
    if key:
        actions = _object_actions(method, query, headers)
        return (*(Need(f"s3:{action}", bucket, key) for action in actions), *_source(headers))
    if method == "POST" and "delete" in query:
        return tuple(_deleted(bucket, body))
    return (Need(f"s3:{_bucket_action(method, query)}", bucket, prefix=query.get("prefix")),)


def _bucket_action(method: str, query: Mapping[str, str]) -> str:
    setting = next((name for name in _BUCKET_SETTINGS if name in query), None)
    if setting is not None:
        deleted = method == "DELETE" and setting not in _DELETE_ACTIONS
        return ("Put" if deleted else _VERBS.get(method, "Get")) + _BUCKET_SETTINGS[setting]
    match method:
        case "PUT":
            return "CreateBucket"
        case "DELETE":
            return "DeleteBucket"
        case _:
            return next((_LISTINGS[name] for name in _LISTINGS if name in query), "ListBucket")


def _object_actions(
    method: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> Iterator[str]:
    version = "Version" if "versionId" in query else ""
    about = next((name for name in _OBJECT_SETTINGS if name in query), None)
    if about is not None:
        kind = version if about in _VERSION_SETTINGS else ""
        yield f"{_VERBS.get(method, 'Get')}Object{kind}{_OBJECT_SETTINGS[about]}"
    elif method == "DELETE":
        yield "AbortMultipartUpload" if "uploadId" in query else f"DeleteObject{version}"
    elif method == "POST" and "restore" in query:
        yield "RestoreObject"
    elif method == "PUT" or (method == "POST" and "select" not in query):
        yield "PutObject"
        yield from _setting_actions(headers)
    elif "uploadId" in query:
        yield "ListMultipartUploadParts"
    else:
        yield f"GetObject{version}"
        if "attributes" in query:
            yield f"GetObject{version}Attributes"


def _setting_actions(headers: Mapping[str, str]) -> Iterator[str]:
    for name in headers:
        if name.startswith(_GRANT):
            yield _SETTING_HEADERS["x-amz-acl"]
        elif name in _SETTING_HEADERS:
            yield _SETTING_HEADERS[name]


def _source(headers: Mapping[str, str]) -> Iterator[Need]:
    """Yield what is needed of the object that the request copies."""
    if source := headers.get("x-amz-copy-source"):
        place, _, version = source.partition("?versionId=")
        bucket, _, key = unquote(place).removeprefix("/").partition("/")
        yield Need("s3:GetObjectVersion" if version else "s3:GetObject", bucket, key)


def _deleted(bucket: str, body: bytes) -> Iterator[Need]:
    for item in ElementTree.fromstring(body).iterfind("{*}Object"):  # noqa: S314 # a function's
        version = "" if item.find("{*}VersionId") is None else "Version"
        yield Need(f"s3:DeleteObject{version}", bucket, item.findtext("{*}Key", ""))
