"""Writes reference.md from the models: every field, with its type, default and meaning.

python docs/reference.py            write it
python docs/reference.py --check    exit with 1 when the page is not up to date

The meaning of a field is what the docstring of its class says about it.
"""

import argparse
import inspect
import json
import re
import sys
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel

from dorc_runtime import (
    Bucket,
    Config,
    CronTrigger,
    EventTrigger,
    PipelineTrigger,
    Queue,
    QueueTrigger,
    S3Trigger,
    Secret,
    Table,
    Topic,
    TopicTrigger,
    UniversalConfig,
)
from dorc_runtime.model.resources import Index
from dorc_runtime.project.environments import SETTINGS

PAGE = Path(__file__).with_name("reference.md")
PARTS: dict[str, tuple[type[BaseModel], ...]] = {
    "Configuration": (UniversalConfig, Config),
    "Resources": (Table, Index, Topic, Queue, Bucket),
    "Secrets": (Secret,),
    "Triggers": (
        S3Trigger,
        CronTrigger,
        PipelineTrigger,
        QueueTrigger,
        TopicTrigger,
        EventTrigger,
    ),
}
HEAD = """\
# Reference

Every field of the configuration, of resources, secrets, triggers and stack files.
[Writing pipelines](writing.md) describes steps, and [environments](environments.md) how to use
settings. `invoke reference` writes this page from the code.
"""
STACK_FILES = """\
## Stack files

A stack file is YAML; the keys below `config:` are these. Others are refused, unless they have
another namespace (`aws:region`), or the program next to the file names them.

| file | keys |
|---|---|
"""
LOCAL = """
`local.toml` and `local.example.toml` are TOML with two tables: `[settings]` has values of the model
in `Config(settings=...)`, `[outputs]` what `infra_output("name")` is in local runs.
"""
_FILES = {
    "infra/Pulumi.<env>.yaml": "infra",
    "src/<layer>/<pipeline>/Pulumi.<env>.yaml": "pipeline",
    "universal/Pulumi.universal.yaml": "universal",
}
_NAMES = {str: "text", int: "number", float: "number", bool: "true or false", NoneType: "None"}


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    new = "\n".join((HEAD, *_parts(), STACK_FILES + "\n".join(_stack_files()), LOCAL))
    if parser.parse_args().check:
        return 0 if PAGE.is_file() and new == PAGE.read_text(encoding="utf-8") else 1
    PAGE.write_text(new, encoding="utf-8")
    return 0


def _parts() -> Iterator[str]:
    for title, models in PARTS.items():
        yield f"## {title}\n"
        for model in models:
            yield from _model(model)


def _model(model: type[BaseModel]) -> Iterator[str]:
    fields = _fields(model)
    general, about = _meanings(model, fields)
    yield f"### {model.__name__}\n"
    yield " ".join(general) + "\n"
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, default in fields.items():
        field = model.model_fields[name]
        kind = _type(field.annotation)
        if field.metadata:
            kind = _type(Annotated[field.annotation, *field.metadata])
        yield f"| `{name}` | {kind} | {default} | {' '.join(about[name])} |"
    yield ""


def _meanings(
    model: type[BaseModel], fields: Collection[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the sentences of the docstring about the model, and those about each field.

    A sentence that names no field belongs to the fields of the sentence before it in its paragraph.
    """
    text = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    general: list[str] = []
    about: dict[str, list[str]] = {name: [] for name in fields}
    for number, paragraph in enumerate(text.split("\n\n")):
        named: list[str] = []
        for sentence in _sentences(paragraph):
            own = [name for name in fields if re.search(rf"`{name}\b", sentence)]
            named = own or named
            for name in () if sentence.startswith("<") else named:
                about[name].append(sentence)
            if number == 0 or not named or sentence.startswith("<"):
                general.append(sentence)
    if missing := [name for name, sentences in about.items() if not sentences]:
        raise SystemExit(f"the docstring of {model.__name__} does not mention {missing[0]}")
    return general, about


def _sentences(paragraph: str) -> Iterator[str]:
    for part in re.split(r"(https://\S+)", " ".join(paragraph.split())):
        if part.startswith("https://"):
            yield f"<{part}>"
        else:
            yield from filter(None, re.split(r"(?<=[.])\s+(?=[A-Z`])", part.strip()))


def _fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the default of each field, as it is written."""
    parameters = inspect.signature(model).parameters
    defaults: dict[str, str] = {}
    for name, field in model.model_fields.items():
        default = parameters[name].default if name in parameters else field.default
        if default is inspect.Parameter.empty or (field.is_required() and name not in parameters):
            defaults[name] = "required"
        else:
            defaults[name] = _written(default)
    return defaults


def _written(value: object) -> str:
    match value:
        case timedelta():
            return f"`{_length(value)}`"
        case tuple() | dict() if not value:
            return "none"
        case None:
            return "none"
        case "":
            return "empty"
        case tuple():
            return f"`{json.dumps(list(value))}`"
        case _:
            return f"`{value}`"


def _length(value: timedelta) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if value and not value.total_seconds() % size:
            return f"timedelta({unit}={int(value.total_seconds() // size)})"
    return f"timedelta(seconds={int(value.total_seconds())})"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        limits = {type(each): each for each in arguments[1:]}
        low, high = limits.get(Ge), limits.get(Le)
        bounds = f", {_bound(low.ge)} to {_bound(high.le)}" if low and high else ""
        bounds = bounds or (f", {_bound(low.ge)} or more" if low else "")
        return _type(arguments[0]) + bounds
    if origin is Literal:
        return "one of " + ", ".join(f"`{each}`" for each in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_type(each) for each in arguments if each is not NoneType)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"dictionary of {_type(arguments[1])}"
    if origin is type:
        return "class of pydantic's"
    if annotation is timedelta:
        return "`timedelta`"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"`{annotation.__name__}`"
    return _NAMES.get(annotation, "JSON")


def _bound(value: object) -> str:
    return _length(value) if isinstance(value, timedelta) else f"{value:,}"


def _stack_files() -> Iterator[str]:
    for file, kind in _FILES.items():
        keys = ", ".join(f"`{key}`" for key in sorted(SETTINGS[kind])) or "none"
        yield f"| `{file}` | {keys} |"


if __name__ == "__main__":
    sys.exit(main())
