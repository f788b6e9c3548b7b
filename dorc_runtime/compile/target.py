"""The target of a pipeline: an environment, and the values that references have there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import JsonValue

from dorc_runtime.compile.arns import (
    bucket_arn,
    parameter_arn,
    queue_arn,
    queue_url,
    table_arn,
    topic_arn,
)
from dorc_runtime.compile.names import Names
from dorc_runtime.errors import DefinitionError, suggestion
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.references import resolved
from dorc_runtime.model.resources import Bucket, Queue, Resource, Table, Topic
from dorc_runtime.model.secrets import Secret

# The environment of runs on this machine.
LOCAL = "local"


@dataclass(frozen=True)
class Target:
    """An environment in a region and an account.

    ``zones`` has the bucket of each zone, and of a resource that has another bucket here;
    ``resources`` has what infra creates, ``settings`` the values of the settings, and ``outputs``
    the outputs of infra, or None where they are not known: then placeholders stand for them.
    """

    names: Names
    region: str
    account: str
    zones: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    outputs: Mapping[str, JsonValue] | None = None

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self.names.environment

    @cached_property
    def buckets(self) -> dict[str, str]:
        """The bucket of each zone, and of each resource that is a bucket, by name."""
        own = [each for each in self.resources if isinstance(each, Bucket)]
        return {each.name: self.name(each) for each in own} | dict(self.zones)

    def name(self, resource: Resource) -> str:
        """Return the name of ``resource`` on AWS."""
        if isinstance(resource, Bucket):
            own = self.names.bucket(resource.name, self.account)
            return self.zones.get(resource.name, own)
        return self.names.resource(resource.name)

    def address(self, resource: Resource) -> str:
        """Return what code calls ``resource`` by: a name, a topic's ARN, or a queue's URL."""
        match resource:
            case Topic():
                return self.arn(resource)
            case Queue():
                return queue_url(self.region, self.account, self.name(resource))
            case _:
                return self.name(resource)

    def arn(self, resource: Resource) -> str:
        """Return the ARN of ``resource``."""
        name = self.name(resource)
        match resource:
            case Bucket():
                return bucket_arn(self.region, name)
            case Topic():
                return topic_arn(self.region, self.account, name)
            case Queue():
                return queue_arn(self.region, self.account, name)
            case Table():
                return table_arn(self.region, self.account, name)
            case _:
                raise AssertionError(resource)

    def secret_id(self, secret: Secret) -> str:
        """Return what code asks the secret's store for: a parameter's name, or an ARN."""
        return self.names.secret(secret.name) if secret.arn is None else secret.arn

    def secret_arn(self, secret: Secret) -> str:
        """Return the ARN of ``secret``."""
        own = parameter_arn(self.region, self.account, self.names.secret(secret.name))
        return own if secret.arn is None else secret.arn

    def resolve(self, pipeline: Pipeline) -> Pipeline:
        """Return ``pipeline`` with the values of this environment in place of references.

        Raises:
            DefinitionError: A reference has no value here, or its value does not fit.
        """
        return resolved(pipeline, self.value)

    def value(self, kind: str, name: str) -> JsonValue:
        """Return the value of the reference to the ``kind`` called ``name``.

        Raises:
            DefinitionError: The environment has no such value.
        """
        if kind == "setting":
            if name not in self.settings:
                raise DefinitionError(
                    f"no setting '{name}'.{suggestion(name, self.settings)} Add it to the model in "
                    "Config(settings=...)"
                )
            return self.settings[name]
        if kind == "output":
            return self._output(name)
        word, _, part = kind.partition("-")
        resource = self.resource(word, name)
        return self.arn(resource) if part else self.address(resource)

    def _output(self, name: str) -> JsonValue:
        if self.outputs is None:
            return unknown_output(name)
        if name in self.outputs:
            return self.outputs[name]
        near = suggestion(name, self.outputs)
        if self.environment == LOCAL:
            raise DefinitionError(
                f"no output '{name}' of infra for runs on this machine.{near} Write it below "
                "[outputs] in local.example.toml or local.toml"
            )
        raise DefinitionError(
            f"infra has no output '{name}' in {self.environment}.{near} Add pulumi.export("
            f'"{name}", ...) to infra/__main__.py, and run `invoke apply --instance infra --env '
            f"{self.environment}`"
        )

    def resource(self, kind: str, name: str) -> Resource:
        """Return the resource of ``kind`` called ``name``.

        Raises:
            DefinitionError: The configuration has no such resource.
        """
        of_kind = {each.name: each for each in self.resources if each.kind == kind}
        if name not in of_kind:
            raise DefinitionError(
                f"no {kind} '{name}' in Config(resources=...).{suggestion(name, of_kind)} "
                "Add it to the list in pipeline_config.py"
                + (f', or write "{name}" for a bucket that exists' if kind == "bucket" else "")
            )
        return of_kind[name]

    def check_resource(self, resource: Resource) -> None:
        """Raise ``DefinitionError`` unless the configuration has ``resource``, with its fields."""
        if self.resource(resource.kind, resource.name) != resource:
            raise DefinitionError(
                f"the {resource.kind} '{resource.name}' differs from the one in "
                "Config(resources=...): import it from pipeline_config"
            )


def unknown_output(name: str) -> str:
    """Return what stands for an output of infra that is not known."""
    return f"(output {name} of infra)"
