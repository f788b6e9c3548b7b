"""The tables, topics, queues and parameters of a run, in the AWS that is played."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.arns import queue_arn
from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.access.roles import policies
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.seeds.example_seeds import ServiceSeeds
from dorc_runtime.local.seeds.table_items import Item
from dorc_runtime.model.resources import Index, Queue, Resource, Table, Topic
from dorc_runtime.model.steps import Service, all_steps
from dorc_runtime.model.triggers import QueueTrigger

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_MOST_WRITES = 25


def used_resources(source: Source, target: Target) -> tuple[Resource, ...]:
    """Return the resources that a pipeline uses.

    Its steps may use them or name them in their arguments, or their messages start it.
    """
    steps = all_steps(source.pipeline.steps)
    arguments = [step.arguments for step in steps if isinstance(step, Service)]
    allowed = dict(policies(source, prefix="", machine="", target=target))
    text = json.dumps([arguments, allowed])
    starting = [each.queue for each in source.pipeline.triggers if isinstance(each, QueueTrigger)]
    return tuple(each for each in target.resources if each in starting or target.name(each) in text)


def create_resource(lake: Lake, resource: Resource, target: Target) -> None:
    """Create a table, topic or queue as infra does, unless it exists."""
    match resource:
        case Table():
            _create_table(lake, resource, target)
        case Topic():
            lake.server.query(
                "sns", "CreateTopic", {"Name": target.name(resource)}, region=target.region
            )
        case Queue():
            _create_queue(lake, resource, target)
        case _:
            pass


def put_seeds(lake: Lake, seeds: ServiceSeeds, target: Target) -> None:
    """Put ``seeds`` into the services; the tables and queues exist."""
    by_name = {each.name: each for each in target.resources}
    region = target.region
    for name, items in seeds.tables.items():
        table = by_name[name]
        assert isinstance(table, Table), table  # noqa: S101 # checked when the seeds were read
        # A request may not have two items with one key; a later item replaces an earlier one.
        different = list({_key(table, item): item for item in items}.values())
        for start in range(0, len(different), _MOST_WRITES):
            some = different[start : start + _MOST_WRITES]
            requests = {target.name(table): [{"PutRequest": {"Item": item}} for item in some]}
            lake.server.call(
                "dynamodb", "BatchWriteItem", {"RequestItems": requests}, region=region
            )
    for name, messages in seeds.queues.items():
        for message in messages:
            arguments = {"QueueUrl": target.address(by_name[name]), "MessageBody": message}
            lake.server.call("sqs", "SendMessage", arguments, region=region)
    for name, value in seeds.parameters.items():
        kind, text = (
            ("String", value) if isinstance(value, str) else ("StringList", ",".join(value))
        )
        arguments = {"Name": name, "Type": kind, "Value": text}
        lake.server.call("ssm", "PutParameter", {**arguments, "Overwrite": True}, region=region)


def items_of(lake: Lake, table: Table, target: Target) -> list[Item]:
    """Return all items of a table, sorted by its key."""
    return sorted(
        _scan(lake, target.name(table), target.region), key=lambda item: _key(table, item)
    )


def _scan(lake: Lake, name: str, region: str) -> Iterator[Item]:
    start: dict[str, Any] = {}
    while True:
        page = lake.server.call("dynamodb", "Scan", {"TableName": name, **start}, region=region)
        assert page is not None  # noqa: S101 # no error is accepted
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _key(table: Table, item: Item) -> tuple[str | Decimal, ...]:
    keys = [key for key in (table.partition_key, table.sort_key) if key is not None]
    pairs = [next(iter(item[key].items())) for key in keys]
    return tuple(Decimal(value) if kind == "N" else value for kind, value in pairs)


def _create_table(lake: Lake, table: Table, target: Target) -> None:
    name = target.name(table)
    definition: dict[str, Any] = {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": kind} for key, kind in table.keys.items()
        ],
        "KeySchema": _key_schema(table),
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.indexes:
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": _key_schema(keys),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, keys in table.indexes.items()
        ]
    region = target.region
    created = lake.server.call(
        "dynamodb", "CreateTable", definition, region=region, accepted=("ResourceInUseException",)
    )
    if table.ttl and created is not None:
        time = {"AttributeName": table.ttl, "Enabled": True}
        arguments = {"TableName": name, "TimeToLiveSpecification": time}
        lake.server.call("dynamodb", "UpdateTimeToLive", arguments, region=region)


def _key_schema(keys: Table | Index) -> list[dict[str, str]]:
    schema = [{"AttributeName": keys.partition_key, "KeyType": "HASH"}]
    if keys.sort_key is not None:
        schema.append({"AttributeName": keys.sort_key, "KeyType": "RANGE"})
    return schema


def _create_queue(lake: Lake, queue: Queue, target: Target) -> None:
    dead_letters = target.names.dead_letters(queue.name)
    redrive = {
        "deadLetterTargetArn": queue_arn(target.region, target.account, dead_letters),
        "maxReceiveCount": queue.max_receives,
    }
    attributes = {
        "VisibilityTimeout": _seconds(queue.visibility_timeout.total_seconds()),
        "MessageRetentionPeriod": _seconds(queue.retention.total_seconds()),
        "RedrivePolicy": json.dumps(redrive),
    }
    _create(lake, dead_letters, {"MessageRetentionPeriod": _seconds(14 * 86_400)}, target.region)
    _create(lake, target.name(queue), attributes, target.region)


def _create(lake: Lake, name: str, attributes: Mapping[str, JsonValue], region: str) -> None:
    arguments = {"QueueName": name, "Attributes": dict(attributes)}
    lake.server.call("sqs", "CreateQueue", arguments, region=region, accepted=("QueueNameExists",))


def _seconds(time: float) -> str:
    return str(int(time))
