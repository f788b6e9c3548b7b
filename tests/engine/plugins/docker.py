"""A replacement for Pulumi's Docker provider: it hashes images, and pushes the hashes to ECR.

What a build would see is copied to ``DORC_ENGINE_IMAGES``, a folder by the digest, with the
arguments of the build in ``build.json``: whoever runs the image finds its files there. Each build
is a line in the file ``builds`` there.
"""

# ruff: noqa: N802 - the service's own names

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import NoReturn

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from .aws.calls import Aws
from .faults import inject_fault
from .properties import UNKNOWN, Properties, to_dict, to_struct
from .serving import fail, serve
from .versions import sdk_version

_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.[\w.]+/(?P<name>[^:@]+):(?P<tag>[^@]+)")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_Change = provider_pb2.PropertyDiff
_Diff = provider_pb2.DiffResponse


class DockerProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The service ``ResourceProvider``, only for ``docker:Image``."""

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version("docker"))

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _Diff:
        return _Diff(changes=_Diff.DIFF_NONE)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse a build without its files; return the inputs with the digest of the context."""
        inputs = to_dict(request.news)
        build = inputs["build"]
        for path, there in ((Path(build["context"]), "is_dir"), (_dockerfile(build), "is_file")):
            if not getattr(path, there)():
                failure = provider_pb2.CheckFailure(
                    property="build", reason=f"{path} does not exist"
                )
                return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        inputs["build"] = {**build, "contextDigest": _context_digest(build)}
        return provider_pb2.CheckResponse(inputs=to_struct(inputs))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> _Diff:
        old, new = _compared(request.old_inputs), _compared(request.news)
        changed = sorted(name for name in old | new if old.get(name) != new.get(name))
        return _Diff(
            changes=_Diff.DIFF_SOME if changed else _Diff.DIFF_NONE,
            diffs=changed,
            detailedDiff={name: _Change(kind=_Change.UPDATE, inputDiff=True) for name in changed},
            hasDetailedDiff=True,
        )

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        new = to_dict(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct({"repoDigest": UNKNOWN, **new}))
        digest, state = _made(request.urn, new, context)
        return provider_pb2.CreateResponse(id=digest, properties=to_struct(state))

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        new = to_dict(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({"repoDigest": UNKNOWN, **new}))
        _, state = _made(request.urn, new, context)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Delete(
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Keep the image in the registry, as the real provider does."""
        return empty_pb2.Empty()


def _compared(message: struct_pb2.Struct) -> Properties:
    """Return the properties without those that change in every run and do not change the image."""
    properties = to_dict(message)
    match properties.get("registry"):
        case {"server": server}:
            return {**properties, "registry": server}
        case _:
            return properties


def _made(urn: str, new: Properties, context: grpc.ServicerContext) -> tuple[str, Properties]:
    """Hash and push the image; return the digest and the resource's state."""
    name, build = new["imageName"], new["build"]
    seen = {key: build.get(key) for key in ("args", "platform", "target", "contextDigest")}
    digest = _digest(seen)
    try:
        inject_fault(urn)
        _keep(name, build, digest)
        _push(name, digest)
    except Exception as error:
        fail(context, f"failed to push image: {error}")
    repository = name.rpartition(":")[0]
    outputs = {"baseImageName": name, "registryServer": name.split("/")[0]}
    return digest, {**new, **outputs, "repoDigest": f"{repository}@{digest}"}


def _dockerfile(build: Properties) -> Path:
    return Path(build.get("dockerfile") or Path(build["context"], "Dockerfile"))


def _context_digest(build: Properties) -> str:
    context = Path(build["context"])
    files = {
        path.relative_to(context).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(context.rglob("*"))
        if path.is_file()
    }
    return _digest([files, hashlib.sha256(_dockerfile(build).read_bytes()).hexdigest()])


def _digest(value: object) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _keep(name: str, build: Properties, digest: str) -> None:
    images = Path(os.environ["DORC_ENGINE_IMAGES"])
    with (images / "builds").open("a", encoding="utf-8") as builds:
        builds.write(f"{name}\n")
    folder = images / digest.removeprefix("sha256:")
    shutil.copytree(build["context"], folder / "context", dirs_exist_ok=True)
    text = json.dumps({"args": build.get("args", {}), "platform": build.get("platform")})
    (folder / "build.json").write_text(text, encoding="utf-8")


def _push(image: str, digest: str) -> None:
    match = _ECR.fullmatch(image)
    if match is None:
        raise ValueError(f"{image} is no image with a tag in ECR")
    ecr, name, tag = Aws(match["region"]).client("ecr"), match["name"], match["tag"]
    details = ecr.describe_images(repositoryName=name)["imageDetails"]
    there = [found["imageDigest"] for found in details if tag in found.get("imageTags", [])]
    if there == [digest]:
        return
    [repository] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    if there and repository["imageTagMutability"] == "IMMUTABLE":
        # moto would overwrite it.
        raise ValueError(
            f"tag invalid: The image tag '{tag}' already exists in the '{name}' repository and "
            "cannot be overwritten because the tag is immutable."
        )
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": {"digest": digest}}
    ecr.put_image(
        repositoryName=name,
        imageManifest=json.dumps(manifest),
        imageTag=tag,
        imageDigest=digest,
    )


def main() -> NoReturn:
    """Serve until the engine ends."""
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(
            DockerProvider(), server
        )
    )
