"""Property maps, as Pulumi's protocols have them and as plain Python."""

from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]

# The value in the protocols for what is not known before the resource exists.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def to_dict(message: struct_pb2.Struct) -> Properties:
    """Return a property map as plain Python; whole numbers become ints."""
    return {key: _from_value(value) for key, value in message.fields.items()}


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Return plain Python as a property map; None is left out."""
    given = {key: value for key, value in properties.items() if value is not None}
    return json_format.ParseDict(given, struct_pb2.Struct())


def has_unknown(value: object) -> bool:
    """Return whether a value is, or holds, one that is not known yet."""
    match value:
        case dict():
            return any(has_unknown(item) for item in value.values())
        case list():
            return any(has_unknown(item) for item in value)
        case _:
            return value == UNKNOWN


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return to_dict(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "string_value":
            return value.string_value
        case _:
            return None
