"""New pipelines and functions, written into a repository that `copier copy` made.

A pipeline is rendered from the template that the library ships with, and noted in the answers
file, so that one `copier update` updates all pipelines. Either everything is written or nothing.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dorc_runtime.compile.identifiers import check_name
from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.project.repository import ANSWERS, HANDLER, Repository

_HEADER = (
    "# Written by Copier and by `invoke new-pipeline`: answers are changed by `copier update`, "
    "not here.\n"
)
_FUNCTION = '''\
"""Say here what the function does."""


def handler(event, context):
    """Return what the next step gets."""
    return event
'''


def new_pipeline(root: Path, layer: str, name: str) -> tuple[Path, ...]:
    """Write the pipeline ``layer/name`` into the repository at ``root``; return its files.

    Raises ``UnknownNameError`` for a layer that the answers do not know, ``ScaffoldError`` for a
    name that cannot be or is taken, and where there is no sound answers file.
    """
    answers = _answers(root)
    if layer not in answers["layers"]:
        raise UnknownNameError("layer", layer, answers["layers"])
    check_name("pipeline", name)
    pipelines = [*answers["pipelines"], {"layer": layer, "name": name}]
    target = root / "src" / layer / name
    if target.exists() or pipelines[-1] in pipelines[:-1]:
        raise ScaffoldError(f"there is a pipeline {layer}/{name} already: choose another name.")
    with _rendered(answers, pipelines) as rendered, _all_or_nothing(target):
        shutil.copytree(rendered / "src" / layer / name, target)
        _write_answers(root, {**answers, "pipelines": pipelines})
    return tuple(sorted(path for path in target.rglob("*") if path.is_file()))


def new_function(root: Path, layer: str, pipeline: str, name: str) -> tuple[Path, ...]:
    """Write the function ``name`` into a pipeline; return its files.

    The pipeline's definition is not touched. Raises ``UnknownNameError`` for a pipeline that is not
    there, ``ScaffoldError`` for a name that cannot be or is taken.
    """
    folder = Repository(root).pipeline(f"{layer}/{pipeline}")
    check_name("function", name)
    target = folder.path / name
    if target.exists():
        raise ScaffoldError(f"there is a {name} in {folder.id} already: choose another name.")
    handler = target / HANDLER
    with _all_or_nothing(target):
        target.mkdir()
        handler.write_text(_FUNCTION, encoding="utf-8")
    return (handler,)


def _answers(root: Path) -> dict[str, Any]:
    import yaml

    file = root / ANSWERS
    if not file.is_file():
        raise ScaffoldError(
            f"{root} has no {ANSWERS}: only a repository made with `copier copy` can be added to."
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise ScaffoldError(
            f"{ANSWERS}{line} is not YAML: mend it, or take it from git."
        ) from error
    match content:
        case {"layers": [*layers], **others} if all(isinstance(layer, str) for layer in layers):
            rest = {str(key): value for key, value in others.items()}
            answers: dict[str, Any] = {"pipelines": [], "layers": layers, **rest}
        case _:
            raise ScaffoldError(f"{ANSWERS} has no list of layers: mend it, or take it from git.")
    match answers["pipelines"]:
        case [*pipelines] if all(_is_pipeline(pipeline) for pipeline in pipelines):
            return answers
        case _:
            raise ScaffoldError(
                f"{ANSWERS} has no list of pipelines: mend it, or take it from git."
            )


def _is_pipeline(value: object) -> bool:
    match value:
        case {"layer": str(), "name": str()}:
            return True
        case _:
            return False


@contextmanager
def _all_or_nothing(target: Path) -> Iterator[None]:
    """Take ``target``, and the folders made for it, away again if the block fails."""
    missing = [folder for folder in (target, *target.parents) if not folder.exists()]
    try:
        yield
    except BaseException as error:
        shutil.rmtree(missing[-1], ignore_errors=True)
        if isinstance(error, OSError):
            raise ScaffoldError(f"{target} cannot be written: {error}.") from error
        raise


@contextmanager
def _rendered(answers: Mapping[str, Any], pipelines: list[dict[str, str]]) -> Iterator[Path]:
    """Render the last of ``pipelines`` into a temporary folder."""
    import copier

    from dorc_runtime import __version__

    given = {key: value for key, value in answers.items() if not key.startswith("_")}
    new = pipelines[-1]
    with tempfile.TemporaryDirectory(prefix="dorc-") as temporary:
        template, rendered = Path(temporary, "template"), Path(temporary, "rendered")
        _copy_template(template)
        try:
            copier.run_copy(
                str(template),
                rendered,
                data={**given, "pipelines": pipelines, "runtime_version": __version__},
                exclude=["*", f"!/src/{new['layer']}/{new['name']}/**"],
                defaults=True,
                quiet=True,
            )
        except (ValueError, copier.errors.UserMessageError) as error:
            reason = " ".join(str(error).split())
            raise ScaffoldError(f"an answer in {ANSWERS} cannot be: {reason}") from error
        yield rendered


def _copy_template(target: Path) -> None:
    """Copy the template: the wheel's, or the checkout's as it is on disk, whatever git says."""
    packaged = Path(__file__).parents[1] / "_scaffold"
    source = packaged if packaged.is_dir() else Path(__file__).parents[2]
    # pip compiles what looks like Python in a wheel.
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "template", target / "template", ignore=compiled)
    shutil.copy(source / "copier.yml", target / "copier.yml")


def _write_answers(root: Path, answers: Mapping[str, Any]) -> None:
    """Write the answers as Copier's own template of the file does, all or nothing."""
    import yaml

    text = yaml.safe_dump(dict(answers), indent=4, allow_unicode=True, default_flow_style=False)
    with tempfile.TemporaryDirectory(prefix=".dorc-", dir=root) as folder:
        new = Path(folder, ANSWERS)
        new.write_text(_HEADER + text, encoding="utf-8")
        new.replace(root / ANSWERS)
