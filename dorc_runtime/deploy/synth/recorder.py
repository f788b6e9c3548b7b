"""A replacement for Pulumi's engine: it records the resources of a program, and creates nothing.

It implements the calls of Pulumi's SDK for Python that dorc's programs need:
https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pydantic import JsonValue

from dorc_runtime.deploy.programs.infra_outputs import QUESTION as OUTPUTS_QUESTION
from dorc_runtime.deploy.synth.cloud_answers import Cloud
from dorc_runtime.deploy.synth.registrations import Registrations
from dorc_runtime.deploy.synth.wire import Properties, properties, read_properties, secret
from dorc_runtime.errors import StackError

STACK = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True)
class Resource:
    """A resource as a program registers it.

    ``provider`` and ``dependencies`` are URNs; ``custom`` is true for a resource that a provider
    creates, false for a component. ``secrets`` are paths in ``inputs``: their values are hidden.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, JsonValue]
    secrets: tuple[str, ...]
    provider: str
    dependencies: tuple[str, ...]
    protected: bool


@dataclass(frozen=True)
class Question:
    """A question of a program to a provider: ``aws:ecr/getImage:getImage`` with ``arguments``."""

    token: str
    arguments: dict[str, JsonValue]
    provider: str


class Recorder:
    """The engine and its resource monitor for one run of the program of one stack.

    ``references`` has the exports of the stacks that it can refer to, by their full names.
    """

    def __init__(
        self,
        *,
        organization: str,
        project: str,
        stack: str,
        cloud: Cloud,
        references: Mapping[str, Properties],
    ) -> None:
        self.organization = organization
        self.project = project
        self.stack = stack
        self.resources: dict[str, Resource] = {}
        self.questions: list[Question] = []
        self.outputs = Properties({}, ())
        self.errors: list[str] = []
        self.registrations = Registrations()
        self._cloud = cloud
        self._references = references

    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Return the features of this engine."""
        return resource_pb2.DeploymentInfo(
            project=self.project,
            stack=self.stack,
            organization=self.organization,
            dryRun=False,
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
            ],
        )

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record a resource, and return it as if it was created."""
        urn = self._urn(request.parent, request.type, request.name)
        inputs = read_properties(request.object)
        self.registrations.add_resource(urn, request)
        if urn in self.resources:
            raise StackError(
                f"two resources of type {request.type} have the name {request.name}: rename one."
            )
        self.resources[urn] = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=inputs.values,
            secrets=inputs.secrets,
            # A reference to a provider is its URN and its id.
            provider=request.provider.rpartition("::")[0],
            dependencies=tuple(sorted(request.dependencies)),
            protected=request.protect,
        )
        response = resource_pb2.RegisterResourceResponse(urn=urn)
        if request.custom:
            computed = self._cloud.computed(request.type, request.name, inputs.values)
            response.id = computed.id
            response.object.CopyFrom(request.object)
            response.object.update(computed.attributes)
        return response

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keep the exports of the stack, for stacks that refer to it."""
        self.registrations.add_outputs(request)
        if self.resources[request.urn].type == STACK:
            self.outputs = read_properties(request.outputs, hiding=False)
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Return the outputs of another stack."""
        if request.type != STACK_REFERENCE:
            raise StackError(
                f"the program reads the existing {request.type} {request.name}, which cannot be "
                "read offline: run `invoke preview` with credentials."
            )
        exports = self._references.get(request.id)
        if exports is None:
            raise StackError(
                f"{self.project} refers to the stack {request.id}, which this repository does not "
                "have."
            )
        outputs: JsonValue = {
            name: secret(value) if _is_secret(name, exports.secrets) else value
            for name, value in exports.values.items()
        }
        return resource_pb2.ReadResourceResponse(
            urn=self._urn(request.parent, request.type, request.name),
            properties=properties({"name": request.id, "outputs": outputs}),
        )

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Record a question to a provider, and answer it."""
        arguments = read_properties(request.args).values
        if request.tok == OUTPUTS_QUESTION:
            outputs = properties(self._outputs_of(str(arguments["name"])))
            return resource_pb2.ResourceInvokeResponse(**{"return": outputs})
        provider = request.provider.rpartition("::")[0]
        self.questions.append(Question(request.tok, arguments, provider))
        answer = properties(self._cloud.answer(request.tok, arguments))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def _outputs_of(self, stack: str) -> dict[str, JsonValue]:
        """Return the exports of another stack, as the engine answers."""
        exports = self._references.get(stack)
        if exports is None:
            raise StackError(
                f"{self.project} refers to the stack {stack}, which this repository does not have."
            )
        secrets = [name for name in exports.values if _is_secret(name, exports.secrets)]
        plain = {name: value for name, value in exports.values.items() if name not in secrets}
        return {"name": stack, "outputs": plain, "secretOutputNames": [*secrets]}

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep the errors that the program reports."""
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """Let the program end."""
        return empty_pb2.Empty()

    def _urn(self, parent: str, kind: str, name: str) -> str:
        """Return the URN of a resource: the types of its parents come before its own.

        https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
        """
        above = parent.split("::")[2] if parent else STACK
        path = kind if above == STACK else f"{above}${kind}"
        return f"urn:pulumi:{self.stack}::{self.project}::{path}::{name}"


def _is_secret(name: str, secrets: Sequence[str]) -> bool:
    """Return whether an output, or a part of it, is secret."""
    return any(re.split(r"[.\[]", path)[0] == name for path in secrets)
