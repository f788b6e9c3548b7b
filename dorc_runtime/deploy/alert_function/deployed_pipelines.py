"""The pipelines of an environment, as the function of alerts finds them on AWS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from dorc_runtime.compile.names import SEPARATOR, Names
from dorc_runtime.deploy.alert_function import machine_tags


@dataclass(frozen=True)
class AlertSettings:
    """What the variables of the function say.

    ``topic`` is an ARN. ``webhooks`` are the names of secrets.
    """

    names: Names
    topic: str
    webhooks: tuple[str, ...]
    is_emulated: bool

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "AlertSettings":
        """Return the settings in environment variables."""
        return cls(
            names=Names(variables["PROJECT"], variables["ENVIRONMENT"]),
            topic=variables["TOPIC"],
            webhooks=tuple(variables["WEBHOOKS"].split()),
            is_emulated="AWS_ENDPOINT_URL" in variables,
        )

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self.names.environment


class Aws:
    """boto3's clients, each made when it is needed first and then kept."""

    @cached_property
    def states(self) -> Any:
        """Step Functions."""
        return self._client("stepfunctions")

    @cached_property
    def scheduler(self) -> Any:
        """EventBridge Scheduler."""
        return self._client("scheduler")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._client("logs")

    @cached_property
    def sns(self) -> Any:
        """SNS."""
        return self._client("sns")

    @cached_property
    def ssm(self) -> Any:
        """Parameter Store."""
        return self._client("ssm")

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        retries = {"mode": "adaptive", "max_attempts": 8}
        return boto3.client(service, config=Config(retries=retries, read_timeout=20))


@dataclass(frozen=True)
class DeployedPipeline:
    """A pipeline with its state machine ``machine``, an ARN, and the tags of that."""

    id: str
    machine: str
    created: datetime | None
    tags: Mapping[str, str]

    def is_muted(self, day: date) -> bool:
        """Return whether it sends no alerts on ``day``, a date in UTC."""
        return machine_tags.is_muted(self.tags, day)


def deployed_pipeline(aws: Aws, machine: str, created: datetime | None = None) -> DeployedPipeline:
    """Return the pipeline of a state machine, by its tags."""
    found = aws.states.list_tags_for_resource(resourceArn=machine)["tags"]
    tags = {each["key"]: each["value"] for each in found}
    return DeployedPipeline(
        tags.get(machine_tags.PIPELINE_TAG) or pipeline_name(machine), machine, created, tags
    )


def deployed_pipelines(aws: Aws, names: Names) -> Iterator[DeployedPipeline]:
    """Yield the pipelines of an environment."""
    for page in aws.states.get_paginator("list_state_machines").paginate():
        for each in page["stateMachines"]:
            if each["name"].startswith(names.machine_prefix):
                yield deployed_pipeline(aws, each["stateMachineArn"], each["creationDate"])


def pipeline_name(machine: str) -> str:
    """Return ``layer/name`` as the name of a state machine has it, for one without tags."""
    name = machine.split(":")[6]
    return "/".join(name.split(SEPARATOR)[2:]) or name
