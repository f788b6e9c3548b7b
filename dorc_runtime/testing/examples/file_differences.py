"""Two versions of a file, or two values of JSON, compared: a line for each difference."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple

from dorc_runtime.errors import InputError
from dorc_runtime.testing.examples.comparison_rules import Rule
from dorc_runtime.testing.written_files import TABLES, FileTable, Row, ending, json_of, table_of

_LONGEST_VALUE = 200

# The numbers of a row, its place, and the row.
_Numbered = tuple[tuple[float, ...], int, object]


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


class _Rows(NamedTuple):
    """Rows with their numbers: in ``pairs``, and those that only one side has."""

    pairs: list[tuple[int, object, object]]
    missing: list[tuple[int, object]]
    extra: list[tuple[int, object]]


def content_differences(key: str, expected: bytes, found: bytes, rule: Rule) -> Iterator[str]:
    """Yield how the object ``key`` differs: tables and JSON by values, others by bytes."""
    if expected == found:
        return
    left, right = f"expected {key}", f"written {key}"
    try:
        if ending(key) in TABLES:
            yield from _tables(key, table_of(left, expected), table_of(right, found), rule)
        elif ending(key) == "json":
            one, other = json_of(left, expected), json_of(right, found)
            if _is_table(one) and _is_table(other):
                yield from _tables(key, table_of(left, expected), table_of(right, found), rule)
            else:
                yield from value_differences(key, one, other, rule)
        else:
            yield _bytes(key, expected, found)
    except InputError as error:
        yield str(error)


def value_differences(place: str, expected: object, found: object, rule: Rule) -> Iterator[str]:
    """Yield where two values of JSON, or of the cells of a table, differ."""
    match expected, found:
        case dict(), dict():
            for name in dict.fromkeys([*expected, *found]):
                if name not in rule.ignore:
                    one, other = expected.get(name, MISSING), found.get(name, MISSING)
                    yield from value_differences(f"{place}.{name}", one, other, rule)
        case list(), list():
            yield from list_differences(place, expected, found, rule)
        case _:
            if not _is_same(expected, found, rule):
                yield f"{place}: expected {_shown(expected)}, found {_shown(found)}"


def list_differences(
    place: str, expected: Sequence[object], found: Sequence[object], rule: Rule
) -> Iterator[str]:
    """Yield where two lists differ; the elements of the lists in them are always in order."""
    if len(expected) != len(found):
        yield f"{place}: expected {len(expected)} elements, found {len(found)}"
    if not rule.ignore_order:
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from value_differences(f"{place}[{index}]", one, other, rule)
        return
    rows = _in_any_order(expected, found, rule)
    for number, one, other in rows.pairs:
        yield from value_differences(f"{place}[{number - 1}]", one, other, rule)
    for number, one in rows.missing:
        yield f"{place}[{number - 1}]: expected {_shown(one)}, not found"
    for number, other in rows.extra:
        yield f"{place}[{number - 1}]: found {_shown(other)}, not expected"


def _tables(key: str, expected: FileTable, found: FileTable, rule: Rule) -> Iterator[str]:
    left, right = (
        [name for name in table.columns if name not in rule.ignore] for table in (expected, found)
    )
    both = [name for name in left if name in right]
    if sorted(left) != sorted(right):
        yield f"{key}: columns: expected {', '.join(left)}; found {', '.join(right)}"
    elif left != right:
        yield (f"{key}: order of columns: expected {', '.join(left)}; found {', '.join(right)}")
    for name in both:
        one, other = expected.columns[name], found.columns[name]
        if one != other:
            yield f"{key}: column {name}: expected the type {one}, found {other}"
    if len(expected.rows) != len(found.rows):
        yield f"{key}: rows: expected {len(expected.rows)}, found {len(found.rows)}"
    # The type of a column is compared already, where it has one.
    rule = replace(rule, by_value=all(expected.columns[name] for name in both))
    paired = _in_any_order if rule.ignore_order else _in_order
    rows = paired(_selected(expected.rows, both), _selected(found.rows, both), rule)
    for number, one_row, other_row in rows.pairs:
        if not (rule.by_value and one_row == other_row):
            yield from _cells(f"{key}: row {number}", one_row, other_row, rule)
    for number, row in rows.missing:
        yield f"{key}: row {number}: expected {_shown(row)}, not found"
    for number, row in rows.extra:
        yield f"{key}: row {number}: found {_shown(row)}, not expected"


def _selected(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """Return rows with the given columns; in JSON Lines, a row may lack some of them."""
    return [{name: row.get(name, MISSING) for name in columns} for row in rows]


def _cells(row: str, expected: object, found: object, rule: Rule) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            yield from value_differences(f"{row}, column {name}", value, found[name], rule)


def _in_order(expected: Sequence[Row], found: Sequence[Row], rule: Rule) -> _Rows:
    """Return the rows that are at the same place, if rows are missing from the first difference.

    Where only one side has more rows there, these alone differ.
    """
    start, end = 0, 0
    shorter = min(len(expected), len(found))
    if len(expected) != len(found):
        while start < shorter and _are_same(expected[start], found[start], rule):
            start += 1
        while end < shorter - start and _are_same(expected[-1 - end], found[-1 - end], rule):
            end += 1
    left = list(enumerate(expected, start=1))[start : len(expected) - end]
    right = list(enumerate(found, start=1))[start : len(found) - end]
    number = min(len(left), len(right))
    pairs: list[tuple[int, object, object]] = [
        (place, one, right[index][1]) for index, (place, one) in enumerate(left[:number])
    ]
    return _Rows(pairs, [*left[number:]], [*right[number:]])


def _in_any_order(expected: Sequence[object], found: Sequence[object], rule: Rule) -> _Rows:
    """Return each row with the one that is equal but for numbers, or else with any that is left."""
    rows = _Rows([], [], [])
    groups: dict[str, tuple[list[_Numbered], list[_Numbered]]] = defaultdict(lambda: ([], []))
    for side, values in enumerate((expected, found)):
        for number, row in enumerate(values, start=1):
            text, numbers = _order_of(row, rule)
            groups[text][side].append((numbers, number, row))
    for left, right in groups.values():
        left.sort(key=lambda each: each[:2])
        right.sort(key=lambda each: each[:2])
        both = min(len(left), len(right))
        rows.pairs.extend(
            (one[1], one[2], other[2]) for one, other in zip(left, right, strict=False)
        )
        rows.missing.extend((number, row) for _, number, row in left[both:])
        rows.extra.extend((number, row) for _, number, row in right[both:])
    if len(rows.missing) == len(rows.extra):
        rows.pairs.extend(
            (number, one, other)
            for (number, one), (_, other) in zip(rows.missing, rows.extra, strict=True)
        )
        rows.missing.clear()
        rows.extra.clear()
    rows.pairs.sort(key=lambda pair: pair[0])
    return rows


def _order_of(row: object, rule: Rule) -> tuple[str, tuple[float, ...]]:
    """Return what is the same in equal rows, and the numbers that a tolerance is for."""
    if not isinstance(row, Mapping):
        return repr(row), ()
    cells = {name: value for name, value in sorted(row.items()) if name not in rule.ignore}
    numbers = {name: _number(value) for name, value in cells.items()} if rule.tolerance else {}
    texts = [(name, value) for name, value in cells.items() if numbers.get(name) is None]
    return repr(texts), tuple(number for number in numbers.values() if number is not None)


def _are_same(expected: Row, found: Row, rule: Rule) -> bool:
    return next(_cells("", expected, found, rule), None) is None


def _is_same(expected: object, found: object, rule: Rule) -> bool:
    if rule.tolerance:
        one, other = _number(expected), _number(found)
        if one is not None and other is not None:
            return math.isclose(one, other, rel_tol=1e-12, abs_tol=rule.tolerance)
    if isinstance(expected, float) and isinstance(found, float) and math.isnan(expected):
        return math.isnan(found)
    if expected != found or isinstance(expected, bool) != isinstance(found, bool):
        return False
    return rule.by_value or isinstance(expected, float) == isinstance(found, float)


def _number(value: object) -> float | None:
    """Return a number, or a text that is one, as cells of CSV are; None for all else."""
    if isinstance(value, int | float | Decimal | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
            return number if math.isfinite(number) else None
    return None


def _is_table(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, date | time | Decimal) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _bytes(key: str, expected: bytes, found: bytes) -> str:
    if len(expected) != len(found):
        return f"{key}: expected {len(expected)} bytes, found {len(found)}"
    pairs = enumerate(zip(expected, found, strict=True))
    at = next(at for at, (one, other) in pairs if one != other)
    return f"{key}: byte {at}: expected {expected[at : at + 20]!r}, found {found[at : at + 20]!r}"
