"""The items of distributed Maps: what is read in the lake, and what goes together in a batch.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.documents import LARGEST_PAYLOAD
from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.interpreter.executions import Storage
from dorc_runtime.local.interpreter.state_fields import (
    StateError,
    StateFields,
    compact,
)
from dorc_runtime.local.json_text import parse_json

_LIST = "arn:aws:states:::s3:listObjectsV2"
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def read_items(fields: StateFields, lake: Storage) -> list[JsonValue]:
    """Return the items that a Map reads in the lake.

    Raises:
        StateError: They cannot be read.
    """
    reader = fields.state["ItemReader"]
    arguments = fields.typed("ItemReader/Arguments", reader.get("Arguments", {}), "object")
    most = fields.whole_number("ItemReader/ReaderConfig/MaxItems") or None
    config: Mapping[str, Any] = reader.get("ReaderConfig", {})
    try:
        if reader["Resource"] == _LIST:
            items = _listed(lake, arguments)
        else:
            body = lake.get(str(arguments.get("Bucket")), str(arguments.get("Key")))
            read = _READERS.get(config.get("InputType", ""), _unknown)
            items = read(body.decode("utf-8-sig"), config)
        return list(itertools.islice(items, most))
    except (UnknownNameError, ValueError) as error:
        raise StateError("States.ItemReaderFailed", str(error)) from error


def batches(fields: StateFields, events: Sequence[JsonValue]) -> list[tuple[JsonValue, int]]:
    """Return what each execution of a Map gets, and how many of the items ``events`` that is."""
    batcher = fields.state.get("ItemBatcher")
    if batcher is None:
        return [(event, 1) for event in events]
    most = fields.whole_number("ItemBatcher/MaxItemsPerBatch") or len(events)
    most_bytes = fields.whole_number("ItemBatcher/MaxInputBytesPerBatch") or LARGEST_PAYLOAD
    common: dict[str, JsonValue] = {}
    if "BatchInput" in batcher:
        path = "ItemBatcher/BatchInput"
        common["BatchInput"] = fields.evaluate(path, batcher["BatchInput"])
    parts: list[list[JsonValue]] = []
    size = 0
    for event in events:
        size += len(compact(event).encode())
        if not parts or len(parts[-1]) == most or size > most_bytes:
            parts.append([])
            size = len(compact(event).encode())
        parts[-1].append(event)
    return [({**common, "Items": part}, len(part)) for part in parts]


def _listed(lake: Storage, arguments: Mapping[str, JsonValue]) -> Iterator[JsonValue]:
    prefix = str(arguments.get("Prefix", ""))
    for stored in lake.objects(str(arguments["Bucket"])):
        if stored.key.startswith(prefix):
            yield {
                "Etag": f'"{stored.etag}"',
                "Key": stored.key,
                "LastModified": int(stored.last_modified.timestamp()),
                "Size": stored.size,
                "StorageClass": "STANDARD",
            }


def _csv(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = config.get("CSVHeaders") or next(lines, [])
    if len(set(names)) < len(names):
        raise ValueError("CSV headers cannot contain duplicates.")
    for line in lines:
        if line:
            cells = itertools.zip_longest(names, line[: len(names)], fillvalue="")
            yield dict(cells)


def _json(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    items: Any = parse_json(text)
    pointer = config.get("ItemsPointer", "")
    for key in pointer.split("/")[1:]:
        items = _pointed(items, key.replace("~1", "/").replace("~0", "~"))
    if not isinstance(items, list):
        raise ValueError("Attempting to map over non-iterable node.")  # noqa: TRY004 - no type of ours
    yield from items


def _unknown(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    raise ValueError(f"items of the InputType {config.get('InputType')} cannot be read here")


def _pointed(value: Any, key: str) -> Any:
    """Return what the part ``key`` of a JSON pointer leads to, None if nothing."""
    match value:
        case dict():
            return value.get(key)
        case list() if key.isdecimal() and int(key) < len(value):
            return value[int(key)]
        case _:
            return None


def _json_lines(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    yield from (parse_json(line) for line in text.split("\n") if line.strip())


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Iterator[JsonValue]]] = {
    "CSV": _csv,
    "JSON": _json,
    "JSONL": _json_lines,
}
