"""Tables of DynamoDB."""

from typing import Any

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind
from tests.engine.plugins.properties import Properties


def _key(attribute: str, kind: str) -> dict[str, str]:
    return {"attributeName": attribute, "keyType": kind}


def _table(aws: Aws, given: Properties) -> Properties:
    """Return the keys and indexes as the operations need them."""
    attributes = given.get("attributes") or []
    keys = [_key(given["hashKey"], "HASH")] if "hashKey" in given else []
    if given.get("rangeKey"):
        keys.append(_key(given["rangeKey"], "RANGE"))
    indexes = [
        {
            "indexName": index["name"],
            "keySchema": index["keySchemas"],
            "projection": {"projectionType": index["projectionType"]},
        }
        for index in given.get("globalSecondaryIndexes") or []
    ]
    return {
        "attributes": None,
        "attributeDefinitions": [
            {"attributeName": each["name"], "attributeType": each["type"]} for each in attributes
        ],
        "keySchema": keys,
        "globalSecondaryIndexes": indexes or None,
    }


def _recovery(aws: Aws, given: Properties) -> None:
    enabled = (given.get("pointInTimeRecovery") or {}).get("enabled", False)
    aws.client("dynamodb").update_continuous_backups(
        TableName=given["name"],
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
    )


def _time_to_live(aws: Aws, given: Properties) -> None:
    ttl = given.get("ttl")
    if isinstance(ttl, dict) and "ttl" in given["changed"]:
        aws.client("dynamodb").update_time_to_live(
            TableName=given["name"],
            TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl["attributeName"]},
        )


def _read(aws: Aws, given: Properties) -> dict[str, Any]:
    client, name = aws.client("dynamodb"), given["name"]
    table = client.describe_table(TableName=name)["Table"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {**table, "PointInTimeRecovery": {"Enabled": recovery == "ENABLED"}}


TABLES = {
    "dynamodb/table": Kind(
        service="dynamodb",
        create="create_table",
        read=_read,
        delete="delete_table",
        id="{name}",
        rename={"name": ("TableName",)},
        update=("update_table", _recovery, _time_to_live),
        replace=("name", "hashKey", "rangeKey"),
        prepare=_table,
        outputs={"arn": "TableArn"},
    ),
}
