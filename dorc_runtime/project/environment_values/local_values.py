"""The values of runs on this machine.

They are in ``local.toml``, which git ignores; ``local.example.toml``, which is committed, has the
values that ``local.toml`` leaves out. So a new clone runs without a file of its own.
"""

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from dorc_runtime.errors import DefinitionError
from dorc_runtime.project.repository import Repository

FILE = "local.toml"
EXAMPLE = "local.example.toml"

LocalTable = Literal["settings", "outputs"]
_TABLES: tuple[LocalTable, ...] = ("settings", "outputs")


@dataclass(frozen=True)
class LocalValue:
    """A value, and the file that it comes from."""

    value: Any
    file: str


def local_values(repository: Repository, table: LocalTable) -> dict[str, LocalValue]:
    """Return the values in ``table``: ``[settings]``, or ``[outputs]`` in place of infra's.

    Raises ``DefinitionError`` for a file that cannot be used.
    """
    values: dict[str, LocalValue] = {}
    for file in (EXAMPLE, FILE):
        pairs = _read(repository, file).get(table, {})
        values |= {key: LocalValue(value, file) for key, value in pairs.items()}
    return values


def _read(repository: Repository, file: str) -> dict[str, dict[str, Any]]:
    path = repository.root / file
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{file} is not text in UTF-8: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(
            f"{file} is not TOML: {error}: write lines name = value below [settings], and texts in "
            "quotation marks."
        ) from error
    except OSError as error:
        raise DefinitionError(f"{file} cannot be read: {error.strerror}.") from error
    for key, value in content.items():
        if key not in _TABLES:
            near = get_close_matches(key, _TABLES, n=1)
            remedy = f"Did you mean [{near[0]}]?" if near else "Write values below [settings]."
            raise DefinitionError(f"{file}: no table '{key}'. {remedy}")
        if not isinstance(value, dict):
            raise DefinitionError(f"{file}: {key} is no table: write [{key}], and values below it.")
    return content
