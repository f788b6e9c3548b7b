"""The buckets of zones, and the resources of ``Config(resources=...)``, which infra creates."""

import pulumi

from dorc_runtime.compile.permissions.resource_policies import bucket_policy
from dorc_runtime.compile.target import Target
from dorc_runtime.deploy.components.lake_bucket import LakeBucket
from dorc_runtime.deploy.components.shared_queue import SharedQueue
from dorc_runtime.deploy.components.shared_table import SharedTable
from dorc_runtime.deploy.components.shared_topic import SharedTopic
from dorc_runtime.deploy.programs.common import Cloud
from dorc_runtime.model.config import Config
from dorc_runtime.model.resources import Bucket, Queue, Table, Topic


def create_bucket(name: str, bucket: str, config: Config, cloud: Cloud) -> None:
    """Register a bucket; in an emulator, which has no TLS, it accepts requests without TLS."""
    LakeBucket(
        name,
        bucket=bucket,
        policy=None if cloud.emulated else bucket_policy(region=cloud.region, bucket=bucket),
        key_arn=config.kms_key_arn,
        opts=pulumi.ResourceOptions(provider=cloud.provider, protect=config.protect_buckets),
    )


def create_resources(
    target: Target, config: Config, cloud: Cloud, *, alerts: pulumi.Input[str]
) -> None:
    """Register the resources of ``target``; a bucket that ``config`` names exists already.

    They are protected as the buckets of zones are. ``alerts`` is the ARN of the topic of alerts.
    """
    opts = pulumi.ResourceOptions(provider=cloud.provider, protect=config.protect_buckets)
    for resource in target.resources:
        name = target.name(resource)
        match resource:
            case Table():
                SharedTable(
                    resource.name,
                    table=resource,
                    table_name=name,
                    keep=config.protect_buckets,
                    key_arn=config.kms_key_arn,
                    opts=opts,
                )
            case Topic():
                SharedTopic(resource.name, topic=name, key_arn=config.kms_key_arn, opts=opts)
            case Queue():
                SharedQueue(
                    resource.name,
                    queue=resource,
                    queue_name=name,
                    dead_letters=target.names.dead_letters(resource.name),
                    alerts=alerts,
                    key_arn=config.kms_key_arn,
                    opts=opts,
                )
            case Bucket() if resource.name not in config.buckets:
                create_bucket(resource.name, name, config, cloud)
            case _:
                pass
