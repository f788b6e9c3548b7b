"""The environments of a repository: the stack files of infra, and their settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from dorc_runtime.errors import DefinitionError, UnknownNameError
from dorc_runtime.model.config import Config
from dorc_runtime.project.repository import Repository

PROJECT_FILE = "Pulumi.yaml"
ENVIRONMENT = "environment"


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
                raise DefinitionError(f"{file} has no name: write `name: <project>` into it.")

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
        file = self.stack_file(stack)
        match _read_yaml(file):
            case {"config": dict(config)}:
                return {
                    str(key).removeprefix(f"{self.project}:"): value
                    for key, value in config.items()
                    if ":" not in str(key).removeprefix(f"{self.project}:")
                }
            case _:
                return {}


def config_with_settings(config: Config, settings: Mapping[str, object], *, where: str) -> Config:
    """Return ``config`` with the fields that ``settings`` has replaced.

    A list or an object may be JSON text, as `pulumi config set` writes it. ``where`` is the file
    that an error names. Keys that are not fields are for the program. Raises ``DefinitionError``
    for an invalid value.
    """
    fields = Config.model_fields.keys() - {"universal"}
    changes = {key: _parse(value) for key, value in settings.items() if key in fields}
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
        field = ".".join(str(part) for part in first["loc"]) or "config"
        reason = first["msg"].removeprefix("Value error, ")
        raise DefinitionError(f"{where}: {field}: {reason}.") from error


def environment_config(
    repository: Repository, config: Config, environment: str, *, infra: str = "infra"
) -> Config:
    """Return the configuration of ``environment``: ``config`` with the settings of its stack file.

    ``infra`` is the folder of infra. Raises ``UnknownNameError`` for an environment without a file.
    """
    program = Program(repository.root / infra)
    if environment not in program.stacks:
        remedy = f"`invoke new-env {environment}` makes it."
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
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise DefinitionError(
            f"{file}{line} is not YAML: fix it, or restore it from git."
        ) from error
