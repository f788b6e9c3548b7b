"""The actions of AWS services that dorc knows, with the permissions that each needs.

How Step Functions calls them:
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import JsonValue

from dorc_runtime.compile.arns import bucket_arn, event_bus_arn, queue_arn, table_arn
from dorc_runtime.compile.documents import Document, is_expression, policy_literal
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.steps import Service

SDK = "aws-sdk:"
"""The start of actions that are called through AWS's SDK."""
_BUCKET = "Bucket"
_SOURCE = "CopySource"


@dataclass(frozen=True)
class Place:
    """Where a service is called: the code of the region, and the digits of the account."""

    region: str
    account: str


# Returns the ARNs that an action touches, None where they are known only in a run.
_Resources = Callable[[Document, Place], Sequence[str] | None]


@dataclass(frozen=True)
class Action:
    """An action: the permissions that it needs, each with its resources, and AWS's page on them."""

    allowed: Mapping[str, _Resources]
    page: str


def _topic(arguments: Document, place: Place) -> Sequence[str] | None:
    return literals(arguments.get("TopicArn", arguments.get("TargetArn")))


def _queue(arguments: Document, place: Place) -> Sequence[str] | None:
    urls = literals(arguments.get("QueueUrl"))
    if not urls:
        return None
    url = urlsplit(urls[0])
    host, path = url.netloc.split("."), url.path.strip("/").split("/")
    if len(path) != 2 or len(host) < 3:
        return None
    return [queue_arn(host[1], *path)]


def _table(arguments: Document, place: Place) -> Sequence[str] | None:
    names = literals(arguments.get("TableName"))
    if not names:
        return None
    name = names[0]
    return [name if name.startswith("arn:") else table_arn(place.region, place.account, name)]


def _table_and_indexes(arguments: Document, place: Place) -> Sequence[str] | None:
    arns = _table(arguments, place)
    return None if arns is None else [*arns, *(f"{arn}/index/*" for arn in arns)]


def _buses(arguments: Document, place: Place) -> Sequence[str] | None:
    entries = arguments.get("Entries")
    if not isinstance(entries, list):
        return None
    values = [entry.get("EventBusName", "default") for entry in entries if isinstance(entry, dict)]
    names = literals(*values)
    if not names or len(values) != len(entries):
        return None
    arns = [
        name if name.startswith("arn:") else event_bus_arn(place.region, place.account, name)
        for name in names
    ]
    return list(dict.fromkeys(arns))


def _bucket(arguments: Document, place: Place) -> Sequence[str] | None:
    names = literals(arguments.get("Bucket"))
    return [bucket_arn(place.region, names[0])] if names else None


def _object(arguments: Document, place: Place) -> Sequence[str] | None:
    bucket = _bucket(arguments, place)
    key = arguments.get("Key")
    if bucket is None or not isinstance(key, str):
        return None
    return [f"{bucket[0]}/{'*' if is_expression(key) else policy_literal(key)}"]


def _copy_source(arguments: Document, place: Place) -> Sequence[str] | None:
    sources = literals(arguments.get(_SOURCE))
    if not sources:
        return None
    bucket, _, key = sources[0].lstrip("/").partition("/")
    return [f"{bucket_arn(place.region, bucket)}/{policy_literal(key)}"]


_SNS = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html"
_SQS = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html"
_DYNAMODB = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html"
_EVENTS = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"
_QUERY = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"
)
_OPTIMISED = {
    "sns:publish": Action({"sns:Publish": _topic}, _SNS),
    "sqs:sendMessage": Action({"sqs:SendMessage": _queue}, _SQS),
    "dynamodb:getItem": Action({"dynamodb:GetItem": _table}, _DYNAMODB),
    "dynamodb:putItem": Action({"dynamodb:PutItem": _table}, _DYNAMODB),
    "dynamodb:updateItem": Action({"dynamodb:UpdateItem": _table}, _DYNAMODB),
    "dynamodb:deleteItem": Action({"dynamodb:DeleteItem": _table}, _DYNAMODB),
    "events:putEvents": Action({"events:PutEvents": _buses}, _EVENTS),
}

# The actions that need no ``permissions``, if their arguments name the resources.
ACTIONS: Mapping[str, Action] = MappingProxyType(
    _OPTIMISED
    | {SDK + name: action for name, action in _OPTIMISED.items()}
    | {
        "aws-sdk:dynamodb:query": Action({"dynamodb:Query": _table_and_indexes}, _QUERY),
        "aws-sdk:dynamodb:scan": Action({"dynamodb:Scan": _table_and_indexes}, _QUERY),
        "aws-sdk:sns:publishBatch": Action({"sns:Publish": _topic}, _SNS),
        "aws-sdk:sqs:sendMessageBatch": Action({"sqs:SendMessage": _queue}, _SQS),
        "aws-sdk:sqs:receiveMessage": Action({"sqs:ReceiveMessage": _queue}, _SQS),
        "aws-sdk:sqs:deleteMessage": Action({"sqs:DeleteMessage": _queue}, _SQS),
        "aws-sdk:s3:getObject": Action({"s3:GetObject": _object}, _S3),
        "aws-sdk:s3:headObject": Action({"s3:GetObject": _object}, _S3),
        "aws-sdk:s3:putObject": Action({"s3:PutObject": _object}, _S3),
        "aws-sdk:s3:deleteObject": Action({"s3:DeleteObject": _object}, _S3),
        "aws-sdk:s3:copyObject": Action(
            {"s3:GetObject": _copy_source, "s3:PutObject": _object}, _S3
        ),
        "aws-sdk:s3:listObjectsV2": Action({"s3:ListBucket": _bucket}, _S3),
    }
)


def resource(action: str) -> str:
    """Return the ``Resource`` of a state that calls ``action``."""
    return f"arn:aws:states:::{action}"


def bucket_arguments(step: Service, buckets: Mapping[str, str]) -> Document:
    """Return the arguments of ``step``, with each zone replaced by its bucket."""
    if step.action.removeprefix(SDK).partition(":")[0] != "s3":
        return step.arguments
    arguments = dict(step.arguments)
    if isinstance(zone := arguments.get(_BUCKET), str):
        arguments[_BUCKET] = buckets.get(zone, zone)
    if isinstance(source := arguments.get(_SOURCE), str) and not is_expression(source):
        zone, slash, key = source.lstrip("/").partition("/")
        arguments[_SOURCE] = f"{buckets.get(zone, zone)}{slash}{key}"
    return arguments


def permissions(
    step: Service, *, place: Place, buckets: Mapping[str, str]
) -> tuple[Permission, ...] | None:
    """Return the permissions that ``step`` needs, None where they are unknown."""
    known = ACTIONS.get(step.action)
    if known is None:
        return step.permissions or None
    arguments = bucket_arguments(step, buckets)
    needed = []
    for name, resources in known.allowed.items():
        arns = resources(arguments, place)
        if arns is None:
            return step.permissions or None
        needed.append(Permission([name], resources=arns))
    return (*needed, *step.permissions)


def literals(*values: JsonValue) -> list[str] | None:
    """Return ``values``, if all of them are texts that are known before a run."""
    texts = [value for value in values if isinstance(value, str) and not is_expression(value)]
    return texts if len(texts) == len(values) else None
