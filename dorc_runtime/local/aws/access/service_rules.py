"""Requests that services refuse and that moto accepts.

It imports the standard library alone, and moto where DynamoDB is used: the lake's server loads it
by its path. The limits are those of these pages:

- https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
- https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
- https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
- https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

_ACCOUNT = "123456789012"
_INVALID = "ValidationException"
_MOST_WRITES = 25
_MOST_DIGITS = 38
_LARGEST_PARAMETER = 4096
# Expressions in which moto does not look for reserved words.
_UNCHECKED = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")
_EXPRESSIONS = (*_UNCHECKED, "ConditionExpression", "UpdateExpression")
_NAME = re.compile(r"(?<![#:\w])[A-Za-z_]\w*(?!\w|\s*\()")
_OPERATORS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
# What SQS accepts in a message: https://www.w3.org/TR/REC-xml/#charsets
_NOT_ACCEPTED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Violation(NamedTuple):
    """Why a service refuses a request: its error, and the message."""

    error: str
    message: str


def violation(
    service: str, action: str, arguments: Mapping[str, Any], region: str
) -> Violation | None:
    """Return the first rule that a request breaks, None for none."""
    match service:
        case "dynamodb":
            violations = _dynamodb(action, arguments, region)
        case "sqs":
            violations = _sqs(action, arguments)
        case "sns":
            violations = _sns(action, arguments)
        case "ssm":
            violations = _ssm(action, arguments)
        case _:
            return None
    return next(violations, None)


def syntax_violation(arguments: Mapping[str, Any]) -> Violation | None:
    """Return the refusal of a request that moto cannot parse, None without an expression."""
    names = [name for name in _EXPRESSIONS if name in arguments]
    return Violation(_INVALID, f"Invalid {names[0]}: Syntax error") if names else None


def _dynamodb(action: str, arguments: Mapping[str, Any], region: str) -> Iterator[Violation]:
    requests = arguments.get("RequestItems", {})
    if action == "BatchWriteItem":
        if sum(map(len, requests.values())) > _MOST_WRITES:
            yield Violation(_INVALID, "Too many items requested for the BatchWriteItem call")
        for name, writes in requests.items():
            for write in writes:
                yield from _item(write.get("PutRequest", {}).get("Item", {}), _table(name, region))
    if "TableName" not in arguments:
        return
    table = _table(arguments["TableName"], region)
    yield from _item(arguments.get("Item", {}), table)
    yield from _key(arguments.get("Key", {}), table)
    yield from _expressions(arguments, table)


def _table(name: str, region: str) -> Any:
    """Return moto's table, None if it does not exist."""
    from moto.dynamodb.models import dynamodb_backends

    return dynamodb_backends[_ACCOUNT][region].tables.get(name.rpartition("/")[2])


def _item(item: Mapping[str, Any], table: Any) -> Iterator[Violation]:
    for index in table.all_indexes() if table else ():
        for key in index.schema:
            name = key["AttributeName"]
            kind = _kinds(table).get(name)
            if name in item and kind not in item[name]:
                actual = next(iter(item[name]))
                yield Violation(
                    _INVALID,
                    "One or more parameter values were invalid: Type mismatch for Index Key "
                    f"{name} Expected: {kind} Actual: {actual} IndexName: {index.name}",
                )
    for attribute in item.values():
        yield from _value(attribute)


def _value(attribute: Mapping[str, Any]) -> Iterator[Violation]:
    for kind, value in attribute.items():
        match kind:
            case "N":
                yield from _number(value)
            case "SS" | "NS" | "BS":
                if len(set(value)) < len(value):
                    yield Violation(
                        _INVALID,
                        "One or more parameter values were invalid: Input collection "
                        f"[{', '.join(value)}] contains duplicates.",
                    )
            case "L" | "M":
                for inner in value if kind == "L" else value.values():
                    yield from _value(inner)
            case _:
                pass


def _number(text: str) -> Iterator[Violation]:
    try:
        digits = "".join(map(str, Decimal(text).as_tuple().digits)).strip("0")
    except ArithmeticError:
        return  # moto refuses it.
    if len(digits) > _MOST_DIGITS:
        message = "Attempting to store more than 38 significant digits in a Number"
        yield Violation(_INVALID, message)


def _key(key: Mapping[str, Any], table: Any) -> Iterator[Violation]:
    kinds = _kinds(table) if table else {}
    if any(name in kinds and kinds[name] not in value for name, value in key.items()):
        yield Violation(_INVALID, "The provided key element does not match the schema")


def _kinds(table: Any) -> dict[str, str]:
    return {each["AttributeName"]: each["AttributeType"] for each in table.attr}


def _expressions(arguments: Mapping[str, Any], table: Any) -> Iterator[Violation]:
    from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

    reserved = set(ReservedKeywords.get_reserved_keywords())
    for expression in _UNCHECKED:
        for name in _NAME.findall(arguments.get(expression, "")):
            if name.upper() in reserved - _OPERATORS:
                yield Violation(
                    _INVALID,
                    f"Invalid {expression}: Attribute name is a reserved keyword; reserved "
                    f"keyword: {name}",
                )
    text = " ".join(arguments.get(expression, "") for expression in _EXPRESSIONS)
    used = set(re.findall(r":\w+", text))
    unused = sorted(set(arguments.get("ExpressionAttributeValues", {})) - used)
    if unused:
        yield Violation(
            _INVALID,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: "
            f"{{{', '.join(unused)}}}",
        )
    yield from _filter(arguments, table)


def _filter(arguments: Mapping[str, Any], table: Any) -> Iterator[Violation]:
    if table is None or "KeyConditionExpression" not in arguments:
        return
    names = arguments.get("ExpressionAttributeNames", {})
    filtered = re.findall(r"(?<![:\w])#?[A-Za-z_]\w*", arguments.get("FilterExpression", ""))
    keys = {table.hash_key_attr, table.range_key_attr}
    for index in table.all_indexes():
        if index.name == arguments.get("IndexName"):
            keys = {key["AttributeName"] for key in index.schema}
    for name in (names.get(each, each) for each in filtered):
        if name in keys:
            yield Violation(
                _INVALID,
                "Filter Expression can only contain non-primary key attributes: Primary key "
                f"attribute: {name}",
            )


def _sqs(action: str, arguments: Mapping[str, Any]) -> Iterator[Violation]:
    if action not in ("SendMessage", "SendMessageBatch"):
        return
    for entry in arguments.get("Entries", [arguments]):
        body = entry.get("MessageBody", "")
        if not body:
            message = "The request must contain the parameter MessageBody."
            yield Violation("MissingParameter", message)
        elif _NOT_ACCEPTED.search(body):
            message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
            ranges = "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
            yield Violation("InvalidMessageContents", message + ranges)


def _sns(action: str, arguments: Mapping[str, Any]) -> Iterator[Violation]:
    if action == "Publish" and not arguments.get("Message"):
        yield Violation("InvalidParameter", "Invalid parameter: Empty message")


def _ssm(action: str, arguments: Mapping[str, Any]) -> Iterator[Violation]:
    if action != "PutParameter":
        return
    name, value = arguments.get("Name", ""), arguments.get("Value", "")
    if "/" in name and not name.startswith(("/", "arn:")):
        yield Violation(_INVALID, "Parameter name must be a fully qualified name.")
    if len(value) > _LARGEST_PARAMETER and arguments.get("Tier", "Standard") == "Standard":
        yield Violation(
            _INVALID,
            f"Standard tier parameters support a maximum parameter value of {_LARGEST_PARAMETER} "
            "characters. To create a larger parameter value, upgrade the parameter to use the "
            "advanced-parameter tier. For more information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
            "parameter-store-advanced-parameters.html",
        )
