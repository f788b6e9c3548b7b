"""Pulumi's properties as AWS's parameters: only case, plural and structure differ.

botocore describes what each operation takes, so most properties need no table of their own:
``roleArn`` is ``RoleArn``, tags are a list of pairs, a block in a list of one is a structure.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

# A property that the program no longer has: it is sent as the empty value of its type.
EMPTY = object()

# The parameters of properties that have another name there.
Rename = Mapping[str, tuple[str, ...]]


@cache
def plain(name: str) -> str:
    """Return a name without case, separators and plural, to compare it by."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).rstrip("s")


def source_of(parameter: str, properties: Mapping[str, Any], rename: Rename) -> str | None:
    """Return the property of a parameter of an operation, if there is one."""
    for name in properties:
        if parameter in rename[name] if name in rename else plain(name) == plain(parameter):
            return name
    return None


def convert(shape: Any, value: Any) -> Any:
    """Return a property in the form of a botocore shape; None to send nothing."""
    kind = shape.type_name
    if value is EMPTY:
        return {"structure": {}, "map": {}, "list": [], "string": ""}.get(kind)
    match kind:
        case "structure":
            return _structure(shape, value)
        case "list":
            return _list(shape, value)
        case "map":
            return {key: convert(shape.value, item) for key, item in value.items()}
        case "string":
            return value if isinstance(value, str) else json.dumps(value)
        case "boolean":
            return value in (True, "true")
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case _:
            return value


def mirror(value: Any, live: Any, rename: Rename) -> Any:
    """Return a property with the values of AWS; what AWS does not return stays."""
    if live is None or same_document(value, live):
        return value
    match value:
        case str() if isinstance(live, dict | list):
            return json.dumps(live)
        case dict():
            return _mirrored_block(value, live, rename)
        case list():
            return _mirrored_list(value, live)
        case bool():
            return live in (True, "true", "True")
        case int() | float():
            return type(value)(live)
        case _:
            return str(live)


def same_document(one: object, other: object) -> bool:
    """Return whether two values, each JSON or a text of it, mean the same."""
    return bool(parsed(one) == parsed(other))


def parsed(value: Any) -> Any:
    """Return a value to compare, with texts of JSON parsed."""
    match value:
        case dict():
            return {key: parsed(item) for key, item in value.items()}
        case list():
            return [parsed(item) for item in value]
        case str() if value[:1] in ("{", "["):
            try:
                return json.loads(value)
            except ValueError:
                return value
        case _:
            return value


def _structure(shape: Any, value: Any) -> dict[str, Any]:
    block = (value[0] if value else {}) if isinstance(value, list) else value
    sources = {member: source_of(member, block, {}) for member in shape.members}
    pairs = {
        member: convert(shape.members[member], block[name])
        for member, name in sources.items()
        if name is not None and block[name] is not None
    }
    return {member: item for member, item in pairs.items() if item is not None}


def _list(shape: Any, value: Any) -> list[Any]:
    if isinstance(value, dict) and shape.member.type_name == "structure":
        pair = _pair(shape.member.members)
        if pair:
            key, item = pair
            inner = shape.member.members[item]
            return [{key: name, item: convert(inner, given)} for name, given in value.items()]
    return [convert(shape.member, item) for item in (value if isinstance(value, list) else [value])]


def _pair(members: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the two members of a list that stands for a map, such as tags and dimensions."""
    keys = [member for member in members if plain(member) in ("key", "tagkey", "name")]
    values = [member for member in members if plain(member) in ("value", "tagvalue")]
    return (keys[0], values[0]) if keys and values else None


def _mirrored_block(value: dict[str, Any], live: Any, rename: Rename) -> Any:
    if isinstance(live, list) and len(live) == 1 and not _pair(live[0]):
        live = live[0]
    if isinstance(live, list):
        pair = _pair(live[0]) if live and isinstance(live[0], dict) else None
        if pair:
            return {item[pair[0]]: item[pair[1]] for item in live}
        return value if live else {}
    if not isinstance(live, dict):
        return value
    return {name: mirror(item, _found(live, name, rename), {}) for name, item in value.items()}


def _mirrored_list(value: list[Any], live: Any) -> Any:
    if isinstance(live, dict):
        return [mirror(value[0], live, {})] if len(value) == 1 else value
    if not isinstance(live, list):
        return value
    if live and all(isinstance(item, str) for item in live):
        return value if sorted(map(str, value)) == sorted(live) else live
    if len(live) != len(value):
        return value
    return [mirror(mine, theirs, {}) for mine, theirs in zip(value, live, strict=True)]


def _found(live: Mapping[str, Any], name: str, rename: Rename) -> Any:
    names = {plain(new) for new in rename.get(name, (name,))}
    return next((item for member, item in live.items() if plain(member) in names), None)
