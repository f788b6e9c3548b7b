"""JSON that a user writes, read with the rules of the standard.

Python itself also takes NaN, the infinities and halves of characters, which AWS refuses.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import InputError

# Deeper values would reach Python's own limit in what reads, copies and prints them.
DEEPEST = 100


def parse_json(text: str | bytes) -> JsonValue:
    """Return the value of JSON text.

    Raises:
        ValueError: It is not JSON, or is nested more than ``DEEPEST`` deep.
    """
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise _too_deep() from None
    level: list[JsonValue] = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for each in level for inner in _members(each)]
    if level:
        raise _too_deep()
    json.dumps(value, ensure_ascii=False).encode()
    return value


def read_json(file: Path, *, name: str) -> JsonValue:
    """Return the value of a JSON file; raises an ``InputError`` that calls it ``name``."""
    try:
        return parse_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{name} is not JSON: {error}.") from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from error


def given_json(text: str, *, option: str) -> JsonValue:
    """Return the value of an option that is JSON, or the path of a JSON file.

    Raises ``InputError``, which names the ``option``.
    """
    if _is_file(text):
        return read_json(Path(text), name=text)
    try:
        return parse_json(text)
    except ValueError as error:
        raise InputError(
            f"{option} '{_short(text)}' is neither a file nor JSON ({error}): "
            f"""write {option} '{{"key": "value"}}', or the path of a JSON file."""
        ) from error


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # It is too long for a path, or has characters that a path cannot have.
        return False


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _members(value: JsonValue) -> Iterable[JsonValue]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no value of JSON, write null or a string")


def _too_deep() -> ValueError:
    return ValueError(f"lists and objects are nested more than {DEEPEST} deep")
