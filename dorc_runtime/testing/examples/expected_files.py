"""A run, compared with what its example expects: ``examples/<case>/expected/``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dorc_runtime.errors import InputError
from dorc_runtime.testing.examples.comparison_rules import Rule, Rules, read_rules
from dorc_runtime.testing.examples.file_differences import (
    MISSING,
    content_differences,
    list_differences,
    value_differences,
)
from dorc_runtime.testing.written_files import json_of

if TYPE_CHECKING:
    from dorc_runtime.testing.pipeline_runs import PipelineRun

FOLDER = "expected"
OUTPUT = "output.json"
ERROR = "error.json"
LAKE = "lake"
TABLE_ITEMS, MESSAGES = "tables", "messages"
# What the folder may have.
FILES = frozenset({OUTPUT, ERROR, LAKE, TABLE_ITEMS, MESSAGES})
_SHOWN = 10


def differences(folder: Path, run: PipelineRun) -> list[str]:
    """Return how ``run`` differs from the expected files in ``folder``, a line each.

    Raises:
        InputError: The folder expects nothing or a contradiction, or a file cannot be read.
    """
    files = expected_files(folder)
    if not files:
        raise InputError(
            f"{folder} expects nothing: write {OUTPUT}, {ERROR}, or files under {LAKE}/<zone>/, "
            f"{TABLE_ITEMS}/ or {MESSAGES}/."
        )
    if OUTPUT in files and ERROR in files:
        raise InputError(f"{folder} expects an output and an error: remove {OUTPUT} or {ERROR}.")
    rules = read_rules(folder.parent, files)
    if ERROR not in files and not run.succeeded:
        return [f"the run failed: {run.failure!r}"]
    return [line for file in files for line in file_differences(folder, file, run, rules)]


def expected_files(folder: Path) -> list[str]:
    """Return the paths in ``folder`` that runs are compared with."""
    files = [name for name in (ERROR, OUTPUT) if (folder / name).is_file()]
    for pattern in (f"{LAKE}/*/**/*", f"{TABLE_ITEMS}/*.jsonl", f"{MESSAGES}/*.jsonl"):
        paths = sorted(path for path in folder.glob(pattern) if path.is_file())
        files += [path.relative_to(folder).as_posix() for path in paths]
    return files


def file_differences(folder: Path, file: str, run: PipelineRun, rules: Rules) -> list[str]:
    """Return how ``run`` differs from one expected file, with the first differences only.

    ``output.json`` is compared with the output, ``error.json`` with the error; a file below
    ``lake/<zone>/`` with the object that was written there: CSV, JSON, JSON Lines and Parquet by
    the names, order and types of their columns and by their values, others by their bytes.

    Raises:
        InputError: The file cannot be read.
    """
    kind, _, key = file.partition("/")
    path = folder / file
    match kind:
        case "error.json":
            lines = list(_errors(expected_error(str(path), path.read_bytes()), run))
        case "output.json":
            value = json_of(str(path), path.read_bytes())
            rule = rules.of(file, by_value=True)
            lines = list(value_differences("output", value, run.output, rule))
        case "lake" if key in run.lake:
            rule = rules.of(file)
            lines = list(content_differences(key, path.read_bytes(), run.lake[key], rule))
        case "lake":
            lines = [f"{key}: not written; written: {', '.join(run.lake) or 'nothing'}"]
        case _:
            lines = list(_records(path, run, rules.of(file, by_value=True)))
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"{key or kind}: {more} more differences"] if more > 0 else lines


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
        yield f"error: expected {error!r}, found {run.error!r}"
    elif cause not in run.cause:
        yield f"cause: expected {cause!r} in it, found {run.cause!r}"


def _records(path: Path, run: PipelineRun, rule: Rule) -> Iterator[str]:
    """Yield where the items of a table, or the messages of a topic or queue, differ."""
    kind, name = path.parent.name, path.stem
    found = run.tables if kind == TABLE_ITEMS else run.messages
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
    if kind == MESSAGES:
        yield from list_differences(place, expected, found[name], rule)
        return
    left, right = (_by_key(items, run.table_keys[name]) for items in (expected, found[name]))
    for key in dict.fromkeys([*left, *right]):
        one, other = left.get(key, MISSING), right.get(key, MISSING)
        yield from value_differences(f"{place}[{key}]", one, other, rule)


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
