"""Requests to services other than S3, and the permissions that they need.

It imports the standard library alone: the lake's server loads it by its path.

Which actions need which resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

_SIGNED = re.compile(r"AWS4-[A-Z0-9-]+ +Credential=([^/]+)/|AWS +([^:]+):")
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")
# The parts of keys in the form of a query that mark a list.
_LISTS = ("member", "entry")
# Actions of DynamoDB that name several tables, each with what each table needs.
_BATCHES = ("BatchGetItem", "BatchWriteItem")
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
_PARTIQL = re.compile(
    r"""\s*(?:EXISTS\s*\(\s*)?(SELECT|INSERT|UPDATE|DELETE)\b.*?"""
    r"""(?:\bFROM|\bINTO|(?<=UPDATE))\s+"?([\w.-]+)"?(?:\."?([\w.-]+)"?)?""",
    re.IGNORECASE | re.DOTALL,
)


class Request(NamedTuple):
    """A request: ``action`` of ``service`` (``PutItem`` of ``dynamodb``) with its arguments."""

    service: str
    action: str
    arguments: dict[str, Any]


class Place(NamedTuple):
    """Where a service is called."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of ``service`` here."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


class Need(NamedTuple):
    """An action on the ARN ``resource``; ``shown`` is the resource as a refusal names it, if so."""

    action: str
    resource: str
    shown: str


def access_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """Return the access key that signs a request or a presigned URL, or None."""
    if signature := _SIGNED.match(headers.get("authorization", "")):
        return signature[1] or signature[2]
    return query.get("X-Amz-Credential", "").partition("/")[0] or query.get("AWSAccessKeyId")


def region(headers: Mapping[str, str]) -> str:
    """Return the region that a request is signed for."""
    signed = _REGION.search(headers.get("authorization", ""))
    return signed[1] if signed else ""


def request_of(service: str, headers: Mapping[str, str], body: bytes) -> Request | None:
    """Return the request to ``service``, None for one that is in no form of AWS.

    Names of ``headers`` are in lower case.
    """
    target = headers.get("x-amz-target", "")
    try:
        if target:
            arguments = json.loads(body or b"{}")
            action = target.rpartition(".")[2]
        else:
            pairs = dict(parse_qsl(body.decode(), keep_blank_values=True))
            action = pairs.pop("Action", "")
            pairs.pop("Version", None)
            arguments = _nested(pairs)
    except (ValueError, AttributeError, TypeError):
        return None
    return Request(service, action, arguments) if action and isinstance(arguments, dict) else None


def needs(request: Request, place: Place) -> tuple[Need, ...]:
    """Return all permissions that ``request`` needs; none of a service that is not known here."""
    find = _NEEDS.get(request.service)
    return tuple(find(request, place)) if find else ()


def _dynamodb(request: Request, place: Place) -> Iterator[Need]:
    action, arguments = request.action, request.arguments

    def need(name: str, table: object, index: object = None) -> Need:
        return _need("dynamodb", name, _table(str(table), index, place))

    items = arguments.get("RequestItems")
    transaction = arguments.get("TransactItems")
    if action in _BATCHES and isinstance(items, dict):
        yield from (need(action, table) for table in items)
    elif isinstance(transaction, list):
        for item in transaction:
            yield from (
                need(_TRANSACTION[kind], each.get("TableName"))
                for kind, each in item.items()
                if kind in _TRANSACTION
            )
    elif action in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        for statement in _statements(arguments):
            if parts := _PARTIQL.match(statement):
                yield need(f"PartiQL{parts[1].capitalize()}", parts[2], parts[3])
    elif "TableName" in arguments:
        yield need(action, arguments["TableName"], arguments.get("IndexName"))
    else:
        arn = arguments.get("ResourceArn", arguments.get("TableArn"))
        yield _need("dynamodb", action, str(arn or place.arn("dynamodb", "table/*")))


def _table(name: str, index: object, place: Place) -> str:
    arn = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
    return f"{arn}/index/{index}" if index else arn


def _statements(arguments: Mapping[str, Any]) -> Iterator[str]:
    several = arguments.get("Statements", arguments.get("TransactStatements", [arguments]))
    for each in several:
        yield str(each.get("Statement", ""))


def _sns(request: Request, place: Place) -> Iterator[Need]:
    arguments = request.arguments
    action = "Publish" if request.action == "PublishBatch" else request.action
    topic = arguments.get("TopicArn", arguments.get("TargetArn", arguments.get("ResourceArn")))
    if "SubscriptionArn" in arguments:
        topic = arguments["SubscriptionArn"].rpartition(":")[0]
    name = arguments.get("Name", arguments.get("PhoneNumber", "*"))
    arn = str(topic) if topic else place.arn("sns", name)
    # SNS writes its name in capital letters.
    yield Need(f"SNS:{action}", arn, arguments.get("PhoneNumber", arn))


def _sqs(request: Request, place: Place) -> Iterator[Need]:
    arguments = request.arguments
    # A batch needs the permission for its one action.
    action = request.action.removesuffix("Batch")
    url = str(arguments.get("QueueUrl", ""))
    name = url.rpartition("/")[2] or arguments.get("QueueName") or "*"
    arn = arguments.get("SourceArn") or place.arn("sqs", name)
    # SQS writes its actions in small letters.
    yield _need("sqs", action.lower(), arn)


def _ssm(request: Request, place: Place) -> Iterator[Need]:
    arguments = request.arguments
    names = arguments.get("Names") or [arguments.get("Name", arguments.get("Path"))]
    for name in names:
        arn = _parameter(name, place) if name else place.arn("ssm", "*")
        yield _need("ssm", request.action, arn)


def _parameter(name: str, place: Place) -> str:
    if name.startswith("arn:"):
        return name
    # A name may end in ":" and a version or a label.
    path = name.partition(":")[0].lstrip("/")
    return place.arn("ssm", f"parameter/{path}")


def _secrets_manager(request: Request, place: Place) -> Iterator[Need]:
    arguments = request.arguments
    action = f"secretsmanager:{request.action}"
    ids = arguments.get("SecretIdList")
    if isinstance(ids, list):
        yield Need(action, "*", "")
        action = "secretsmanager:GetSecretValue"
    for name in ids or [arguments.get("SecretId", arguments.get("Name"))]:
        if name is None:
            yield Need(action, "*", "")
        elif name.startswith("arn:"):
            yield Need(action, name, name)
        else:
            # Secrets Manager adds six characters to the name.
            yield Need(action, place.arn("secretsmanager", f"secret:{name}-000000"), name)


def _events(request: Request, place: Place) -> Iterator[Need]:
    entries = request.arguments.get("Entries")
    if request.action == "PutEvents" and isinstance(entries, list):
        for bus in dict.fromkeys(str(each.get("EventBusName", "default")) for each in entries):
            arn = bus if bus.startswith("arn:") else place.arn("events", f"event-bus/{bus}")
            yield _need("events", "PutEvents", arn)


def _need(service: str, action: str, arn: str) -> Need:
    return Need(f"{service}:{action}", arn, arn)


_NEEDS: Mapping[str, Callable[[Request, Place], Iterable[Need]]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "secretsmanager": _secrets_manager,
}


def _nested(pairs: Mapping[str, str]) -> dict[str, Any]:
    """Return arguments that were sent as a query: ``Entries.member.1.Id`` is in a list."""
    root: dict[str, Any] = {}
    for path, text in pairs.items():
        *parents, last = [part for part in path.split(".") if part not in _LISTS]
        inner = root
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = text
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    values = {key: _lists(inner) for key, inner in value.items()}
    if values and all(key.isdecimal() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values
