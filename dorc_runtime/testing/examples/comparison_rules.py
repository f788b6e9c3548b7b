"""What may differ from the expected files of an example: ``examples/<case>/expected.toml``."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dorc_runtime.errors import InputError, suggestion

FILE = "expected.toml"


@dataclass(frozen=True)
class Rule:
    """How a file is compared.

    Rows, or messages, may be in any order with ``ignore_order``. Numbers may differ by
    ``tolerance``. Columns and fields named in ``ignore`` are not compared. With ``by_value``, which
    no file sets, 1 and 1.0 are the same number.
    """

    ignore_order: bool = False
    tolerance: float = 0
    ignore: frozenset[str] = frozenset()
    by_value: bool = False

    def joined(self, other: "Rule") -> "Rule":
        """Return a rule that allows what either of two allows."""
        return Rule(
            self.ignore_order or other.ignore_order,
            max(self.tolerance, other.tolerance),
            self.ignore | other.ignore,
        )


_KEYS = tuple(each.name for each in fields(Rule) if each.name != "by_value")
_FORMS = {
    "ignore_order": "true or false",
    "tolerance": "a number that is not negative",
    "ignore": "a list of names of columns",
}


class Rules:
    """The rules of one example, by the patterns of files in ``expected/``."""

    def __init__(self, by_pattern: Mapping[str, Rule]) -> None:
        self._by_pattern = by_pattern

    def of(self, file: str, *, by_value: bool = False) -> Rule:
        """Return how ``file``, a path in ``expected/``, is compared."""
        rule = Rule()
        for pattern, other in self._by_pattern.items():
            if fnmatchcase(file, pattern):
                rule = rule.joined(other)
        return replace(rule, by_value=by_value)


def read_rules(example: Path, files: Sequence[str]) -> Rules:
    """Return the rules of an example with ``files``, paths in ``expected/``.

    Raises:
        InputError: ``expected.toml`` has a mistake.
    """
    for problem in rule_problems(example, files, name=str(example / FILE)):
        raise InputError(problem)
    tables = _tables(example)
    return Rules({pattern: _rule(table) for pattern, table in tables.items()})


def rule_problems(example: Path, files: Sequence[str], *, name: str) -> Iterator[str]:
    """Yield the mistakes in ``expected.toml``, which is shown as ``name``."""
    try:
        tables = _tables(example)
    except (OSError, ValueError) as error:
        yield f"{name} cannot be read: {error}."
        return
    for pattern, table in tables.items():
        if not isinstance(table, dict):
            yield f"{name}: write [\"<file>\"] above '{pattern}', with a path in expected/."
            continue
        if not any(fnmatchcase(file, pattern) for file in files):
            yield f"{name}: '{pattern}' matches no file in expected/.{_similar(pattern, files)}"
        for key, value in table.items():
            if key not in _KEYS:
                known = suggestion(key, _KEYS) or f" Known: {', '.join(_KEYS)}."
                yield f"{name}: '{pattern}' has the unknown key '{key}'.{known}"
            elif not _fits(key, value):
                yield f"{name}: '{pattern}': {key} has to be {_FORMS[key]}, not {value!r}."


def _similar(pattern: str, files: Sequence[str]) -> str:
    near = get_close_matches(pattern, files, n=1) or [
        file for file in files if fnmatchcase(file, f"lake/{pattern}")
    ]
    return f" Did you mean '{near[0]}'?" if near else f" It has: {', '.join(files) or 'none'}."


def _fits(key: str, value: object) -> bool:
    match key, value:
        case "ignore_order", bool():
            return True
        case "tolerance", bool():
            return False
        case "tolerance", int() | float():
            return value >= 0
        case "ignore", list():
            return all(isinstance(name, str) for name in value)
        case _:
            return False


def _rule(table: Mapping[str, Any]) -> Rule:
    return Rule(
        table.get("ignore_order", False),
        table.get("tolerance", 0),
        frozenset(table.get("ignore", ())),
    )


def _tables(example: Path) -> dict[str, Any]:
    file = example / FILE
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
