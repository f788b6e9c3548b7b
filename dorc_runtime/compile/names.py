"""The names of all resources on AWS, made here and nowhere else.

Different parts never make the same name. Parts are joined by ``--``, which no part holds; a name
that cannot be made so ends in ``---`` and a hash of all parts.
"""

import hashlib
import re
from dataclasses import dataclass

SEPARATOR = "--"
_MARK = "---"
_HASH_LENGTH = 12
_ECR_PART = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_RESERVED_BY_S3 = ("xn--", "sthree-", "amzn-s3-demo-")
_PLAIN = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*")


def resource_name(*parts: str, longest: int = 64, lower: bool = False) -> str:
    """Return one name for ``parts``, of at most ``longest`` characters out of ``A-Za-z0-9_-``.

    ``lower`` is for services that accept no capitals and no underscores (S3).
    """
    shown = [part.lower().replace("_", "-") if lower else part for part in parts]
    name = SEPARATOR.join(shown)
    plain = all(_PLAIN.fullmatch(part) for part in shown)
    if plain and shown == list(parts) and len(name) <= longest:
        return name
    ending = _MARK + _digest(parts)
    # Keeps the parts separate, so that only names of one environment have its prefix.
    cleaned = (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in shown)
    start = SEPARATOR.join(cleaned)[: longest - len(ending)]
    return start.strip("-") + ending


@dataclass(frozen=True)
class PipelineNames:
    """The names of the resources of one pipeline in one environment."""

    project: str
    environment: str
    layer: str
    pipeline: str

    @property
    def machine(self) -> str:
        """The state machine, 80 characters at most."""
        return self._name(longest=80)

    @property
    def machine_log_group(self) -> str:
        """The log group of the state machine.

        The prefix keeps CloudWatch's resource policy from overflowing:
        https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        """
        return f"/aws/vendedlogs/states/{self.machine}"

    @property
    def machine_role(self) -> str:
        """The role of the state machine."""
        return self._name("machine")

    @property
    def rules_role(self) -> str:
        """The role of the EventBridge rules that start the state machine."""
        return self._name("rules")

    @property
    def schedules_role(self) -> str:
        """The role of the schedules that start the state machine."""
        return self._name("schedules")

    @property
    def pipes_role(self) -> str:
        """The role of the EventBridge pipes that start the state machine."""
        return self._name("pipes")

    @property
    def schedule_group(self) -> str:
        """The group of the pipeline's schedules."""
        return self._name()

    def function(self, function: str) -> str:
        """Return the name of a Lambda function."""
        return self._name(function)

    def function_log_group(self, function: str) -> str:
        """Return the log group of a Lambda function."""
        return function_log_group(self.function(function))

    def function_role(self, function: str) -> str:
        """Return the role of a function."""
        return self._name("function", function)

    def trigger(self, key: str) -> str:
        """Return the name of a rule, schedule or pipe; ``key`` identifies the trigger.

        A pipe from a topic has a queue of the same name.
        """
        return self._name("trigger", key)

    def _name(self, *parts: str, longest: int = 64) -> str:
        parts = (self.project, self.environment, self.layer, self.pipeline, *parts)
        return resource_name(*parts, longest=longest)


@dataclass(frozen=True)
class Names:
    """The names of the resources that the pipelines of one environment share."""

    project: str
    environment: str

    @property
    def shared(self) -> str:
        """The topic of alerts, the queue of dead letters and the security group."""
        return resource_name(self.project, self.environment)

    def alert(self, kind: str) -> str:
        """Return the name of the rule or alarm for alerts of ``kind``."""
        return resource_name(self.project, self.environment, kind)

    @property
    def alert_function(self) -> str:
        """The function that sends alerts, and its role."""
        return resource_name(self.project, self.environment, "alerts")

    @property
    def alert_function_log_group(self) -> str:
        """The log group of that function."""
        return function_log_group(self.alert_function)

    @property
    def machine_prefix(self) -> str:
        """The prefix that all state machines and functions of pipelines have, and no others."""
        return resource_name(self.project, self.environment) + SEPARATOR

    def bucket(self, zone: str, account: str) -> str:
        """Return the bucket of a zone; names of buckets are global, so this has the account."""
        return bucket_name(self.project, self.environment, zone, account)

    def resource(self, name: str) -> str:
        """Return the name of a table, topic or queue."""
        return resource_name(self.project, self.environment, name)

    def dead_letters(self, queue: str) -> str:
        """Return the name of the dead-letter queue of a queue, and of its alarm."""
        return resource_name(self.project, self.environment, queue, "dead-letters")

    @property
    def secrets(self) -> str:
        """The path in SSM's Parameter Store that has the environment's secrets."""
        # Names of parameters never start with these:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
        reserved = self.project.lower().startswith(("aws", "ssm"))
        return f"/{'p_' if reserved else ''}{self.project}/{self.environment}"

    def secret(self, name: str) -> str:
        """Return the name of the parameter that holds a secret."""
        return f"{self.secrets}/{name}"

    def pipeline(self, layer: str, pipeline: str) -> PipelineNames:
        """Return the names within a pipeline."""
        return PipelineNames(self.project, self.environment, layer, pipeline)


def bucket_name(*parts: str) -> str:
    """Return a bucket's name for ``parts``.

    Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    # "p_" is not allowed in a plain name, so the name gets a hash.
    reserved = f"{parts[0].lower()}{SEPARATOR}".startswith(_RESERVED_BY_S3)
    first = f"p_{parts[0]}" if reserved else parts[0]
    return resource_name(first, *parts[1:], longest=63, lower=True)


def function_log_group(function: str) -> str:
    """Return the log group of the Lambda function called ``function``."""
    return f"/aws/lambda/{function}"


def image_repository(project: str, layer: str, pipeline: str, function: str) -> str:
    """Return the name of the ECR repository of a function's images, whatever the environment.

    ECR accepts lower-case letters and digits, with single ``.``, ``_`` or ``-`` between, in parts
    joined by ``/``, 256 characters at most:
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    """
    parts = (project, layer, pipeline, function)
    name = "/".join(parts)
    if len(name) <= 256 and all(_ECR_PART.fullmatch(part) for part in parts):
        return name
    # No part holds a dot, so a name that ends in a dot and a hash is never a plain name.
    shown = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") or "x" for part in parts)
    start = "/".join(shown)[: 256 - 1 - _HASH_LENGTH].rstrip("-/")
    return f"{start}.{_digest(parts)}"


def zones(layer: str) -> tuple[str, str] | None:
    """Return the source and target zone of a layer ``<source>-to-<target>``, None for others."""
    source, _, target = layer.rpartition("-to-")
    return (source, target) if source and target else None


def _digest(parts: tuple[str, ...]) -> str:
    whole = "\n".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
