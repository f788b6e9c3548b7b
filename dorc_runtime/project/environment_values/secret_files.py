"""The files with the values of secrets on this machine.

``secrets.toml`` in the repository has the values of its owner, for runs here; git must not track
it. ``examples/<case>/secrets.toml`` has made-up values, for runs and tests of that example.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from dorc_runtime.compile.secret_users import SecretUsers, check_sizes
from dorc_runtime.compile.target import LOCAL
from dorc_runtime.errors import ScaffoldError, SecretError, ToolMissingError, UnknownNameError
from dorc_runtime.model.secrets import checked_name
from dorc_runtime.project.repository import PipelineFolder, Repository
from dorc_runtime.project.template.git import git
from dorc_runtime.runs.redaction import SHORTEST

FILE = "secrets.toml"
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
_LARGEST = 65_536
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretFile:
    """The secrets of this machine, as commands use them."""

    environment = LOCAL

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def dates(self) -> dict[str, datetime]:
        """Return the names of the secrets, and when the file was written."""
        values = read_secrets(self._repository)
        file = self._repository.root / FILE
        return dict.fromkeys(values, _date(file)) if values else {}

    def read(self, name: str) -> str:
        """Return the value of a secret, or raise an ``UnknownNameError``."""
        values = read_secrets(self._repository)
        if name not in values:
            raise UnknownNameError("secret", name, sorted(values))
        return values[name]

    def write(self, name: str, value: str, *, advanced: bool) -> None:
        """Write a secret, or replace it; a file has no tiers."""
        write_secrets(self._repository, read_secrets(self._repository) | {name: value})

    def remove(self, name: str) -> None:
        """Remove a secret."""
        values = read_secrets(self._repository)
        write_secrets(self._repository, {key: values[key] for key in values if key != name})


def read_secrets(repository: Repository) -> dict[str, str]:
    """Return the values in ``secrets.toml``, by the names of the secrets; none without the file.

    Others lose the right to read it.

    Raises:
        SecretError: The file cannot be used as it is, or git tracks it.
    """
    file = repository.root / FILE
    if not file.is_file():
        return {}
    if is_tracked(file):
        raise SecretError(
            f"git tracks {FILE}, so everybody with the repository has its values: "
            f"`git rm --cached {FILE}`, add /{FILE} to .gitignore, and replace those secrets."
        )
    _keep_others_out(file)
    return _read(file, FILE)


def example_secrets(folder: PipelineFolder, example: str | None) -> dict[str, str]:
    """Return the values that an example has, by the names of the secrets; none without a file.

    Raises:
        SecretError: The file cannot be used as it is.
    """
    shown = secret_file(folder, example)
    file = folder.root / shown
    return _read(file, shown) if example is not None and file.is_file() else {}


def secret_file(folder: PipelineFolder, example: str | None) -> str:
    """Return the path of an example's secrets from the root; of any example for None."""
    return f"src/{folder.id}/examples/{example or '<case>'}/{FILE}"


def secret_file_problems(
    repository: Repository, users: SecretUsers, *, complete: bool
) -> Iterator[str]:
    """Yield the problems of all files.

    ``users`` are the secrets that functions of the repository read; they are ``complete`` if every
    definition could be read.
    """
    names = {secret.name for secret in users}
    try:
        check_sizes(users, read_secrets(repository), where=FILE)
    except SecretError as error:
        yield str(error)
    for folder in repository.pipelines:
        for example in folder.examples:
            try:
                values = example_secrets(folder, example)
                check_sizes(users, values, where=secret_file(folder, example))
            except SecretError as error:
                yield str(error)
                continue
            for name in sorted(values.keys() - names) if complete else ():
                near = get_close_matches(name, names, n=1)
                remedy = f"Did you mean '{near[0]}'?" if near else "Remove it."
                yield f"{secret_file(folder, example)}: no function reads '{name}'. {remedy}"


def write_secrets(repository: Repository, values: Mapping[str, str]) -> None:
    """Write ``secrets.toml`` again, readable by its owner alone, and let git ignore it.

    Comments in the file stay, except for values of several lines.

    Raises:
        SecretError: The file cannot be used as it is, or not be written.
    """
    file = repository.root / FILE
    before = read_secrets(repository)
    text = file.read_text(encoding="utf-8") if before else "# Values for runs on this machine.\n"
    edited = _edited(text, before, values)
    new = file.with_name(f".{FILE}.{os.getpid()}")
    try:
        _ignore(repository)
        with open(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:  # noqa: PTH123 # a path has no mode
            stream.write(edited.encode())
        new.replace(file)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise SecretError(f"{FILE} cannot be written: {error.strerror}.") from error


def check_value(name: str, value: object, *, where: str) -> str:
    """Return the value of a secret, or raise a ``SecretError`` for what is not one."""
    if not isinstance(value, str):
        raise SecretError(f'{where}: {name} is no text: write {name} = "...".')
    if len(value.strip()) < SHORTEST:
        raise SecretError(
            f"{where}: {name} has less than {SHORTEST} characters. A text that short also appears "
            "in logs by chance, so dorc cannot hide it: use a longer secret."
        )
    if "\0" in value:
        raise SecretError(f"{where}: {name} has characters that are no text: encode it as Base64.")
    if len(value.encode()) > _LARGEST:
        raise SecretError(
            f"{where}: {name} has {len(value.encode()):,} bytes, and a secret at most "
            f"{_LARGEST:,}: store a shorter one."
        )
    return value


def is_tracked(file: Path) -> bool:
    """Return whether git has ``file``; not where there is no git or no checkout."""
    return bool(_git(file.parent, "ls-files", "--", file.name))


def _ignore(repository: Repository) -> None:
    """Add ``secrets.toml`` to .gitignore where git does not ignore it yet."""
    root = repository.root
    if not _git(root, "rev-parse", "--git-dir") or _git(root, "check-ignore", "--", FILE):
        return
    ignored = root / ".gitignore"
    text = ignored.read_text(encoding="utf-8") if ignored.is_file() else ""
    end = "" if text.endswith("\n") or not text else "\n"
    ignored.write_text(f"{text}{end}/{FILE}\n", encoding="utf-8")


def _git(folder: Path, *words: str) -> str:
    try:
        return git(folder, *words)
    except (ScaffoldError, ToolMissingError):
        return ""


def _date(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _keep_others_out(file: Path) -> None:
    mode = file.stat().st_mode
    if os.name == "nt" or not mode & _OTHERS:
        return
    try:
        file.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError as error:
        raise SecretError(
            f"{FILE} can be read by others, and you are not its owner: `chmod 600 {FILE}` as its "
            "owner."
        ) from error


def _read(file: Path, shown: str) -> dict[str, str]:
    try:
        values = tomllib.loads(file.read_bytes().decode())
    except UnicodeDecodeError as error:
        raise SecretError(f"{shown} is not text in UTF-8: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        # Its message may have a part of a value.
        place = re.search(r"line \d+", str(error))
        line = f" in {place[0]}" if place else ""
        raise SecretError(
            f'{shown} is not TOML{line}: write a line NAME = "VALUE" for each secret.'
        ) from None
    except OSError as error:
        raise SecretError(f"{shown} cannot be read: {error.strerror}.") from error
    for name in values:
        try:
            checked_name(name)
        except ValueError as error:
            raise SecretError(f"{shown}: {error}.") from error
    return {name: check_value(name, value, where=shown) for name, value in values.items()}


def _edited(text: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the text of the file with other values; written anew where lines cannot be edited."""
    lines = text.splitlines(keepends=True)
    for name in before.keys() | after.keys():
        if before.get(name) == after.get(name):
            continue
        start = re.compile(rf"""["']?{re.escape(name)}["']?\s*=""")
        lines = [line for line in lines if not start.match(line.lstrip())]
        if name in after:
            end = "" if not lines or lines[-1].endswith("\n") else "\n"
            lines.append(f"{end}{_line(name, after[name])}")
    edited = "".join(lines)
    try:
        if tomllib.loads(edited) == after:
            return edited
    except tomllib.TOMLDecodeError:
        pass
    return "".join(_line(name, value) for name, value in after.items())


def _line(name: str, value: str) -> str:
    # JSON's escapes are TOML's, except for one character that TOML wants escaped.
    return f"{name} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
