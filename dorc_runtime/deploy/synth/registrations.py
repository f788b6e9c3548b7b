"""A digest of everything that a program registers with Pulumi's engine.

Two runs of a program with the same digest ask the engine for the same: the requests are taken
whole, so that no input, option or version can be forgotten.
"""

import hashlib

from pulumi.runtime.proto import resource_pb2

# The signatures of assets and archives. The engine reads their files, the program does not.
# https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/rpc.py
_FILES = (b"c44067f5952c0a294b673a41bacd8c17", b"0def7320c3a5731c473e5ecbe6d01bc7")


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
        self._add(f"resource {urn}", copy.SerializeToString(deterministic=True))

    def add_outputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> None:
        """Add the outputs of a component or of the stack."""
        self._add(f"outputs {request.urn}", request.SerializeToString(deterministic=True))

    def digest(self) -> str | None:
        """Return the digest, None when the engine's work depends on more than the requests."""
        if self._depends_on_more:
            return None
        lines = (f"{key} {digest}\n" for key, digest in sorted(self._digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _add(self, key: str, request: bytes) -> None:
        self._depends_on_more |= any(signature in request for signature in _FILES)
        self._digests[key] = hashlib.sha256(request).hexdigest()
