"""The environments of a repository: the stack files of infra, and their settings."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from dorc_runtime.errors import (
    DefinitionError,
    DorcError,
    NotARepositoryError,
    UnknownNameError,
    sentence,
    suggestion,
)
from dorc_runtime.model.config import Config, UniversalConfig
from dorc_runtime.model.invalid_values import invalid_field, invalid_reason
from dorc_runtime.project.repository import Repository, find_repository

PROJECT_FILE = "Pulumi.yaml"
ENVIRONMENT = "environment"

Kind = Literal["universal", "infra", "pipeline"]

# The fields of Config that a stack file may set. The others are the same everywhere.
_CONFIG_FIELDS = Config.model_fields.keys() - {"universal", "resources", "settings"}
# The settings that have an effect in a stack file of each kind of program.
SETTINGS: Mapping[Kind, frozenset[str]] = {
    "universal": frozenset(),
    "infra": frozenset(_CONFIG_FIELDS | {"settings", ENVIRONMENT}),
    "pipeline": frozenset(
        {
            ENVIRONMENT,
            "vpc_id",
            "private_subnet_ids",
            "buckets",
            "log_retention_days",
            "log_data",
            "mute_alerts",
        }
    ),
}
# https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
_STACK_KEYS = frozenset(
    {"config", "environment", "encryptionsalt", "encryptedkey", "secretsprovider"}
)


@dataclass(frozen=True)
class Program:
    """A folder with a Pulumi program: universal's, infra's or a pipeline's."""

    folder: Path

    @cached_property
    def project(self) -> str:
        """The name of the Pulumi project, from ``Pulumi.yaml``."""
        file = self.folder / PROJECT_FILE
        match _read_yaml(file):
            case {"name": str(name)}:
                return name
            case _:
                shown = _shown(file)
                raise DefinitionError(f"{shown} has no name: write `name: <project>` into it.")

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks that have a file, sorted."""
        files = self.folder.glob("Pulumi.*.yaml")
        return tuple(sorted(file.name.split(".", 1)[1].removesuffix(".yaml") for file in files))

    def stack_file(self, stack: str) -> Path:
        """Return the file with the configuration of ``stack``."""
        return self.folder / f"Pulumi.{stack}.yaml"

    def settings(self, stack: str) -> dict[str, JsonValue]:
        """Return the settings in the file of ``stack``, without the namespace of the project.

        Pulumi writes that namespace before the keys when it rewrites the file. Settings of other
        namespaces (``aws:region``) are not included.
        """
        config = self.stack_content(stack).get("config")
        if config is None:
            return {}
        if not isinstance(config, dict):
            shown = _shown(self.stack_file(stack))
            raise DefinitionError(f"{shown}: config has no keys: write `key: value` below it.")
        return {
            str(key).removeprefix(f"{self.project}:"): value
            for key, value in config.items()
            if ":" not in str(key).removeprefix(f"{self.project}:")
        }

    def stack_content(self, stack: str) -> dict[str, Any]:
        """Return what is in the file of ``stack``: nothing for an empty file, or for none."""
        file = self.stack_file(stack)
        content = _read_yaml(file)
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise DefinitionError(
                f"{_shown(file)} has no keys: write `config:`, and the settings below."
            )
        return {str(key): value for key, value in content.items()}

    def names_in_code(self, key: str) -> bool:
        """Return whether a module of the program has ``key`` as a text."""
        text = re.compile(rf"""(['"]){re.escape(key)}\1""")
        modules = self.folder.glob("*.py")
        return any(text.search(file.read_text("utf-8", "replace")) for file in modules)


def stack_file_problems(
    repository: Repository,
    program: Program,
    stack: str,
    *,
    kind: Kind,
    config: Config | None,
    infra: str = "infra",
) -> Iterator[str]:
    """Yield the problems in the file of ``stack``: wrong keys, and values that are not valid.

    ``config`` has the values of the fields that the file does not set; without it, values are not
    checked. ``infra`` is the folder of infra. A key that the code of the program names is the
    program's own.
    """
    where = repository.show(program.stack_file(stack))
    try:
        for key in sorted(program.stack_content(stack).keys() - _STACK_KEYS):
            yield f"{where}: {_misplaced_key(key)}"
        settings = program.settings(stack)
        for key in sorted(settings.keys() - SETTINGS[kind]):
            if not program.names_in_code(key):
                yield f"{where}: {_unknown_key(key, stack, kind=kind, infra=infra)}"
        if kind != "universal" and (problem := environment_problem(program, stack)):
            yield f"{where}: {problem}"
        if config is not None and kind != "universal":
            if kind == "pipeline" and stack in Program(repository.root / infra).stacks:
                config = environment_config(repository, config, stack, infra=infra)
            config_with_settings(config, settings, where=where)
    except DorcError as error:
        yield str(error)


def environment_problem(program: Program, stack: str) -> str:
    """Return the problem of a file that names another environment than its ``stack``, or ""."""
    environment = program.settings(stack).get(ENVIRONMENT, stack)
    if environment == stack:
        return ""
    return (
        f"environment: {environment} is not the name of the stack, {stack}: write "
        f"environment: {stack}, or use the stack {environment}."
    )


def _misplaced_key(key: str) -> str:
    if key in SETTINGS["infra"]:
        return f"'{key}' is outside config: move it below `config:`."
    return f"no key '{key}'.{suggestion(key, _STACK_KEYS)} Settings are below `config:`."


def _unknown_key(key: str, stack: str, *, kind: Kind, infra: str) -> str:
    shared = "UniversalConfig in pipeline_config.py"
    if key == "resources":
        return f"'{key}' has no effect here: set it in Config in pipeline_config.py."
    if key in UniversalConfig.model_fields:
        return f"'{key}' has no effect here: it is the same everywhere, so set it in {shared}."
    if key in SETTINGS["infra"]:
        name = "<env>" if kind == "universal" else stack
        return f"'{key}' has no effect here: set it in {infra}/Pulumi.{name}.yaml."
    near = suggestion(key, SETTINGS[kind])
    known = f" Known: {', '.join(sorted(SETTINGS[kind]))}." if SETTINGS[kind] and not near else ""
    return f"no key '{key}'.{near}{known}" + ("" if near or known else " Remove it.")


def config_with_settings(config: Config, settings: Mapping[str, object], *, where: str) -> Config:
    """Return ``config`` with the fields that ``settings`` has replaced.

    A list or an object may be JSON text, as `pulumi config set` writes it. ``where`` is the file
    that an error names. Keys that are not fields are for the program. Raises ``DefinitionError``
    for an invalid value.
    """
    changes = {key: _parse(value) for key, value in settings.items() if key in _CONFIG_FIELDS}
    for key, value in changes.items():
        if isinstance(value, dict) and "secure" in value:
            raise DefinitionError(
                f"{where}: {key} is encrypted, and a plan needs its value: set it "
                f"with `pulumi config set --plaintext {key}`."
            )
    if not changes:
        return config
    try:
        return Config(**{field: getattr(config, field) for field in Config.model_fields} | changes)
    except ValidationError as error:
        first = error.errors()[0]
        field = invalid_field(first) or "config"
        reason = invalid_reason(first, known=sorted(_CONFIG_FIELDS))
        raise DefinitionError(sentence(f"{where}: {field}: {reason}")) from error


def environment_config(
    repository: Repository, config: Config, environment: str, *, infra: str = "infra"
) -> Config:
    """Return the configuration of ``environment``: ``config`` with the settings of its stack file.

    ``infra`` is the folder of infra. Raises ``UnknownNameError`` for an environment without a file.
    """
    program = Program(repository.root / infra)
    if environment not in program.stacks:
        remedy = f"`invoke new-env {environment}` creates it."
        raise UnknownNameError("environment", environment, program.stacks, remedy=remedy)
    where = repository.show(program.stack_file(environment))
    return config_with_settings(config, program.settings(environment), where=where)


def _parse(value: object) -> object:
    # Pulumi puts numbers into quotes when it rewrites the file.
    if isinstance(value, str) and (value[:1] in ("[", "{") or value.isdecimal()):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _read_yaml(file: Path) -> Any:
    import yaml

    if not file.is_file():
        return None
    try:
        # The parser in C takes a tenth of the time.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 # it is safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        reason = getattr(error, "problem", None) or str(error)
        raise DefinitionError(
            f"{_shown(file)}{line} is not YAML: {reason}: fix it, or restore it from git."
        ) from error


def _shown(file: Path) -> str:
    """Return the path of ``file`` from the root of its repository."""
    path = file.parent.resolve() / file.name
    try:
        return find_repository(path.parent).show(path)
    except NotARepositoryError:
        return str(file)
