"""What an example expects of its run, compared with what came: ``examples/<case>/expected/``."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from dorc_runtime.errors import InputError
from dorc_runtime.testing.written import Row, ending, json_of, rows_of

FOLDER = "expected"
_OUTPUT = "output.json"
_LAKE = "lake"
_TABLES = frozenset({"csv", "jsonl", "ndjson", "parquet"})
_SHOWN = 10


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


_MISSING = _Missing()


def differences(folder: Path, *, output: object, written: Mapping[str, bytes]) -> list[str]:
    """Return how a run differs from the expected files in ``folder``, a line for each difference.

    ``output.json`` is compared with the output, each file below ``lake/<zone>/`` with the object
    that was written there: CSV, JSON, JSON Lines and Parquet by what they hold, others by their
    bytes. Of a file's differences the first ones are told, and how many more there are.

    Raises:
        InputError: The folder expects nothing, or a file in it cannot be read.
    """
    expected = folder / _OUTPUT
    objects = sorted(path for path in (folder / _LAKE).glob("*/**/*") if path.is_file())
    if not expected.is_file() and not objects:
        raise InputError(
            f"{folder} expects nothing: write {_OUTPUT}, or files under {_LAKE}/<zone>/."
        )
    found: list[str] = []
    if expected.is_file():
        value = json_of(str(expected), expected.read_bytes())
        found += _first(list(_values("output", value, output)))
    for path in objects:
        key = path.relative_to(folder / _LAKE).as_posix()
        if key in written:
            found += _first(list(_contents(key, path.read_bytes(), written[key])))
        else:
            found.append(f"{key}: not written; written: {', '.join(written) or 'nothing'}")
    return found


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"... and {more} more"] if more > 0 else lines


def _contents(key: str, expected: bytes, found: bytes) -> Iterator[str]:
    if expected == found:
        return
    kind = ending(key)
    wanted, came = f"expected {key}", f"written {key}"
    try:
        if kind in _TABLES:
            yield from _tables(key, rows_of(wanted, expected), rows_of(came, found))
        elif kind == "json":
            yield from _values(key, json_of(wanted, expected), json_of(came, found))
        else:
            yield _bytes(key, expected, found)
    except InputError as error:
        yield str(error)


def _tables(key: str, expected: list[Row], found: list[Row]) -> Iterator[str]:
    if len(expected) != len(found):
        yield f"{key}: rows: expected {len(expected)}, found {len(found)}"
    wanted, came = _columns(expected), _columns(found)
    if expected and found and wanted != came:
        yield f"{key}: columns: expected {', '.join(wanted)}; found {', '.join(came)}"
    for number, (one, other) in enumerate(zip(expected, found, strict=False), start=1):
        for column in (column for column in wanted if column in came):
            place = f"{key}: row {number}, column {column}"
            # In JSON Lines a row may lack what other rows have.
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
