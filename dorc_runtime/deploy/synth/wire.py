"""Values in Pulumi's encoding, and as JSON.

The signatures are those of Pulumi's SDK:
https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/rpc.py
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf import struct_pb2
from pydantic import JsonValue

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 # a mark, the same for all


# Shown instead of the value of a secret.
HIDDEN = "[secret]"


@dataclass(frozen=True)
class Properties:
    """The properties of a resource; ``secrets`` are the paths of those that are secret."""

    values: dict[str, JsonValue]
    secrets: tuple[str, ...]


def read_properties(sent: struct_pb2.Struct, *, hiding: bool = True) -> Properties:
    """Return the properties that Pulumi sent; ``hiding`` hides the values of secrets."""
    reader = _Reader(hiding)
    # The fields of a message have no fixed order.
    values = {name: reader.value(sent.fields[name], name) for name in sorted(sent.fields)}
    return Properties(values, tuple(reader.secrets))


def properties(values: Mapping[str, JsonValue]) -> struct_pb2.Struct:
    """Return ``values`` in Pulumi's encoding."""
    sent = struct_pb2.Struct()
    sent.update(values)
    return sent


def has_secret(value: JsonValue) -> bool:
    """Return whether ``value``, as a state has it, is a secret or contains one."""
    match value:
        case dict():
            return value.get(_SIGNATURE) == _SECRET or any(map(has_secret, value.values()))
        case list():
            return any(map(has_secret, value))
        case _:
            return False


def secret(value: JsonValue) -> JsonValue:
    """Return ``value`` marked as a secret for Pulumi."""
    return {_SIGNATURE: _SECRET, "value": value}


@dataclass
class _Reader:
    hiding: bool
    secrets: list[str] = field(default_factory=list)

    def value(self, sent: struct_pb2.Value, path: str) -> JsonValue:
        match sent.WhichOneof("kind"):
            case "string_value":
                return str(sent.string_value)
            case "number_value":
                number = float(sent.number_value)
                return int(number) if number.is_integer() else number
            case "bool_value":
                return bool(sent.bool_value)
            case "list_value":
                items = enumerate(sent.list_value.values)
                return [self.value(item, f"{path}[{index}]") for index, item in items]
            case "struct_value":
                return self._mapping(sent.struct_value, path)
            case _:
                return None

    def _mapping(self, sent: struct_pb2.Struct, path: str) -> JsonValue:
        fields = sent.fields
        if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
            self.secrets.append(path)
            return HIDDEN if self.hiding else self.value(fields["value"], path)
        return {name: self.value(fields[name], f"{path}.{name}") for name in sorted(fields)}
