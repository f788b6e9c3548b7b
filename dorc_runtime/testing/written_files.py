"""The objects that a run wrote, and the rows of files."""

import csv
import importlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, TypeVar

from dorc_runtime.errors import InputError, ToolMissingError, UnknownNameError

Row = dict[str, object]
Record = TypeVar("Record")
# The endings of files that always have rows; JSON may have some.
TABLES = frozenset({"csv", "jsonl", "ndjson", "parquet"})


@dataclass(frozen=True)
class FileTable:
    """The table in a file: its columns in order, each with its type, and its rows.

    A type is "" in a format in which each value has its own.
    """

    columns: Mapping[str, str]
    rows: list[Row]


class Written(Mapping[str, bytes]):
    """The objects that a run wrote: their bytes by ``zone/key``."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self._objects = objects

    def __getitem__(self, key: str) -> bytes:
        return self._objects[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{key}: {len(body)} bytes" for key, body in self._objects.items())
        return f"Written({sizes})"

    def text(self, key: str) -> str:
        """Return an object's text.

        Raises:
            UnknownNameError: The run did not write ``key``.
            InputError: It is not UTF-8.
        """
        return _text(key, self._body(key))

    def rows(self, key: str) -> list[Row]:
        """Return the rows of an object: CSV (all values are text), JSON, JSON Lines or Parquet.

        Raises:
            UnknownNameError: The run did not write ``key``.
            InputError: Its content does not fit its ending, or the ending is another one.
            ToolMissingError: It is Parquet, and pyarrow is not installed.
        """
        return rows_of(key, self._body(key))

    def _body(self, key: str) -> bytes:
        if key not in self._objects:
            raise UnknownNameError("written object", key, list(self._objects))
        return self._objects[key]


class Records(dict[str, Sequence[Record]], Generic[Record]):
    """What a run left in services, by the names of tables, or of topics and queues."""

    def __missing__(self, name: str) -> Sequence[Record]:
        known = ", ".join(self) or "none"
        raise KeyError(f"the run has no '{name}'; known: {known}")


def ending(key: str) -> str:
    """Return the ending of ``key``, which says the kind of file, in lower case: ``csv``."""
    return PurePosixPath(key).suffix.removeprefix(".").lower()


def rows_of(key: str, body: bytes) -> list[Row]:
    """Return the rows of the file ``key``; see ``Written.rows``."""
    return table_of(key, body).rows


def table_of(key: str, body: bytes) -> FileTable:
    """Return the table in the file ``key``; raises what ``Written.rows`` does."""
    match ending(key):
        case "csv":
            return _csv_table(key, _text(key, body))
        case "jsonl" | "ndjson":
            lines = enumerate(_text(key, body).splitlines(), start=1)
            values = [json_of(f"{key}:{number}", line) for number, line in lines if line.strip()]
            return _objects(key, values)
        case "json":
            return _objects(key, json_of(key, _text(key, body)))
        case "parquet":
            return _parquet_table(key, body)
        case _:
            raise InputError(
                f"{key} has no rows: only .csv, .json, .jsonl, .ndjson and .parquet have rows."
            )


def json_of(name: str, text: str | bytes) -> object:
    """Return the value of JSON text; raises an ``InputError`` that names it."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not JSON: {error}.") from error
    return value


def _text(key: str, body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{key} is not text in UTF-8: {error}; use its bytes.") from error


def _csv_table(key: str, text: str) -> FileTable:
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
    except csv.Error as error:
        raise InputError(f"{key} is not CSV: {error}.") from error
    header, *lines = lines or [[]]
    for number, line in enumerate(lines, start=1):
        if len(line) != len(header):
            raise InputError(
                f"{key}: row {number} has {len(line)} fields, the header {len(header)}."
            )
    rows: list[Row] = [dict(zip(header, line, strict=True)) for line in lines]
    return FileTable(dict.fromkeys(header, "text"), rows)


def _objects(key: str, values: object) -> FileTable:
    if isinstance(values, list) and all(isinstance(value, dict) for value in values):
        return FileTable(dict.fromkeys((name for row in values for name in row), ""), values)
    raise InputError(f"{key} is not a list of objects: use json.loads(lake.text(...)).")


def _parquet_table(key: str, body: bytes) -> FileTable:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ToolMissingError(
            f"{key} is Parquet, which needs pyarrow: add it to pyproject.toml, `pip install -e .`."
        ) from error
    try:
        table = parquet.read_table(io.BytesIO(body))
        rows: list[Row] = table.to_pylist()
    except (OSError, ValueError) as error:
        # pyarrow's own errors derive from these.
        raise InputError(f"{key} is not Parquet: {error}.") from error
    # "large" is how a library had it in memory; in the file it is the same.
    types = {each.name: str(each.type).removeprefix("large_") for each in table.schema}
    return FileTable(types, rows)
