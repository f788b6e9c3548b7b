"""The actions of AWS services whose needs are known: what to allow, on what, and their zones.

How Step Functions calls them:
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document, is_expression, policy_literal
from dorc_runtime.compile.names import bucket_arn, event_bus_arn, queue_arn, table_arn
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.steps import Service

_SDK = "aws-sdk:"
_BUCKETS = ("Bucket",)
_SOURCE = "CopySource"


@dataclass(frozen=True)
class Place:
    """Where a service is called: a region's code, and an account's digits."""

    region: str
    account: str


# Yields the ARNs that an action touches; None where that is known only in a run.
_Resources = Callable[[Document, Place], Sequence[str] | None]


@dataclass(frozen=True)
class Action:
    """An action: the permissions it takes, each with what it is about, and AWS's page for that."""

    allowed: Mapping[str, _Resources]
    page: str


def _topic(arguments: Document, place: Place) -> Sequence[str] | None:
    return _literals(arguments.get("TopicArn", arguments.get("TargetArn")))


def _queue(arguments: Document, place: Place) -> Sequence[str] | None:
    found = _literals(arguments.get("QueueUrl"))
    if not found:
        return None
    url = urlsplit(found[0])
    host, path = url.netloc.split("."), url.path.strip("/").split("/")
    if len(path) != 2 or len(host) < 3:
        return None
    return [queue_arn(host[1], *path)]


def _table(arguments: Document, place: Place) -> Sequence[str] | None:
    found = _literals(arguments.get("TableName"))
    if not found:
        return None
    name = found[0]
    return [name if name.startswith("arn:") else table_arn(place.region, place.account, name)]


def _table_and_indexes(arguments: Document, place: Place) -> Sequence[str] | None:
    found = _table(arguments, place)
    return None if found is None else [*found, *(f"{arn}/index/*" for arn in found)]


def _buses(arguments: Document, place: Place) -> Sequence[str] | None:
    entries = arguments.get("Entries")
    if not isinstance(entries, list):
        return None
    names = [entry.get("EventBusName", "default") for entry in entries if isinstance(entry, dict)]
    found = _literals(*names)
    if not found or len(names) != len(entries):
        return None
    arns = [
        name if name.startswith("arn:") else event_bus_arn(place.region, place.account, name)
        for name in found
    ]
    return list(dict.fromkeys(arns))


def _bucket(arguments: Document, place: Place) -> Sequence[str] | None:
    found = _literals(arguments.get("Bucket"))
    return [bucket_arn(place.region, found[0])] if found else None


def _object(arguments: Document, place: Place) -> Sequence[str] | None:
    bucket = _bucket(arguments, place)
    key = arguments.get("Key")
    if bucket is None or not isinstance(key, str):
        return None
    return [f"{bucket[0]}/{'*' if is_expression(key) else policy_literal(key)}"]


def _copied(arguments: Document, place: Place) -> Sequence[str] | None:
    found = _literals(arguments.get(_SOURCE))
    if not found:
        return None
    bucket, _, key = found[0].lstrip("/").partition("/")
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

# The actions that need no ``permissions``, if what they touch is written in their arguments.
ACTIONS: Mapping[str, Action] = MappingProxyType(
    _OPTIMISED
    | {_SDK + name: action for name, action in _OPTIMISED.items()}
    | {
        "aws-sdk:dynamodb:query": Action({"dynamodb:Query": _table_and_indexes}, _QUERY),
        "aws-sdk:dynamodb:scan": Action({"dynamodb:Scan": _table_and_indexes}, _QUERY),
        "aws-sdk:s3:getObject": Action({"s3:GetObject": _object}, _S3),
        "aws-sdk:s3:headObject": Action({"s3:GetObject": _object}, _S3),
        "aws-sdk:s3:putObject": Action({"s3:PutObject": _object}, _S3),
        "aws-sdk:s3:deleteObject": Action({"s3:DeleteObject": _object}, _S3),
        "aws-sdk:s3:copyObject": Action({"s3:GetObject": _copied, "s3:PutObject": _object}, _S3),
        "aws-sdk:s3:listObjectsV2": Action({"s3:ListBucket": _bucket}, _S3),
    }
)


def resource(action: str) -> str:
    """Return what Step Functions calls ``action``, as the ``Resource`` of a state."""
    return f"arn:aws:states:::{action}"


def located(step: Service, buckets: Mapping[str, str]) -> Document:
    """Return the arguments of ``step``, with the buckets of zones in place of their names."""
    if step.action.removeprefix(_SDK).partition(":")[0] != "s3":
        return step.arguments
    found = dict(step.arguments)
    for name in _BUCKETS:
        if isinstance(zone := found.get(name), str):
            found[name] = buckets.get(zone, zone)
    if isinstance(source := found.get(_SOURCE), str) and not is_expression(source):
        zone, slash, key = source.lstrip("/").partition("/")
        found[_SOURCE] = f"{buckets.get(zone, zone)}{slash}{key}"
    return found


def permissions(
    step: Service, *, place: Place, buckets: Mapping[str, str]
) -> tuple[Permission, ...] | None:
    """Return what a pipeline must be allowed to do for ``step``; None where that is not known."""
    known = ACTIONS.get(step.action)
    if known is None:
        return step.permissions or None
    arguments = located(step, buckets)
    needed = []
    for name, touched in known.allowed.items():
        arns = touched(arguments, place)
        if arns is None:
            return step.permissions or None
        needed.append(Permission([name], resources=arns))
    return (*needed, *step.permissions)


def _literals(*values: JsonValue) -> list[str] | None:
    """Return ``values`` if all of them are texts that are known before a run."""
    found = [value for value in values if isinstance(value, str) and not is_expression(value)]
    return found if len(found) == len(values) else None
