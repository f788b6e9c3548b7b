"""The definitions of a repository, loaded from its files.

A definition is a Python file that a user writes: what it raises is reported in one line.
"""

import inspect
import re
import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from dorc_runtime.compile.checks import Source
from dorc_runtime.errors import DefinitionError, DorcError, sentence
from dorc_runtime.model.config import Config
from dorc_runtime.model.expressions.expression import Expression
from dorc_runtime.model.invalid_values import invalid_field, invalid_reason
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.references import Reference
from dorc_runtime.project.handlers import handler_problem
from dorc_runtime.project.repository import CONFIGURATION, PipelineFolder, Repository

_WRONG_ARGUMENT = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")

# The types of pydantic's errors that do not need the value.
_COMPLETE = ("value_error", "extra_forbidden", "missing")

T = TypeVar("T")


def load_pipeline(folder: PipelineFolder) -> Pipeline:
    """Return the value ``pipeline`` of the folder's ``pipeline.py``.

    Raises ``DefinitionError`` with file and line if it is not a pipeline.
    """
    return _load(folder.root, folder.definition, "pipeline", Pipeline, "Pipeline(steps=[...])")


def load_config(repository: Repository) -> Config | None:
    """Return the value ``config`` of ``pipeline_config.py``, None without that file.

    Raises ``DefinitionError`` with file and line if it is not a configuration.
    """
    file = repository.root / CONFIGURATION
    if not file.is_file():
        return None
    return _load(repository.root, file, "config", Config, "Config(universal=universal)")


def load_source(folder: PipelineFolder) -> Source:
    """Return the pipeline with the facts about its folder that the checks need."""
    return Source(
        layer=folder.layer,
        name=folder.name,
        file=folder.definition.relative_to(folder.root).as_posix(),
        pipeline=load_pipeline(folder),
        functions={
            name: handler_problem(folder.path / name, root=folder.root) for name in folder.functions
        },
    )


def _load(root: Path, file: Path, name: str, kind: type[T], example: str) -> T:
    shown = file.relative_to(root).as_posix()
    if not file.is_file():
        raise DefinitionError(f"{shown} does not exist: write it.")
    with _importable(root):
        values = _run_definition(file, root)
    if name not in values:
        raise DefinitionError(f"{shown} does not define '{name}': write {name} = {example}.")
    value = values[name]
    if not isinstance(value, kind):
        raise DefinitionError(
            f"{shown}: '{name}' is a {type(value).__name__}, not a {kind.__name__}: "
            f"write {name} = {example}."
        )
    return value


def _run_definition(file: Path, root: Path) -> Mapping[str, object]:
    """Run a definition and return its names; report what it raises in one line, with its place."""
    shown = file.relative_to(root).as_posix()
    try:
        return runpy.run_path(str(file))
    except SyntaxError as error:
        place = shown if error.filename == str(file) else str(error.filename)
        raise DefinitionError(f"{place}:{error.lineno}: {error.msg}") from error
    except ValidationError as error:
        raise DefinitionError(f"{_line(error, file, root)}: {_invalid(error)}") from error
    except DorcError as error:
        raise DefinitionError(f"{_line(error, file, root)}: {error}") from error
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}{_hint(error)}"
        raise DefinitionError(f"{_line(error, file, root)}: {what}") from error


def _invalid(error: ValidationError) -> str:
    """Return the first problem of a model: its name, the field, and the reason."""
    import dorc_runtime

    first = error.errors()[0]
    field = invalid_field(first)
    model = getattr(dorc_runtime, error.title, None)
    known = list(model.model_fields) if model is not None and "." not in field else []
    reason = invalid_reason(first, known=known)
    if isinstance(first["input"], Expression):
        reason = "an expression cannot be used here: write the value itself"
    elif isinstance(first["input"], Reference):
        reason = "a setting cannot be used here: write the value itself"
    elif first["type"] == "model_type":
        reason = f"{first['input']!r} is not a {_model_name(reason)}"
    elif isinstance(first["input"], str | int | float) and first["type"] not in _COMPLETE:
        reason += f", not {first['input']!r}"
    what = f"{error.title}, {field}" if field else error.title
    return sentence(f"{what}: {reason}")


def _hint(error: BaseException) -> str:
    """Return a suggestion for an unknown name or argument, "" for none."""
    import dorc_runtime

    if isinstance(error, NameError) and error.name in dorc_runtime.__all__:
        return f": from dorc_runtime import {error.name}"
    if "Object of type Expression" in str(error):
        return ": an expression has no value before a run; use it in payload, arguments or output"
    match = _WRONG_ARGUMENT.search(str(error))
    if match is None or match[1] not in dorc_runtime.__all__:
        return ""
    # Since 3.13 Python's own message ends with the near name.
    if "Did you mean" in str(error):
        return ""
    known = inspect.signature(getattr(dorc_runtime, match[1])).parameters
    near = get_close_matches(match[2], known, n=1)
    return f". Did you mean '{near[0]}'?" if near else ""


def _model_name(message: str) -> str:
    """Return the name of the model in pydantic's message about a value of another type."""
    return message.rpartition(" ")[2]


def _line(error: BaseException, file: Path, root: Path) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    # What the configuration raises is one problem, of which each import of it has the place.
    configuration = root / CONFIGURATION
    if any(Path(each.filename) == configuration and each.name == "<module>" for each in frames):
        file = configuration
    shown = file.relative_to(root).as_posix()
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return f"{shown}:{lines[-1]}" if lines else shown


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """Let definitions import ``pipeline_config`` of this repository, not of another one."""
    before = sys.modules.pop(CONFIGURATION.removesuffix(".py"), None)
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        if before is not None:
            sys.modules[CONFIGURATION.removesuffix(".py")] = before
