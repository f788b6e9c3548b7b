"""Functions do in S3 what their roles allow, and nothing else: what that is, request by request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime import Function, Permission
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.policies import function_policy
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.access.roles import Roles
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.functions.inline import InlineFunctions
from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Raised, Returned

BUCKETS = {"raw": "birds--dev--raw--123456789012", "processed": "results"}
HERE = {"local-raw": BUCKETS["raw"], "local-processed": BUCKETS["processed"]}
TARGET = Target(Names("birds", "dev"), "eu-west-2", "123456789012", BUCKETS)
LOGS = "arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/use"
RAW = {"Bucket": "local-raw", "Key": "penguins/a.csv"}
PROCESSED = {"Bucket": "local-processed", "Key": "penguins/old.csv"}
REFERENCE = {"Bucket": "reference", "Key": "codes.csv"}

CODE = """
import os
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

def s3(**more):
    return boto3.client("s3", config=Config(**more))

def ask(do, arguments):
    answer = getattr(s3(), do)(**arguments)
    return answer["Body"].read().decode() if "Body" in answer else "done"

def fetch(signature, arguments):
    url = s3(signature_version=signature).generate_presigned_url("get_object", Params=arguments)
    try:
        return urllib.request.urlopen(url).read().decode()
    except urllib.error.HTTPError as error:
        return error.code

def read_signed(signature, arguments):
    answer = s3(signature_version=signature).get_object(**arguments)
    return answer["Body"].read().decode()

def read_from_host(bucket, key):
    address = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    request = AWSRequest("GET", f"http://{address}/{key}")
    request.headers["Host"] = f"{bucket}.localhost:{address.partition(':')[2]}"
    S3SigV4Auth(boto3.Session().get_credentials(), "s3", "eu-west-2").add_auth(request)
    try:
        sent = urllib.request.Request(request.url, headers=dict(request.headers))
        return urllib.request.urlopen(sent).read().decode()
    except urllib.error.HTTPError as error:
        return error.code

def put_unsigned(arguments):
    s3(signature_version=UNSIGNED).put_object(**arguments)

def identity():
    answer = boto3.client("sts").get_caller_identity()
    return [answer["Account"], answer["Arn"], answer["UserId"].partition(":")[2]]

def by_another_role():
    sts = boto3.client("sts")
    role = {"RoleArn": "arn:aws:iam::123456789012:role/other", "RoleSessionName": "use"}
    given = sts.assume_role(**role)["Credentials"]
    client = boto3.client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return client.get_object(Bucket="reference", Key="codes.csv")["Body"].read().decode()

def handler(event, context):
    what, *given = event
    return globals()[what](*given)
"""


@dataclass
class Caller:
    """A function of ``raw-to-processed`` that calls S3 with the role that its step gives it."""

    lake: Lake
    functions: InlineFunctions
    call: Callable[..., Outcome]

    def may(self, **given: Any) -> Caller:
        """Give the function's step other settings."""
        policy = function_policy(
            Function("use", **given),
            layer="raw-to-processed",
            target=TARGET,
            log_group_arn=LOGS,
            in_vpc=False,
        )
        self.lake.allow(Roles({"use": policy}, HERE, "aws", {"use": "use-role/use"}))
        return self

    def result(self, *event: Any) -> JsonValue:
        """Return the result, or the message of the failure."""
        match self.call(self.functions, "use", list(event)):
            case Returned(payload):
                return payload
            case Raised(cause=cause):
                return str(json.loads(cause)["errorMessage"])

    def ask(self, do: str, **arguments: Any) -> JsonValue:
        return self.result("ask", do, arguments)


@pytest.fixture
def caller(
    lake: Lake,
    inline: Callable[..., InlineFunctions],
    write: Callable[..., LocalFunction],
    call: Callable[..., Outcome],
) -> Caller:
    for bucket in (*HERE, "reference"):
        lake.create_bucket(bucket)
    for bucket, key in (
        ("local-raw", "penguins/a.csv"),
        ("local-processed", "penguins/old.csv"),
        ("reference", "codes.csv"),
    ):
        lake.put(bucket, key, b"rows")
    functions = inline(write("use", CODE), endpoint=lambda: lake.endpoint)
    return Caller(lake, functions, call).may()


def denied(operation: str, action: str, resource: str) -> str:
    """Return boto3's message that the function may not do ``action``, in AWS's words."""
    return (
        f"An error occurred (AccessDenied) when calling the {operation} operation: "
        "User: arn:aws:sts::123456789012:assumed-role/use-role/use is not authorized to perform: "
        f'{action} on resource: "arn:aws:s3:::{resource}" because no identity-based policy allows '
        f"the {action} action"
    )


def test_the_identity_of_a_function_is_its_assumed_role(caller: Caller) -> None:
    role = "arn:aws:sts::123456789012:assumed-role/use-role/use"
    assert caller.result("identity") == ["123456789012", role, "use"]


def test_a_function_reads_its_source_zone_and_writes_its_target_zone(caller: Caller) -> None:
    assert caller.ask("get_object", **RAW) == "rows"
    assert caller.ask("put_object", **PROCESSED, Body="new") == "done"
    assert caller.ask("get_object", **PROCESSED) == "new"
    assert caller.ask("list_objects_v2", Bucket="local-processed") == "done"
    assert caller.ask("delete_object", **PROCESSED) == "done"


def test_what_it_may_not_do_is_refused_in_the_words_of_s3(caller: Caller) -> None:
    answer = caller.ask("put_object", **RAW, Body="new")
    assert answer == denied("PutObject", "s3:PutObject", "local-raw/penguins/a.csv")
    assert caller.lake.get("local-raw", "penguins/a.csv") == b"rows"


def test_a_refusal_without_a_body_is_forbidden(caller: Caller) -> None:
    answer = caller.ask("head_object", **REFERENCE)
    assert answer == ("An error occurred (403) when calling the HeadObject operation: Forbidden")


def test_reads_stand_in_place_of_the_source_zone(caller: Caller) -> None:
    caller.may(reads=["reference/"])
    assert caller.ask("get_object", **REFERENCE) == "rows"
    assert "is not authorized to perform: s3:GetObject" in str(caller.ask("get_object", **RAW))


def test_a_prefix_narrows_what_is_read_and_listed(caller: Caller) -> None:
    caller.may(reads=["raw/penguins/"])
    assert caller.ask("get_object", **RAW) == "rows"
    assert caller.ask("list_objects_v2", Bucket="local-raw", Prefix="penguins/a") == "done"
    refused = denied("ListObjectsV2", "s3:ListBucket", "local-raw")
    assert caller.ask("list_objects_v2", Bucket="local-raw", Prefix="seals/") == refused
    assert caller.ask("list_objects_v2", Bucket="local-raw") == refused


@pytest.mark.parametrize(("reads", "key"), [("raw/a*b?c$/", "a*b?c$/x"), ("raw/[a]/", "[a]/x")])
def test_what_would_be_a_wildcard_stands_for_itself_in_reads(
    caller: Caller, reads: str, key: str
) -> None:
    caller.may(reads=[reads])
    for written in (key, "aXbYcZ/x", "a/x"):
        caller.lake.put("local-raw", written, b"rows")
    assert caller.ask("get_object", Bucket="local-raw", Key=key) == "rows"
    for other in ("aXbYcZ/x", "a/x"):
        assert "not authorized" in str(caller.ask("get_object", Bucket="local-raw", Key=other))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::reference/codes.csv"),
        ("S3:getobject", "arn:aws:s3:::reference/*"),
        ("s3:Get*", "arn:aws:s3:::reference/code?.csv"),
        ("s3:*", "arn:aws:s3:::*"),
        ("*", "*"),
    ],
)
def test_permissions_are_added(caller: Caller, action: str, resource: str) -> None:
    caller.may(permissions=[Permission(action, resources=resource)])
    assert caller.ask("get_object", **REFERENCE) == "rows"
    assert caller.ask("get_object", **RAW) == "rows"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::reference"),
        ("s3:GetObject", "arn:aws:s3:::Reference/*"),
        ("s3:GetObject", "arn:aws:s3:::reference/code?csv"),
        ("s3:GetObject", "arn:aws-cn:s3:::reference/*"),
        ("s3:GetObjectTagging", "arn:aws:s3:::reference/*"),
        ("s3:?et", "arn:aws:s3:::reference/*"),
    ],
)
def test_permissions_for_something_else_do_not_help(
    caller: Caller, action: str, resource: str
) -> None:
    caller.may(permissions=[Permission(action, resources=resource)])
    answer = caller.ask("get_object", **REFERENCE)
    assert answer == denied("GetObject", "s3:GetObject", "reference/codes.csv")


@pytest.mark.parametrize(
    ("operator", "expected", "prefix", "refused"),
    [
        ("StringLike", "c*", "codes", False),
        ("StringLike", ["x", "c${*}"], "c*", False),
        ("StringLike", "c${*}", "codes", True),
        ("StringEquals", ["a", "c*"], "c*", False),
        ("StringEquals", "c*", "codes", True),
        ("StringEquals", "c${*}", "c*", False),
        ("StringEquals", "", "", False),
    ],
)
def test_a_condition_on_the_prefix_holds_for_lists(
    caller: Caller, operator: str, expected: JsonValue, prefix: str, refused: bool
) -> None:
    condition = {operator: {"s3:prefix": expected}}
    listing = Permission("s3:ListBucket", resources="arn:aws:s3:::reference", condition=condition)
    caller.may(permissions=[listing])
    answer = caller.ask("list_objects_v2", Bucket="reference", Prefix=prefix)
    assert answer == (denied("ListObjectsV2", "s3:ListBucket", "reference") if refused else "done")


def test_a_copy_needs_to_read_what_it_copies(caller: Caller) -> None:
    target = {"Bucket": "local-processed", "Key": "a b.csv"}
    assert caller.ask("copy_object", **target, CopySource=RAW) == "done"
    assert caller.ask("copy_object", **target, CopySource=REFERENCE) == denied(
        "CopyObject", "s3:GetObject", "reference/codes.csv"
    )
    assert caller.ask("copy_object", **RAW, CopySource=PROCESSED) == denied(
        "CopyObject", "s3:PutObject", "local-raw/penguins/a.csv"
    )


def test_what_is_said_of_an_object_as_it_is_written_needs_its_own_action(caller: Caller) -> None:
    name = "local-processed/penguins/old.csv"
    for headers, action in (
        ({"Tagging": "a=b"}, "s3:PutObjectTagging"),
        ({"ACL": "private"}, "s3:PutObjectAcl"),
        ({"GrantRead": "id=other"}, "s3:PutObjectAcl"),
        ({"ObjectLockLegalHoldStatus": "ON"}, "s3:PutObjectLegalHold"),
    ):
        answer = caller.ask("put_object", **PROCESSED, Body="new", **headers)
        assert answer == denied("PutObject", action, name)


def test_objects_deleted_together_are_refused_together(caller: Caller) -> None:
    caller.may(writes=["processed/penguins/"])
    together = [{"Key": "penguins/old.csv"}, {"Key": "seals/old.csv"}]
    answer = caller.ask("delete_objects", Bucket="local-processed", Delete={"Objects": together})
    assert answer == denied("DeleteObjects", "s3:DeleteObject", "local-processed/seals/old.csv")
    first = {"Objects": together[:1]}
    assert caller.ask("delete_objects", Bucket="local-processed", Delete=first) == "done"
    assert caller.lake.objects("local-processed") == ()


def test_only_who_may_list_learns_that_an_object_does_not_exist(caller: Caller) -> None:
    missing = {"Bucket": "local-raw", "Key": "penguins/b.csv"}
    caller.may(reads=["raw/penguins/"])
    assert "(NoSuchKey)" in str(caller.ask("get_object", **missing))
    reading = Permission("s3:GetObject", resources="arn:aws:s3:::birds--dev--raw--*/*")
    caller.may(reads=[], permissions=[reading])
    answer = caller.ask("get_object", **missing)
    assert answer == denied("GetObject", "s3:ListBucket", "local-raw")


def test_everybody_learns_that_a_bucket_does_not_exist(caller: Caller) -> None:
    caller.may(permissions=[Permission("s3:GetObject", resources="arn:aws:s3:::partner/*")])
    for bucket in ("rawr", "partner"):
        answer = str(caller.ask("get_object", Bucket=bucket, Key="a.csv"))
        assert "(NoSuchBucket) when calling the GetObject operation" in answer


@pytest.mark.parametrize("signature", ["s3v4", "s3"])
def test_an_address_signed_beforehand_allows_what_its_signer_may(
    caller: Caller, signature: str
) -> None:
    assert caller.result("fetch", signature, RAW) == "rows"
    assert caller.result("fetch", signature, REFERENCE) == 403


def test_requests_may_be_signed_in_the_former_way(caller: Caller) -> None:
    assert caller.result("read_signed", "s3", RAW) == "rows"
    refused = denied("GetObject", "s3:GetObject", "reference/codes.csv")
    assert caller.result("read_signed", "s3", REFERENCE) == refused


def test_who_does_not_sign_may_do_nothing(caller: Caller) -> None:
    answer = str(caller.result("put_unsigned", PROCESSED))
    assert answer.startswith(
        "An error occurred (AccessDenied) when calling the PutObject operation"
    )
    assert caller.lake.get("local-processed", "penguins/old.csv") == b"rows"


def test_what_another_role_may_do_is_not_known_and_not_refused(caller: Caller) -> None:
    assert caller.result("by_another_role") == "rows"


def test_a_reset_lake_has_forgotten_the_roles(caller: Caller) -> None:
    caller.may(writes=[]).lake.reset()
    caller.lake.create_bucket("local-processed")
    assert caller.ask("put_object", **PROCESSED) == "done"


PART: dict[str, Any] = {"UploadId": "one", "PartNumber": 1}
TAGS = {"TagSet": [{"Key": "a", "Value": "b"}]}


@pytest.mark.parametrize(
    ("do", "more", "action"),
    [
        ("get_object", {}, "GetObject"),
        ("get_object", {"VersionId": "1"}, "GetObjectVersion"),
        ("head_object", {}, "GetObject"),
        ("get_object_attributes", {"ObjectAttributes": ["ETag"]}, "GetObject"),
        ("get_object_acl", {}, "GetObjectAcl"),
        ("get_object_acl", {"VersionId": "1"}, "GetObjectVersionAcl"),
        ("get_object_tagging", {}, "GetObjectTagging"),
        ("get_object_tagging", {"VersionId": "1"}, "GetObjectVersionTagging"),
        ("get_object_retention", {"VersionId": "1"}, "GetObjectRetention"),
        ("get_object_legal_hold", {}, "GetObjectLegalHold"),
        ("get_object_torrent", {}, "GetObjectTorrent"),
        ("put_object", {"Body": "x" * 200_000}, "PutObject"),
        ("put_object_acl", {"ACL": "private"}, "PutObjectAcl"),
        ("put_object_tagging", {"Tagging": TAGS}, "PutObjectTagging"),
        ("put_object_legal_hold", {"LegalHold": {"Status": "ON"}}, "PutObjectLegalHold"),
        ("put_object_retention", {"Retention": {"Mode": "GOVERNANCE"}}, "PutObjectRetention"),
        ("create_multipart_upload", {}, "PutObject"),
        ("upload_part", {**PART, "Body": "x"}, "PutObject"),
        ("upload_part_copy", {**PART, "CopySource": "reference/codes.csv"}, "PutObject"),
        ("complete_multipart_upload", {"UploadId": "one"}, "PutObject"),
        ("list_parts", {"UploadId": "one"}, "ListMultipartUploadParts"),
        ("abort_multipart_upload", {"UploadId": "one"}, "AbortMultipartUpload"),
        ("restore_object", {"RestoreRequest": {"Days": 1}}, "RestoreObject"),
        (
            "select_object_content",
            {
                "Expression": "SELECT * FROM s3object",
                "ExpressionType": "SQL",
                "InputSerialization": {"CSV": {}},
                "OutputSerialization": {"CSV": {}},
            },
            "GetObject",
        ),
        ("delete_object", {}, "DeleteObject"),
        ("delete_object", {"VersionId": "1"}, "DeleteObjectVersion"),
        ("delete_object_tagging", {}, "DeleteObjectTagging"),
        ("delete_object_tagging", {"VersionId": "1"}, "DeleteObjectVersionTagging"),
    ],
)
def test_what_is_done_to_an_object_needs_the_action_that_aws_names(
    caller: Caller, do: str, more: dict[str, Any], action: str
) -> None:
    caller.may(reads=[], writes=[])
    assert caller.ask(do, **RAW, **more) != "done"
    arn = "arn:aws:s3:::local-raw/penguins/a.csv"
    assert caller.lake.refusals() == (("use", f"s3:{action}", arn),)


@pytest.mark.parametrize(
    ("do", "more", "action"),
    [
        ("head_bucket", {}, "ListBucket"),
        ("list_objects", {}, "ListBucket"),
        ("list_objects_v2", {"Prefix": "a"}, "ListBucket"),
        ("list_object_versions", {}, "ListBucketVersions"),
        ("list_multipart_uploads", {}, "ListBucketMultipartUploads"),
        ("get_bucket_location", {}, "GetBucketLocation"),
        ("get_bucket_accelerate_configuration", {}, "GetAccelerateConfiguration"),
        ("get_bucket_acl", {}, "GetBucketAcl"),
        ("put_bucket_acl", {"ACL": "private"}, "PutBucketAcl"),
        ("get_bucket_cors", {}, "GetBucketCORS"),
        ("delete_bucket_cors", {}, "PutBucketCORS"),
        ("get_bucket_encryption", {}, "GetEncryptionConfiguration"),
        ("delete_bucket_encryption", {}, "PutEncryptionConfiguration"),
        ("get_bucket_inventory_configuration", {"Id": "1"}, "GetInventoryConfiguration"),
        ("get_bucket_lifecycle_configuration", {}, "GetLifecycleConfiguration"),
        ("delete_bucket_lifecycle", {}, "PutLifecycleConfiguration"),
        ("get_bucket_logging", {}, "GetBucketLogging"),
        ("get_bucket_metrics_configuration", {"Id": "1"}, "GetMetricsConfiguration"),
        ("get_bucket_notification_configuration", {}, "GetBucketNotification"),
        ("get_object_lock_configuration", {}, "GetBucketObjectLockConfiguration"),
        ("get_bucket_ownership_controls", {}, "GetBucketOwnershipControls"),
        ("delete_bucket_ownership_controls", {}, "PutBucketOwnershipControls"),
        ("get_bucket_policy", {}, "GetBucketPolicy"),
        ("delete_bucket_policy", {}, "DeleteBucketPolicy"),
        ("get_bucket_policy_status", {}, "GetBucketPolicyStatus"),
        ("get_public_access_block", {}, "GetBucketPublicAccessBlock"),
        ("delete_public_access_block", {}, "PutBucketPublicAccessBlock"),
        ("get_bucket_replication", {}, "GetReplicationConfiguration"),
        ("delete_bucket_replication", {}, "PutReplicationConfiguration"),
        ("get_bucket_request_payment", {}, "GetBucketRequestPayment"),
        ("get_bucket_tagging", {}, "GetBucketTagging"),
        ("put_bucket_tagging", {"Tagging": TAGS}, "PutBucketTagging"),
        ("delete_bucket_tagging", {}, "PutBucketTagging"),
        ("get_bucket_versioning", {}, "GetBucketVersioning"),
        (
            "put_bucket_versioning",
            {"VersioningConfiguration": {"Status": "Enabled"}},
            "PutBucketVersioning",
        ),
        ("get_bucket_website", {}, "GetBucketWebsite"),
        ("delete_bucket_website", {}, "DeleteBucketWebsite"),
        ("delete_bucket", {}, "DeleteBucket"),
    ],
)
def test_what_is_done_to_a_bucket_needs_the_action_that_aws_names(
    caller: Caller, do: str, more: dict[str, Any], action: str
) -> None:
    caller.may(reads=[], writes=[])
    assert caller.ask(do, Bucket="local-raw", **more) != "done"
    assert caller.lake.refusals() == (("use", f"s3:{action}", "arn:aws:s3:::local-raw"),)


def test_buckets_are_listed_and_made_by_who_may(caller: Caller) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"}}
    assert caller.ask("create_bucket", Bucket="new", **place) == denied(
        "CreateBucket", "s3:CreateBucket", "new"
    )
    assert caller.ask("list_buckets") == denied("ListBuckets", "s3:ListAllMyBuckets", "*")
    listing = Permission("s3:ListAllMyBuckets", resources="*")
    making = Permission("s3:CreateBucket", resources="arn:aws:s3:::new")
    caller.may(permissions=[listing, making])
    assert caller.ask("create_bucket", Bucket="new", **place) == "done"
    assert caller.ask("list_buckets") == "done"


def test_attributes_of_an_object_need_an_action_beside_reading_it(caller: Caller) -> None:
    asked = {**RAW, "ObjectAttributes": ["ETag"]}
    assert caller.ask("get_object_attributes", **asked) == denied(
        "GetObjectAttributes", "s3:GetObjectAttributes", "local-raw/penguins/a.csv"
    )


@pytest.mark.parametrize(("bucket", "answer"), [("local-raw", "rows"), ("reference", 403)])
def test_a_bucket_in_the_name_of_the_host_needs_the_same_permission(
    caller: Caller, bucket: str, answer: str | int
) -> None:
    assert caller.result("read_from_host", bucket, "penguins/a.csv") == answer
