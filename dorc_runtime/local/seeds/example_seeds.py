"""The items, messages and parameters that are in services before a run.

In ``examples/<case>/``: ``tables/<name>.jsonl`` has an item of a table in each line,
``queues/<name>.jsonl`` a message, and ``parameters.toml`` the parameters of SSM by their names.
``topics/<name>.jsonl`` has messages that start the pipeline.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import JsonValue

from dorc_runtime.errors import DorcError, InputError, UnknownNameError
from dorc_runtime.local.json_text import parse_json
from dorc_runtime.local.seeds.table_items import Item, item_of, item_problems
from dorc_runtime.model.resources import Queue, Resource, Table

TABLES, QUEUES, TOPICS, PARAMETERS = "tables", "queues", "topics", "parameters.toml"
# What an example may have.
FILES = frozenset(
    {
        "README.md",
        "expected",
        "expected.toml",
        "http",
        "input.json",
        "lake",
        "mocks",
        PARAMETERS,
        QUEUES,
        "secrets.toml",
        TABLES,
        TOPICS,
    }
)

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class ServiceSeeds:
    """What services have before a run.

    ``tables`` has items by table, ``queues`` the texts of messages by queue, and ``parameters`` a
    text, or a list of texts, by the name of an SSM parameter.
    """

    tables: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class SeedValues:
    """Seeds as a test writes them: items and messages as values of Python."""

    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    queues: Mapping[str, Sequence[JsonValue]] = field(default_factory=dict)
    parameters: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    """The resources of a repository: ``declared`` in its configuration, ``used`` by a pipeline."""

    declared: tuple[Resource, ...]
    used: tuple[Resource, ...]

    def find(self, kind: type[R], name: str, *, where: str) -> R:
        """Return the resource for a seed.

        Raises:
            UnknownNameError: No resource of that kind has the name.
            InputError: The pipeline does not use it.
        """
        known = {each.name: each for each in self.declared if isinstance(each, kind)}
        if name not in known:
            near = get_close_matches(name, known) or sorted(known)
            raise UnknownNameError(kind.kind, name, near, remedy=f"Rename {where}.")
        if known[name] not in self.used:
            variable = name.replace("-", "_")
            raise InputError(
                f"{where}: no step of the pipeline uses the {kind.kind} '{name}': add {variable} "
                "to reads or writes of a function, or remove the seed."
            )
        return known[name]


def seeds_of(example: Path, resources: Resources, *, root: Path) -> ServiceSeeds:
    """Return the seeds of an example; raise a ``DorcError`` for the first that cannot be used."""
    tables: dict[str, tuple[Item, ...]] = {}
    queues: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, str | list[str]] = {}
    for read in _readers(example, resources, root, tables, queues, parameters):
        read()
    return ServiceSeeds(tables, queues, parameters)


def seeds_after(
    seeds: ServiceSeeds, files: Mapping[str, Path], resources: Resources, *, root: Path
) -> ServiceSeeds:
    """Return ``seeds`` with the items that an earlier run left in the same tables.

    ``files`` has them by table; tables that the pipeline does not use are left out.
    """
    left = {
        table.name: table_items(_rows(file, _shown(file, root)), table)
        for table in resources.used
        if isinstance(table, Table) and (file := files.get(table.name)) is not None
    }
    return replace(seeds, tables={**seeds.tables, **left})


def seeds_with(seeds: ServiceSeeds, values: SeedValues, resources: Resources) -> ServiceSeeds:
    """Return ``seeds`` with ``values`` in place of those of the same table, queue or name."""
    tables = dict(seeds.tables)
    for name, rows in values.tables.items():
        where = f"tables['{name}']"
        table = resources.find(Table, name, where=where)
        places = ((f"{where}[{index}]", row) for index, row in enumerate(rows))
        tables[name] = table_items(places, table)
    queues = dict(seeds.queues)
    for name, messages in values.queues.items():
        resources.find(Queue, name, where=f"queues['{name}']")
        queues[name] = tuple(message_text(message) for message in messages)
    return ServiceSeeds(tables, queues, {**seeds.parameters, **values.parameters})


def seed_problems(example: Path, resources: Resources, *, root: Path) -> Iterator[str]:
    """Yield the problems of the seeds of an example, and the files that nothing reads."""
    for path in sorted(example.glob("[!.]*")):
        if path.name not in FILES:
            near = get_close_matches(path.name, FILES, n=1)
            known = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(FILES))}."
            yield f"{_shown(path, root)}: no run reads it; {known}"
    for folder in (TABLES, QUEUES, TOPICS):
        for path in sorted((example / folder).glob("[!.]*")):
            if path.suffix != ".jsonl":
                yield f"{_shown(path, root)}: no run reads it: rename it to {path.stem}.jsonl"
    for read in _readers(example, resources, root, {}, {}, {}):
        try:
            read()
        except DorcError as error:
            yield str(error)


def table_items(rows: Iterable[tuple[str, Mapping[str, Any]]], table: Table) -> tuple[Item, ...]:
    """Return the items of ``table``; ``rows`` have where each is from, for messages.

    Raises:
        InputError: DynamoDB would refuse an item.
    """
    items = []
    for where, row in rows:
        try:
            item = item_of(row)
        except ValueError as error:
            raise InputError(f"{where}: {error}.") from error
        if problem := next(item_problems(item, table), ""):
            raise InputError(f"{where}: {problem}.")
        items.append(item)
    return tuple(items)


def message_text(message: JsonValue) -> str:
    """Return the text of a message: a text as it is, all else as JSON."""
    if isinstance(message, str):
        return message
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def message_texts(file: Path, root: Path) -> tuple[str, ...]:
    """Return the messages in a file of JSON Lines; raise ``InputError`` for another file."""
    return tuple(message_text(value) for _, value in _lines(file, _shown(file, root)))


def _readers(
    example: Path,
    resources: Resources,
    root: Path,
    tables: dict[str, tuple[Item, ...]],
    queues: dict[str, tuple[str, ...]],
    parameters: dict[str, str | list[str]],
) -> Iterator[Callable[[], None]]:
    """Yield a reader for each file, which adds what it reads to the dictionaries."""

    def read_table(file: Path, where: str) -> None:
        table = resources.find(Table, file.stem, where=where)
        tables[file.stem] = table_items(_rows(file, where), table)

    def read_queue(file: Path, where: str) -> None:
        resources.find(Queue, file.stem, where=where)
        queues[file.stem] = message_texts(file, root)

    def read_parameters(file: Path, where: str) -> None:
        parameters.update(_parameters(file, where))

    for pattern, read in (
        (f"{TABLES}/*.jsonl", read_table),
        (f"{QUEUES}/*.jsonl", read_queue),
        (PARAMETERS, read_parameters),
    ):
        for file in sorted(example.glob(pattern)):
            yield lambda read=read, file=file: read(file, _shown(file, root))  # type: ignore[misc]


def _rows(file: Path, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for place, value in _lines(file, where, exact=True):
        if not isinstance(value, dict):
            raise InputError(f"{place}: an item is an object: {{...}}.")
        yield place, value


def _lines(file: Path, where: str, *, exact: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the values of JSON Lines, each with its place; with ``exact`` numbers are decimal."""
    for number, line in enumerate(_text(file, where).splitlines(), start=1):
        if line.strip():
            place = f"{where}:{number}"
            try:
                value = parse_json(line)
            except ValueError as error:
                raise InputError(f"{place} is not JSON: {error}.") from error
            yield place, json.loads(line, parse_float=Decimal) if exact else value


def _parameters(file: Path, where: str) -> Iterator[tuple[str, str | list[str]]]:
    try:
        values = tomllib.loads(_text(file, where))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is not TOML: {error}.") from error
    for name, value in values.items():
        texts: Sequence[object] = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise InputError(
                f'{where}: \'{name}\' is no text or list of texts. Write "{name}" = "...", with '
                "quotation marks around a name that has a slash."
            )
        yield name, value


def _text(file: Path, where: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8: {error.reason}.") from error
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror}.") from error


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
