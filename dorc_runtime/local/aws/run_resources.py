"""The tables, topics and queues of a run, in the AWS that is played."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.names import queue_arn
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.model.resources import Index, Queue, Resource, Table, Topic


def used_resources(target: Target, uses: Iterable[object]) -> tuple[Resource, ...]:
    """Return the resources of ``target`` whose addresses or ARNs are in ``uses``: JSON values."""
    text = json.dumps(list(uses))
    return tuple(each for each in target.resources if target.name(each) in text)


def create_resource(lake: Lake, resource: Resource, target: Target) -> None:
    """Create a table, topic or queue as infra does, unless it exists."""
    match resource:
        case Table():
            _create_table(lake, resource, target)
        case Topic():
            lake.query("sns", "CreateTopic", {"Name": target.name(resource)}, region=target.region)
        case Queue():
            _create_queue(lake, resource, target)
        case _:
            pass


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
    created = lake.call(
        "dynamodb", "CreateTable", definition, region=region, accepted=("ResourceInUseException",)
    )
    if table.ttl and created is not None:
        time = {"AttributeName": table.ttl, "Enabled": True}
        arguments = {"TableName": name, "TimeToLiveSpecification": time}
        lake.call("dynamodb", "UpdateTimeToLive", arguments, region=region)


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
    lake.call("sqs", "CreateQueue", arguments, region=region, accepted=("QueueNameExists",))


def _seconds(time: float) -> str:
    return str(int(time))
