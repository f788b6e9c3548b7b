"""What a request to S3 needs by AWS's policies, and whether a policy allows it.

On the standard library alone: the lake's server loads it by its path.

Which request needs which actions:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

# What stands behind "Get" and "Put" in the actions for a bucket's settings, by the parameter of the
# request that tells which one it is about.
_OF_BUCKETS = {
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
# To remove other settings is to put them.
_REMOVED = ("policy", "website")
_LISTINGS = {"versions": "ListBucketVersions", "uploads": "ListBucketMultipartUploads"}
# What stands behind "GetObject" and the like, and behind "GetObjectVersion" for some of them.
_OF_OBJECTS = {
    "acl": "Acl",
    "tagging": "Tagging",
    "torrent": "Torrent",
    "legal-hold": "LegalHold",
    "retention": "Retention",
}
_OF_VERSIONS = ("acl", "tagging", "torrent")
_VERBS = {"PUT": "Put", "DELETE": "Delete"}
# What is said of an object as it is written needs an action of its own.
_SAID_WITH_OBJECTS = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
_GRANT = "x-amz-grant-"
_READ = ("s3:GetObject", "s3:GetObjectVersion")

_SIGNED = re.compile(r"AWS4-[A-Z0-9-]+ +Credential=([^/]+)/|AWS +([^:]+):")
# An escape stands for the one character in it:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_ESCAPE = re.compile(r"\$\{([*?$])\}")
_SPECIAL = re.compile(r"(\$\{[*?$]\}|[*?])")
_WILDCARDS = {"*": ".*", "?": "."}


class Need(NamedTuple):
    """An action on an object, or on a bucket where ``key`` is "".

    ``prefix`` is what a list is asked for, None without one.
    """

    action: str
    bucket: str
    key: str = ""
    prefix: str | None = None

    def resource(self, partition: str) -> str:
        """Return the ARN of what it is about, in a ``partition`` of AWS."""
        name = f"{self.bucket}/{self.key}" if self.key else self.bucket
        return f"arn:{partition}:s3:::{name}"

    @property
    def listing(self) -> "Need | None":
        """What also is needed to be told that an object is missing; a refusal comes in its place.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        if self.action not in _READ:
            return None
        return Need("s3:ListBucket", self.bucket, prefix=self.key)


def asker(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """Return the access key that a request is signed by, also one signed beforehand, or None."""
    if found := _SIGNED.match(headers.get("authorization", "")):
        return found[1] or found[2]
    return query.get("X-Amz-Credential", "").partition("/")[0] or query.get("AWSAccessKeyId")


def needs(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> tuple[Need, ...]:
    """Return all that a request must be allowed.

    ``path`` is ``/bucket/key``, decoded; names of ``headers`` are in small letters. ``body`` counts
    where it names objects, ``POST /bucket?delete``.
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket:
        return (Need("s3:ListAllMyBuckets", "*"),)
    if key:
        own = [Need(f"s3:{action}", bucket, key) for action in _of_object(method, query, headers)]
        return (*own, *_copied(headers))
    if method == "POST" and "delete" in query:
        return tuple(_deleted(bucket, body))
    return (Need(f"s3:{_of_bucket(method, query)}", bucket, prefix=query.get("prefix")),)


def allows(policy: Mapping[str, Any], need: Need, *, partition: str) -> bool:
    """Tell whether a statement of ``policy`` allows ``need``; none of them denies.

    Of conditions, StringEquals and StringLike for ``s3:prefix`` count; others are taken as met.
    """
    return any(
        _matched(statement["Action"], need.action, any_case=True)
        and _matched(statement["Resource"], need.resource(partition))
        and _met(statement.get("Condition", {}), need.prefix)
        for statement in policy["Statement"]
    )


def _of_bucket(method: str, query: Mapping[str, str]) -> str:
    setting = next((name for name in _OF_BUCKETS if name in query), None)
    if setting is not None:
        removed = method == "DELETE" and setting not in _REMOVED
        return ("Put" if removed else _VERBS.get(method, "Get")) + _OF_BUCKETS[setting]
    match method:
        case "PUT":
            return "CreateBucket"
        case "DELETE":
            return "DeleteBucket"
        case _:
            return next((_LISTINGS[name] for name in _LISTINGS if name in query), "ListBucket")


def _of_object(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[str]:
    version = "Version" if "versionId" in query else ""
    about = next((name for name in _OF_OBJECTS if name in query), None)
    if about is not None:
        kind = version if about in _OF_VERSIONS else ""
        yield f"{_VERBS.get(method, 'Get')}Object{kind}{_OF_OBJECTS[about]}"
    elif method == "DELETE":
        yield "AbortMultipartUpload" if "uploadId" in query else f"DeleteObject{version}"
    elif method == "POST" and "restore" in query:
        yield "RestoreObject"
    elif method == "PUT" or (method == "POST" and "select" not in query):
        yield "PutObject"
        yield from _said(headers)
    elif "uploadId" in query:
        yield "ListMultipartUploadParts"
    else:
        yield f"GetObject{version}"
        if "attributes" in query:
            yield f"GetObject{version}Attributes"


def _said(headers: Mapping[str, str]) -> Iterator[str]:
    for name in headers:
        if name.startswith(_GRANT):
            yield _SAID_WITH_OBJECTS["x-amz-acl"]
        elif name in _SAID_WITH_OBJECTS:
            yield _SAID_WITH_OBJECTS[name]


def _copied(headers: Mapping[str, str]) -> Iterator[Need]:
    """Yield what is needed of the object that another one is made from."""
    if source := headers.get("x-amz-copy-source"):
        place, _, version = source.partition("?versionId=")
        bucket, _, key = unquote(place).removeprefix("/").partition("/")
        yield Need("s3:GetObjectVersion" if version else "s3:GetObject", bucket, key)


def _deleted(bucket: str, body: bytes) -> Iterator[Need]:
    for item in ElementTree.fromstring(body).iterfind("{*}Object"):  # noqa: S314 # a function's
        version = "" if item.find("{*}VersionId") is None else "Version"
        yield Need(f"s3:DeleteObject{version}", bucket, item.findtext("{*}Key", ""))


def _met(condition: Mapping[str, Mapping[str, Any]], prefix: str | None) -> bool:
    return all(
        prefix is not None and fits(texts, prefix)
        for operator, fits in (("StringLike", _matched), ("StringEquals", _equal))
        for key, texts in condition.get(operator, {}).items()
        if key.lower() == "s3:prefix"
    )


def _matched(patterns: str | list[str], text: str, *, any_case: bool = False) -> bool:
    flags = re.DOTALL | (re.IGNORECASE if any_case else 0)
    return any(re.fullmatch(_regular(pattern), text, flags) for pattern in _list(patterns))


def _equal(texts: str | list[str], text: str) -> bool:
    return text in [_ESCAPE.sub(r"\1", wanted) for wanted in _list(texts)]


def _list(texts: str | list[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


@functools.cache
def _regular(pattern: str) -> str:
    """Return a pattern of a policy as a regular expression."""
    return "".join(
        _WILDCARDS.get(part) or re.escape(_ESCAPE.sub(r"\1", part))
        for part in _SPECIAL.split(pattern)
    )
