"""A replacement for Pulumi's AWS provider, with all that dorc's programs need.

A type that is not in the table of kinds is an error. As with the real provider, a preview does not
show what AWS will refuse. The engine keeps secrets: requests have plain values.
"""

# ruff: noqa: N802 - the service's own names

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.plugins.faults import inject_fault
from tests.engine.plugins.properties import UNKNOWN, Properties, has_unknown, to_dict, to_struct
from tests.engine.plugins.serving import fail, serve
from tests.engine.plugins.versions import sdk_version

from .calls import Aws
from .invokes import INVOKES
from .kind import Kind
from .kinds import KINDS
from .resources import Resources, differences, replacing
from .shapes import parsed

_Change = provider_pb2.PropertyDiff
_Diff = provider_pb2.DiffResponse

T = TypeVar("T")


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The service ``ResourceProvider`` over the table of kinds."""

    def __init__(self) -> None:
        self._aws = Aws()
        self._resources = Resources(self._aws)
        self._default_tags: dict[str, str] = {}

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version("aws"))

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        if to_dict(request.news).get("region") or os.environ.get("AWS_REGION"):
            return provider_pb2.CheckResponse(inputs=request.news)
        reason = "missing AWS region: set aws:region or AWS_REGION"
        failure = provider_pb2.CheckFailure(property="region", reason=reason)
        return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _Diff:
        changed = differences(to_dict(request.old_inputs), to_dict(request.news))
        return _diff(changed, {"region"} & set(changed))

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        config = {name: parsed(value) for name, value in to_dict(request.args).items()}
        self._aws = Aws(config.get("region"))
        self._resources = Resources(self._aws)
        self._default_tags = config.get("defaultTags", {}).get("tags", {})
        allowed = config.get("allowedAccountIds")
        if allowed and self._aws.account not in allowed:
            fail(context, f"AWS account ID not allowed: {self._aws.account}")
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        function = INVOKES.get(request.tok)
        if function is None:
            _unknown(context, f"function {request.tok}")
        given = to_dict(request.args)
        answer = _report_errors(
            context, f"invoking {request.tok}", lambda: function(self._aws, given)
        )
        response = provider_pb2.InvokeResponse()
        # The field's name is a keyword.
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        kind, inputs = _kind(request.urn, context), to_dict(request.news)
        for name in ("description", "groupName", "eventBusName"):
            # Ids and requests contain these, so they have to be known.
            if name in kind.defaults and inputs.get(name) is None:
                inputs[name] = kind.defaults[name]
        if kind.tags is not None:
            own = inputs.get("tags") or {}
            inputs["tagsAll"] = UNKNOWN if has_unknown(own) else {**self._default_tags, **own}
        inputs.setdefault("region", self._aws.region)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _Diff:
        kind, ignored = _kind(request.urn, context), set(request.ignoreChanges)
        found = differences(to_dict(request.old_inputs), to_dict(request.news))
        changed = {name: how for name, how in found.items() if name not in ignored}
        return _diff(changed, replacing(kind, changed))

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        kind, new = _kind(request.urn, context), to_dict(request.properties)
        if request.preview:
            computed = dict.fromkeys([*kind.capture, *kind.outputs], UNKNOWN)
            shown = {**computed, **kind.defaults, **new}
            return provider_pb2.CreateResponse(properties=to_struct(shown))

        def create() -> Properties:
            inject_fault(request.urn)
            return self._resources.create(kind, new)

        state = _report_errors(context, f"creating {_token(request.urn)} ({request.name})", create)
        made = self._resources.filled(kind.id, state)
        return provider_pb2.CreateResponse(id=made, properties=to_struct(state))

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        kind, state = _kind(request.urn, context), to_dict(request.properties)
        doing = f"reading {_token(request.urn)} ({request.id})"
        live = _report_errors(context, doing, lambda: self._resources.live(kind, state))
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = self._resources.current(kind, to_dict(request.inputs), live)
        state = self._resources.state(kind, {**state, **inputs}, live)
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(state), inputs=to_struct(inputs)
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        kind, new = _kind(request.urn, context), to_dict(request.news)
        state = to_dict(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({**state, **new}))

        def update() -> Properties:
            inject_fault(request.urn)
            return self._resources.update(kind, state, to_dict(request.old_inputs), new)

        state = _report_errors(context, f"updating {_token(request.urn)} ({request.id})", update)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Delete(
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        kind, state = _kind(request.urn, context), to_dict(request.properties)
        doing = f"deleting {_token(request.urn)} ({request.id})"
        _report_errors(context, doing, lambda: self._resources.delete(kind, state))
        return empty_pb2.Empty()


def _token(urn: str) -> str:
    """Return ``iam/role`` of the URN of a resource of the type ``aws:iam/role:Role``."""
    return urn.split("::")[2].split("$")[-1].split(":")[1]


def _kind(urn: str, context: grpc.ServicerContext) -> Kind:
    kind = KINDS.get(_token(urn))
    if kind is None:
        _unknown(context, f"resource aws:{_token(urn)}")
    return kind


def _unknown(context: grpc.ServicerContext, what: str) -> NoReturn:
    fail(context, f"this replacement knows no {what}", grpc.StatusCode.UNIMPLEMENTED)


def _diff(changed: dict[str, str], replaces: set[str]) -> _Diff:
    """Return the answer; names are fixed, so the old resource is deleted before the new one."""
    details = {
        name: _Change(
            kind=_Change.Kind.Value(f"{how}_REPLACE" if name in replaces else how), inputDiff=True
        )
        for name, how in changed.items()
    }
    return _Diff(
        changes=_Diff.DIFF_SOME if changed else _Diff.DIFF_NONE,
        replaces=sorted(replaces),
        diffs=list(changed),
        detailedDiff=details,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replaces),
    )


def _report_errors(context: grpc.ServicerContext, doing: str, work: Callable[[], T]) -> T:
    """Return the result of the work; report an error of AWS as the real provider does."""
    try:
        return work()
    except Exception as error:
        response = getattr(error, "response", None)
        if response is None:
            fail(context, f"{doing}: {error}")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        details = response["Error"]
        fail(
            context,
            f"{doing}: operation error {getattr(error, 'operation_name', '')}, https response "
            f"error StatusCode: {status}, api error {details['Code']}: {details['Message']}",
        )


def main() -> NoReturn:
    """Serve until the engine ends."""
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(
            AwsProvider(), server
        )
    )
