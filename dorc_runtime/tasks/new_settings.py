"""The values of settings for a new environment: from options, or asked of a person."""

import sys
from collections.abc import Mapping, Sequence

from invoke.exceptions import Exit
from pydantic import BaseModel, JsonValue

from dorc_runtime.project.repository import Repository
from dorc_runtime.tasks.entry import MISTAKE, print_line


def new_settings(
    repository: Repository, environment: str, options: Sequence[str], *, asking: bool
) -> dict[str, JsonValue]:
    """Return the values in ``options`` (NAME=VALUE), and of all settings without a default.

    Ends the task when a value is not valid, or is missing where nobody can be asked: without a
    terminal, or without ``asking``.
    """
    from dorc_runtime.project.definitions import load_config

    config = load_config(repository)
    model = config.settings if config else None
    values: dict[str, JsonValue] = {}
    for option in options:
        name, sign, text = option.partition("=")
        if not sign:
            raise Exit(f"error: --setting {option}: write NAME=VALUE.", code=MISTAKE)
        values[name] = _value_of(model, name, text)
    if problem := _problem(model, values):
        raise Exit(f"error: {problem}", code=MISTAKE)
    if model is None:
        return values
    required = {name: field for name, field in model.model_fields.items() if field.is_required()}
    missing = [name for name in required if name not in values]
    if missing and not (asking and sys.stdin.isatty()):
        added = " ".join(f"--setting {name}=VALUE" for name in missing)
        raise Exit(f"error: {_without_default(missing)}: add {added}.", code=MISTAKE)
    for name in missing:
        values[name] = _answer(model, name, environment, required[name].description or "")
    return values


def _without_default(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the setting '{names[0]}' has no default"
    return f"the settings {', '.join(names)} have no defaults"


def _answer(model: type[BaseModel], name: str, environment: str, description: str) -> JsonValue:
    """Return the value that a person gives."""
    about = f" ({description})" if description else ""
    while True:
        value = _value_of(model, name, input(f"{name} in {environment}{about}: ").strip())
        problem = _problem(model, {name: value})
        if not problem:
            return value
        print_line(problem)


def _value_of(model: type[BaseModel] | None, name: str, text: str) -> JsonValue:
    """Return ``text`` as YAML reads it, if the setting takes that, else as it is."""
    import yaml

    try:
        value: JsonValue = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if _problem(model, {name: value}) else value


def _problem(model: type[BaseModel] | None, values: Mapping[str, JsonValue]) -> str:
    """Return what is wrong with ``values``, "" for nothing; others may be missing."""
    from dorc_runtime.project.environment_values.setting_values import checked_settings

    entries = {name: (value, "--setting") for name, value in values.items()}
    faults = checked_settings(model, entries, "", file="--setting").faults
    wrong = [f"{fault.setting}: {fault.reason}" for fault in faults if fault.reason]
    return wrong[0] if wrong else ""
