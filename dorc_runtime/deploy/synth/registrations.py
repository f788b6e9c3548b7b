"""A digest of everything that a program registers with Pulumi's engine.

Two runs of a program with the same digest ask the engine for the same: the requests are taken
whole, so that no input, option or version can be forgotten.
"""

import hashlib
from collections.abc import Iterator

from google.protobuf import struct_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import resource_pb2

# The signatures of assets and archives, under their key. The engine reads their files, and the
# program does not; those that are made of texts have the texts.
# https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/rpc.py
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_FILES = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
_ADDRESSES = ("path", "uri")


class Registrations:
    """The requests of one run of a program."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._depends_on_more = False

    def add_resource(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        """Add the registration of a resource."""
        copy = resource_pb2.RegisterResourceRequest()
        copy.CopyFrom(request)
        # They have paths and lines of the program.
        for name in ("sourcePosition", "stackTrace", "parentStackTraceHandle"):
            copy.ClearField(name)
        # The SDK collects them in sets.
        copy.dependencies.sort()
        for each in copy.propertyDependencies.values():
            each.urns.sort()
        # A remote component, a transform and a hook run code that this run does not.
        self._depends_on_more |= bool(copy.remote or copy.transforms or copy.hooks.ByteSize())
        self._add(f"resource {urn}", copy, copy.object)

    def add_outputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> None:
        """Add the outputs of a component or of the stack."""
        self._add(f"outputs {request.urn}", request, request.outputs)

    def digest(self) -> str | None:
        """Return the digest, None when the engine's work depends on more than the requests."""
        if self._depends_on_more:
            return None
        lines = (f"{key} {digest}\n" for key, digest in sorted(self._digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _add(self, key: str, request: Message, values: struct_pb2.Struct) -> None:
        whole = request.SerializeToString(deterministic=True)
        # Few requests have one, and all have many values.
        if any(signature.encode() in whole for signature in _FILES):
            self._depends_on_more |= _reads_files(values)
        self._digests[key] = hashlib.sha256(whole).hexdigest()


def _reads_files(value: struct_pb2.Struct) -> bool:
    """Return whether an asset or archive in ``value`` is a file."""
    fields = value.fields
    is_asset = _SIGNATURE in fields and fields[_SIGNATURE].string_value in _FILES
    if is_asset and any(name in fields for name in _ADDRESSES):
        return True
    return any(_reads_files(inner) for each in fields.values() for inner in _structs(each))


def _structs(value: struct_pb2.Value) -> Iterator[struct_pb2.Struct]:
    """Yield the objects that ``value`` is, or lists."""
    match value.WhichOneof("kind"):
        case "struct_value":
            yield value.struct_value
        case "list_value":
            for each in value.list_value.values:
                yield from _structs(each)
        case _:
            pass
