"""A run, compared with what its example expects: ``examples/<case>/expected/``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dorc_runtime.errors import InputError
from dorc_runtime.testing.written_files import Row, ending, json_of, rows_of

if TYPE_CHECKING:
    from dorc_runtime.testing.pipeline_runs import PipelineRun

FOLDER = "expected"
OUTPUT = "output.json"
ERROR = "error.json"
_LAKE = "lake"
_TABLE_ITEMS, _MESSAGES = "tables", "messages"
# What the folder may have.
FILES = frozenset({OUTPUT, ERROR, _LAKE, _TABLE_ITEMS, _MESSAGES})
_TABLES = frozenset({"csv", "jsonl", "ndjson", "parquet"})
_SHOWN = 10


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


_MISSING = _Missing()


def differences(folder: Path, run: PipelineRun) -> list[str]:
    """Return how ``run`` differs from the expected files in ``folder``, a line each.

    ``output.json`` is compared with the output, or ``error.json`` with the error; each file below
    ``lake/<zone>/`` with the object that was written there: CSV, JSON, JSON Lines and Parquet by
    their values, others by their bytes. For each file, only the first differences are listed, with
    the number of the others.

    Raises:
        InputError: The folder expects nothing or a contradiction, or a file cannot be read.
    """
    objects = sorted(path for path in (folder / _LAKE).glob("*/**/*") if path.is_file())
    output, error = folder / OUTPUT, folder / ERROR
    records = sorted(
        file for kind in (_TABLE_ITEMS, _MESSAGES) for file in (folder / kind).glob("*.jsonl")
    )
    if not (output.is_file() or error.is_file() or objects or records):
        raise InputError(
            f"{folder} expects nothing: write {OUTPUT}, {ERROR}, or files under {_LAKE}/<zone>/, "
            f"{_TABLE_ITEMS}/ or {_MESSAGES}/."
        )
    if output.is_file() and error.is_file():
        raise InputError(f"{folder} expects an output and an error: remove {OUTPUT} or {ERROR}.")
    lines: list[str] = []
    if error.is_file():
        lines += _errors(expected_error(str(error), error.read_bytes()), run)
    elif not run.succeeded:
        return [f"the run failed with {run.error}: {run.cause} {run.advice}".rstrip()]
    elif output.is_file():
        value = json_of(str(output), output.read_bytes())
        lines += _first(list(_values("output", value, run.output)))
    for path in objects:
        key = path.relative_to(folder / _LAKE).as_posix()
        if key in run.lake:
            lines += _first(list(_contents(key, path.read_bytes(), run.lake[key])))
        else:
            lines.append(f"{key}: not written; written: {', '.join(run.lake) or 'nothing'}")
    for path in records:
        lines += _first(list(_records(path, run)))
    return lines


def expected_error(name: str, text: bytes) -> tuple[str, str]:
    """Return the error that ``error.json``, shown as ``name``, expects, and a part of its cause.

    Raises:
        InputError: It does not have that form.
    """
    match json_of(name, text):
        case {"error": str(error), **more} if more.keys() <= {"cause"}:
            cause = more.get("cause", "")
            if isinstance(cause, str):
                return error, cause
        case _:
            pass
    raise InputError(f'{name}: write {{"error": "<its name>"}}, and a "cause" if needed.')


def _errors(expected: tuple[str, str], run: PipelineRun) -> Iterator[str]:
    error, cause = expected
    if run.succeeded:
        yield f"error: expected {error!r}, but the run succeeded with {run.output!r}"
    elif run.error != error:
        yield f"error: expected {error!r}, found {run.error!r}: {run.cause}"
    elif cause not in run.cause:
        yield f"cause: expected {cause!r} in it, found {run.cause!r}"


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"... and {more} more"] if more > 0 else lines


def _contents(key: str, expected: bytes, found: bytes) -> Iterator[str]:
    if expected == found:
        return
    kind = ending(key)
    left, right = f"expected {key}", f"written {key}"
    try:
        if kind in _TABLES:
            yield from _tables(key, rows_of(left, expected), rows_of(right, found))
        elif kind == "json":
            yield from _values(key, json_of(left, expected), json_of(right, found))
        else:
            yield _bytes(key, expected, found)
    except InputError as error:
        yield str(error)


def _records(path: Path, run: PipelineRun) -> Iterator[str]:
    """Yield where the items of a table, or the messages of a topic or queue, differ."""
    kind, name = path.parent.name, path.stem
    found = run.tables if kind == _TABLE_ITEMS else run.messages
    place = f"{kind}/{path.name}"
    if name not in found:
        yield f"{place}: the run has none of that name; it has: {', '.join(found) or 'nothing'}"
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [
        json_of(f"expected/{place}:{number}", line.encode())
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if kind == _MESSAGES:
        yield from _values(place, list(expected), list(found[name]))
        return
    left, right = (_by_key(items, run.table_keys[name]) for items in (expected, found[name]))
    for key in dict.fromkeys([*left, *right]):
        one, other = left.get(key, _MISSING), right.get(key, _MISSING)
        yield from _values(f"{place}[{key}]", one, other)


def _by_key(items: Sequence[object], keys: Sequence[str]) -> dict[str, object]:
    """Return the items of a table by the text of their keys."""
    by_key: dict[str, object] = {}
    for item in items:
        values = item if isinstance(item, dict) else {}
        text = ", ".join(f"{key}={_key_text(values.get(key))}" for key in keys)
        while text in by_key:
            text += " again"
        by_key[text] = item
    return by_key


def _key_text(value: object) -> str:
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _tables(key: str, expected: list[Row], found: list[Row]) -> Iterator[str]:
    if len(expected) != len(found):
        yield f"{key}: rows: expected {len(expected)}, found {len(found)}"
    left, right = _columns(expected), _columns(found)
    if expected and found and left != right:
        yield f"{key}: columns: expected {', '.join(left)}; found {', '.join(right)}"
    for number, (one, other) in enumerate(zip(expected, found, strict=False), start=1):
        for column in (column for column in left if column in right):
            place = f"{key}: row {number}, column {column}"
            # In JSON Lines a row may lack columns that other rows have.
            yield from _values(place, one.get(column, _MISSING), other.get(column, _MISSING))


def _columns(rows: list[Row]) -> list[str]:
    return sorted({column for row in rows for column in row})


def _values(place: str, expected: object, found: object) -> Iterator[str]:
    """Yield where two values of JSON differ; 1 and 1.0 do not, 1 and true do."""
    match expected, found:
        case dict(), dict():
            for name in dict.fromkeys([*expected, *found]):
                one, other = expected.get(name, _MISSING), found.get(name, _MISSING)
                yield from _values(f"{place}.{name}", one, other)
        case list(), list():
            if len(expected) != len(found):
                yield f"{place}: expected {len(expected)} elements, found {len(found)}"
            for index, (one, other) in enumerate(zip(expected, found, strict=False)):
                yield from _values(f"{place}[{index}]", one, other)
        case _:
            if expected != found or isinstance(expected, bool) != isinstance(found, bool):
                yield f"{place}: expected {expected!r}, found {found!r}"


def _bytes(key: str, expected: bytes, found: bytes) -> str:
    if len(expected) != len(found):
        return f"{key}: expected {len(expected)} bytes, found {len(found)}"
    pairs = enumerate(zip(expected, found, strict=True))
    at = next(at for at, (one, other) in pairs if one != other)
    return f"{key}: byte {at}: expected {expected[at : at + 20]!r}, found {found[at : at + 20]!r}"
