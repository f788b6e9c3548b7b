"""A table that the pipelines of an environment share."""

from collections.abc import Iterator

import pulumi
from pulumi_aws import dynamodb

from dorc_runtime.deploy.components.encryption import KeyArn, table_encryption
from dorc_runtime.model.resources import Table


class SharedTable(pulumi.ComponentResource):
    """The DynamoDB table ``table_name``: billed by request, restorable to any second of 35 days.

    ``keep`` makes AWS refuse to delete it.
    """

    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        table: Table,
        table_name: str,
        keep: bool,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:SharedTable", name, None, opts)
        aws_table = dynamodb.Table(
            name,
            name=table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=table.partition_key,
            range_key=table.sort_key,
            attributes=[{"name": key, "type": kind} for key, kind in table.keys.items()],
            global_secondary_indexes=list(_indexes(table)),
            ttl={"attribute_name": table.ttl, "enabled": True} if table.ttl else None,
            server_side_encryption=table_encryption(key_arn),
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=keep,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = aws_table.name
        self.register_outputs({"name": self.name})


def _indexes(table: Table) -> Iterator[dynamodb.TableGlobalSecondaryIndexArgsDict]:
    for name, index in table.indexes.items():
        keys: list[dynamodb.TableGlobalSecondaryIndexKeySchemaArgsDict] = [
            {"attribute_name": index.partition_key, "key_type": "HASH"}
        ]
        if index.sort_key is not None:
            keys.append({"attribute_name": index.sort_key, "key_type": "RANGE"})
        yield {"name": name, "projection_type": "ALL", "key_schemas": keys}
