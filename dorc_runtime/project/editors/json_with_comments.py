"""JSON files of people, as VS Code reads them: with comments, and commas after the last value.

https://code.visualstudio.com/docs/languages/json#_json-with-comments. Values are added to the text,
so that comments and the order stay as they are.
"""

import json
import re
from collections.abc import Mapping, Sequence
from json.decoder import JSONDecoder

from pydantic import JsonValue

_TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.DOTALL)
_SPACE = re.compile(r"\s*")
_INDENT = 4


def add_members(text: str, members: Mapping[str, JsonValue]) -> str:
    """Return the object in ``text`` with the ``members`` that it does not have.

    Raises ``ValueError`` if the text is not JSON, or not an object.
    """
    present, places = _object(text)
    missing = {name: value for name, value in members.items() if name not in present}
    return _inserted(text, places[""], [_member(*each) for each in missing.items()])


def add_items(text: str, name: str, items: Sequence[Mapping[str, JsonValue]]) -> str:
    """Return the object in ``text`` with ``items`` added to its list ``name``.

    An item is left out when the list has one with the same ``name``. Raises ``ValueError`` if the
    text is not JSON, not an object, or the member is not a list.
    """
    present, places = _object(text)
    listed = present.get(name, [])
    if not isinstance(listed, list):
        raise ValueError(f"'{name}' is not a list")  # noqa: TRY004 # as for any other text
    if name not in present:
        return add_members(text, {name: [dict(item) for item in items]})
    names = {each.get("name") for each in listed if isinstance(each, dict)}
    missing = [json.dumps(item, indent=_INDENT) for item in items if item["name"] not in names]
    return _inserted(text, places[name], missing, depth=2)


def _object(text: str) -> tuple[dict[str, JsonValue], dict[str, int]]:
    """Return the object in ``text``, and where its members begin; "" is the object itself."""
    plain = _LAST_COMMA.sub(_blank, _TOKENS.sub(_blank, text))
    value = json.loads(plain)
    if not isinstance(value, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 # as for any other text
    decoder = JSONDecoder()
    place = plain.index("{")
    places = {"": place}
    place = _after_space(plain, place + 1)
    while plain[place] == '"':
        name, place = decoder.raw_decode(plain, place)
        # After the colon, and after the comma.
        place = _after_space(plain, _after_space(plain, place) + 1)
        places[name] = place
        _, place = decoder.raw_decode(plain, place)
        place = _after_space(plain, place)
        if plain[place] == ",":
            place = _after_space(plain, place + 1)
    return value, places


def _inserted(text: str, place: int, values: Sequence[str], *, depth: int = 1) -> str:
    """Return ``text`` with ``values`` at the start of the object or list at ``place``."""
    if not values:
        return text
    before, after = text[: place + 1], text[place + 1 :]
    space = "\n" + " " * _INDENT * depth
    lines = [value.replace("\n", space) for value in values]
    is_empty = _LAST_COMMA.sub(_blank, _TOKENS.sub(_blank, after)).lstrip()[:1] in ("}", "]")
    end = "\n" + " " * _INDENT * (depth - 1) if is_empty else ","
    return before + space + f",{space}".join(lines) + end + (after.lstrip() if is_empty else after)


def _member(name: str, value: JsonValue) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, indent=_INDENT)}"


def _blank(match: re.Match[str]) -> str:
    """Return a comment or a comma as spaces, so that all places stay; a string as it is."""
    return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
