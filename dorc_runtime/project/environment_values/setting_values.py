"""The settings of each environment: their values, where they come from, and what is wrong.

The model in ``Config(settings=...)`` has the names, the types and the defaults. The values are in
infra's stack file, below ``settings:``, and for runs on this machine in ``local.toml``.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import PydanticUndefined, to_jsonable_python

from dorc_runtime.compile.target import LOCAL
from dorc_runtime.errors import DefinitionError, first_problem, sentence
from dorc_runtime.model.invalid_values import invalid_reason
from dorc_runtime.project.environment_values.local_values import EXAMPLE, FILE, local_values
from dorc_runtime.project.environments import Program
from dorc_runtime.project.repository import Repository

DEFAULT = "default"
COMPUTED = "computed"
_KEY = "settings"

Model = type[BaseModel]
# The value of each setting in a file, and the name of the file.
Entries = Mapping[str, tuple[Any, str]]


@dataclass(frozen=True)
class SettingValue:
    """The value of a setting, and the file that it comes from, or ``DEFAULT``, or ``COMPUTED``."""

    value: JsonValue
    origin: str


@dataclass(frozen=True)
class SettingFault:
    """Something wrong with a setting; ``reason`` is "" for a missing value."""

    setting: str
    reason: str
    file: str


@dataclass(frozen=True)
class EnvironmentSettings:
    """The settings of one environment: all ``names``, and those values that are valid."""

    environment: str
    names: tuple[str, ...]
    values: Mapping[str, SettingValue]
    faults: tuple[SettingFault, ...]


def environment_names(repository: Repository, *, infra: str = "infra") -> tuple[str, ...]:
    """Return ``LOCAL``, and the environments that have a stack file in the folder ``infra``."""
    stacks = Program(repository.root / infra).stacks
    return (LOCAL, *(name for name in stacks if name != LOCAL))


def setting_values(
    repository: Repository, model: Model | None, environment: str, *, infra: str = "infra"
) -> dict[str, JsonValue]:
    """Return the values of all settings in ``environment``, as JSON. A time is in seconds.

    ``infra`` is the folder of infra. Raises ``DefinitionError`` for a missing or invalid value.
    """
    settings = environment_settings(repository, model, environment, infra=infra)
    if problems := setting_problems([settings]):
        raise DefinitionError(first_problem(problems))
    return {name: each.value for name, each in settings.values.items()}


def environment_settings(
    repository: Repository, model: Model | None, environment: str, *, infra: str = "infra"
) -> EnvironmentSettings:
    """Return the settings of ``environment``, with what is wrong with them.

    Raises ``DefinitionError`` for a file that cannot be read.
    """
    entries = _entries(repository, environment, infra)
    return checked_settings(model, entries, environment, file=_file(repository, environment, infra))


def checked_settings(
    model: Model | None, entries: Entries, environment: str, *, file: str
) -> EnvironmentSettings:
    """Return the settings with the values in ``entries``; ``file`` is where others are missing."""
    if model is None:
        reason = "there is no model for it: add Config(settings=Settings) to pipeline_config.py"
        faults = tuple(SettingFault(name, reason, origin) for name, (_, origin) in entries.items())
        return EnvironmentSettings(environment, (), {}, faults)
    known = _known(model)
    names = (*model.model_fields, *model.model_computed_fields)
    raw = {name: value for name, (value, _) in entries.items() if name in known}
    origins = {known[name]: origin for name, (_, origin) in entries.items() if name in known}
    faults = tuple(_unknown(model, entries))
    try:
        valid = _dump(model.model_validate(raw), origins)
    except ValidationError as error:
        faults = (*faults, *_invalid(error, model, origins, file))
        valid = _single_values(model, entries, wrong={fault.setting for fault in faults})
    except Exception as error:
        # A validator of the team may raise anything.
        faults = (*faults, SettingFault("", f"{type(error).__name__}: {error}", file))
        valid = {}
    return EnvironmentSettings(environment, names, valid, faults)


def setting_problems(environments: Sequence[EnvironmentSettings]) -> tuple[str, ...]:
    """Return the problems of ``environments``, each in one line for all that have it."""
    grouped: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for each in environments:
        for fault in each.faults:
            place = (each.environment, fault.file)
            grouped.setdefault((fault.setting, fault.reason), []).append(place)
    return tuple(_problem(setting, reason, places) for (setting, reason), places in grouped.items())


def _problem(setting: str, reason: str, places: Sequence[tuple[str, str]]) -> str:
    files = list(dict.fromkeys(file for _, file in places))
    if reason:
        path = f"{_KEY}.{setting}" if setting else _KEY
        return sentence(f"{', '.join(files)}: {path}: {reason}")
    names = ", ".join(environment for environment, _ in places)
    stack_files = [file for file in files if file != FILE]
    below = [f"below `settings:` in {', '.join(stack_files)}"] if stack_files else []
    below += [f"below [settings] in {FILE} or {EXAMPLE}"] if FILE in files else []
    return (
        f"the setting '{setting}' has no value in {names}: write it {' and '.join(below)}, or give "
        "it a default in the class."
    )


def _entries(repository: Repository, environment: str, infra: str) -> dict[str, tuple[Any, str]]:
    """Return the values that files have for ``environment``, each with its file."""
    if environment == LOCAL:
        values = local_values(repository, "settings")
        return {name: (each.value, each.file) for name, each in values.items()}
    file = _file(repository, environment, infra)
    content: object = Program(repository.root / infra).settings(environment).get(_KEY)
    if isinstance(content, str) and content.lstrip().startswith("{"):
        # As `pulumi config set` writes it.
        try:
            content = json.loads(content)
        except ValueError as error:
            raise DefinitionError(f"{file}: {_KEY} is not JSON: {error}.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DefinitionError(
            f"{file}: {_KEY}: must be keys and values: write `name: value` below it."
        )
    return {str(name): (value, file) for name, value in content.items()}


def _file(repository: Repository, environment: str, infra: str) -> str:
    if environment == LOCAL:
        return FILE
    return repository.show(Program(repository.root / infra).stack_file(environment))


def _known(model: Model) -> dict[str, str]:
    """Return the field of each name that a value may have in a file."""
    known = {name: name for name in model.model_fields}
    for name, field in model.model_fields.items():
        if isinstance(field.validation_alias, str):
            known[field.validation_alias] = name
    return known


def _unknown(model: Model, entries: Entries) -> Iterator[SettingFault]:
    """Yield the names that the model does not have, also inside of models in it."""
    for name, (value, file) in entries.items():
        if isinstance(value, dict) and "secure" in value:
            reason = "a setting cannot be encrypted: use a secret, `invoke secret set`"
            yield SettingFault(name, reason, file)
        for path, known in _unknown_paths(model, {name: value}):
            near = get_close_matches(path.rpartition(".")[2], known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known)}"
            yield SettingFault(path, f"no such setting. {hint}", file)


def _unknown_paths(model: Model, values: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    known = _known(model)
    for key, value in values.items():
        if key not in known:
            if model.model_config.get("extra") != "allow":
                yield str(key), tuple(known)
            continue
        annotation = model.model_fields[known[key]].annotation
        for inner in (annotation, *get_args(annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, dict):
                yield from ((f"{key}.{path}", near) for path, near in _unknown_paths(inner, value))


def _invalid(
    error: ValidationError, model: Model, origins: Mapping[str, str], file: str
) -> Iterator[SettingFault]:
    known = _known(model)
    for each in error.errors(include_url=False):
        path = ".".join(str(part) for part in each["loc"])
        name = known.get(str(each["loc"][0]), "") if each["loc"] else ""
        if each["type"] == "missing" and len(each["loc"]) == 1:
            yield SettingFault(path, "", file)
            continue
        if each["type"] == "extra_forbidden":
            continue  # _unknown has a suggestion for it.
        message = invalid_reason(each, known=())
        of_value = name and each["type"] != "missing"
        reason = f"{each['input']!r} is not valid: {message}" if of_value else message
        yield SettingFault(path, reason, origins.get(name, file))


def _dump(settings: BaseModel, origins: Mapping[str, str]) -> dict[str, SettingValue]:
    values = settings.model_dump(mode="json", warnings=False)
    computed = type(settings).model_computed_fields
    for name in values:
        value = getattr(settings, name)
        if isinstance(value, timedelta):
            values[name] = _seconds(value)
    return {
        name: SettingValue(value, COMPUTED if name in computed else origins.get(name, DEFAULT))
        for name, value in values.items()
    }


def _single_values(
    model: Model, entries: Entries, *, wrong: Collection[str]
) -> dict[str, SettingValue]:
    """Return the values, as they are in files and in the class, of settings that are not wrong."""
    first_parts = {path.partition(".")[0] for path in wrong}
    values: dict[str, SettingValue] = {}
    for name, field in model.model_fields.items():
        value, origin = entries.get(name, (field.default, DEFAULT))
        if name not in first_parts and value is not PydanticUndefined:
            shown = _seconds(value) if isinstance(value, timedelta) else value
            values[name] = SettingValue(to_jsonable_python(shown, fallback=str), origin)
    return values


def _seconds(length: timedelta) -> float:
    seconds = length.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds
