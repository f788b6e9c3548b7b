"""A repository of pipelines on disk: its root, its folders, and its definitions, loaded."""

import ast
import inspect
import re
import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from dorc_runtime.compile.checks import Source
from dorc_runtime.errors import DefinitionError, DorcError, NotARepositoryError, UnknownNameError
from dorc_runtime.model.config import Config
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.project.image_python import different_python

ANSWERS = ".copier-answers.yml"
CONFIGURATION = "pipeline_config.py"
DEFINITION = "pipeline.py"
HANDLER = "lambda.py"

_WRONG_ARGUMENT = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")

T = TypeVar("T")


@dataclass(frozen=True)
class PipelineFolder:
    """The folder ``src/<layer>/<name>`` of one pipeline; ``root`` is the repository's."""

    root: Path
    layer: str
    name: str

    @property
    def id(self) -> str:
        """``layer/name``, as in the arguments of commands."""
        return f"{self.layer}/{self.name}"

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.root / "src" / self.layer / self.name

    @property
    def definition(self) -> Path:
        """The file that holds the pipeline."""
        return self.path / DEFINITION

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The names of the folders with a handler, sorted."""
        return tuple(sorted(file.parent.name for file in self.path.glob(f"*/{HANDLER}")))

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """The names of the examples, sorted."""
        return tuple(sorted(case.name for case in self.path.glob("examples/*/") if case.is_dir()))

    @property
    def requirements(self) -> tuple[Path, ...]:
        """The requirements files that go into the images of its functions."""
        files = (self.root / "requirements.txt", self.path / "requirements.txt")
        return tuple(file for file in files if file.is_file())


@dataclass(frozen=True)
class Repository:
    """A repository of pipelines, made by the template or by hand."""

    root: Path

    @cached_property
    def pipelines(self) -> tuple[PipelineFolder, ...]:
        """All pipelines, sorted by layer and name."""
        files = sorted(self.root.glob(f"src/*/*/{DEFINITION}"))
        return tuple(
            PipelineFolder(self.root, file.parent.parent.name, file.parent.name) for file in files
        )

    def pipeline(self, name: str) -> PipelineFolder:
        """Return the pipeline ``layer/name``; ``src/layer/name/`` is accepted too.

        Raises ``UnknownNameError`` for one that does not exist.
        """
        identifier = name.strip("/").removeprefix("src/")
        for folder in self.pipelines:
            if folder.id == identifier:
                return folder
        raise UnknownNameError("pipeline", name, [folder.id for folder in self.pipelines])

    def show(self, path: Path) -> str:
        """Return ``path`` for a message: from the repository's root."""
        return path.relative_to(self.root).as_posix()


def find_repository(start: Path) -> Repository:
    """Return the repository at ``start``, or the one that contains it.

    Raises ``NotARepositoryError`` when there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if _is_repository(folder):
            return Repository(folder)
    raise NotARepositoryError(
        f"{start} is not a repository of pipelines: it has no src/ next to {CONFIGURATION} or "
        f"{ANSWERS}. Create one with `copier copy`, or set CONFIG_REPO_PATH to its path."
    )


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


def handler_problem(function: Path, *, root: Path) -> str:
    """Return why ``lambda.py`` in the folder cannot be called, "" if no reason is found.

    ``root`` is the repository's.
    """
    try:
        tree = ast.parse((function / HANDLER).read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        difference = different_python(root)
        maybe = f" (maybe {difference})" if difference else ""
        return f"{HANDLER}:{line}: {getattr(error, 'msg', error)}{maybe}"
    for node in _top_level(tree):
        match node:
            case ast.FunctionDef(name="handler", args=arguments):
                takes_two = _takes_two(arguments)
                return "" if takes_two else f"{HANDLER}: write def handler(event, context)"
            case ast.AsyncFunctionDef(name="handler"):
                return f"{HANDLER}: handler is async, and Lambda does not await: write def handler"
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                if any((alias.asname or alias.name) in ("handler", "*") for alias in names):
                    return ""
            case ast.Name(id="handler", ctx=ast.Store()):
                return ""
            case _:
                pass
    return f"{HANDLER} has no handler: write def handler(event, context)"


def _takes_two(arguments: ast.arguments) -> bool:
    names = [*arguments.posonlyargs, *arguments.args]
    needed = len(names) - len(arguments.defaults)
    return (
        needed <= 2
        and (len(names) >= 2 or arguments.vararg is not None)
        and None not in arguments.kw_defaults
    )


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported."""
    # Without recursion: a sum of many terms is as deep as it has terms.
    waiting = [node]
    while waiting:
        children = list(ast.iter_child_nodes(waiting.pop()))
        yield from children
        waiting += [
            child
            for child in children
            if not isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
            )
        ]


def _is_repository(folder: Path) -> bool:
    if not (folder / "src").is_dir():
        return False
    marks = (ANSWERS, CONFIGURATION, "universal", "infra")
    return any((folder / mark).exists() for mark in marks) or any(
        folder.glob(f"src/*/*/{DEFINITION}")
    )


def _load(root: Path, file: Path, name: str, kind: type[T], example: str) -> T:
    shown = file.relative_to(root).as_posix()
    if not file.is_file():
        raise DefinitionError(f"{shown} does not exist: write it.")
    with _importable(root):
        values = _run_definition(file, shown)
    if name not in values:
        raise DefinitionError(f"{shown} does not define '{name}': write {name} = {example}.")
    value = values[name]
    if not isinstance(value, kind):
        raise DefinitionError(
            f"{shown}: '{name}' is a {type(value).__name__}, not a {kind.__name__}: "
            f"write {name} = {example}."
        )
    return value


def _run_definition(file: Path, shown: str) -> Mapping[str, object]:
    """Run a definition and return its names; report what it raises in one line, with its place."""
    try:
        return runpy.run_path(str(file))
    except SyntaxError as error:
        place = shown if error.filename == str(file) else str(error.filename)
        raise DefinitionError(f"{place}:{error.lineno}: {error.msg}") from error
    except ValidationError as error:
        first = error.errors()[0]
        # Without the names that pydantic gives to its own validators.
        field = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
        message = first["msg"].removeprefix("Value error, ").removesuffix(".")
        if first["type"] == "model_type":
            message = f"{first['input']!r} is not a {_model_name(message)}"
        what = f"{error.title}, {field}" if field else error.title
        raise DefinitionError(f"{_line(error, file, shown)}: {what}: {message}.") from error
    except DorcError as error:
        raise DefinitionError(f"{_line(error, file, shown)}: {error}") from error
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}{_hint(error)}"
        raise DefinitionError(f"{_line(error, file, shown)}: {what}") from error


def _hint(error: BaseException) -> str:
    """Return a suggestion for an unknown name or argument, "" for none."""
    import dorc_runtime

    if isinstance(error, NameError) and error.name in dorc_runtime.__all__:
        return f": from dorc_runtime import {error.name}"
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


def _line(error: BaseException, file: Path, shown: str) -> str:
    frames = traceback.extract_tb(error.__traceback__)
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
