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
from dorc_runtime.project.repository import ANSWERS, HANDLER

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
    pipelines: list[dict[str, str]] = [
        *answers.get("pipelines", []),
        {"layer": layer, "name": name},
    ]
    target = root / "src" / layer / name
    if target.exists() or pipelines[-1] in pipelines[:-1]:
        raise ScaffoldError(f"there is a pipeline {layer}/{name} already: choose another name.")
    with _rendered(answers, pipelines) as rendered:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(rendered / "src" / layer / name, target)
    try:
        _write_answers(root, {**answers, "pipelines": pipelines})
    except OSError as error:
        shutil.rmtree(target)
        raise ScaffoldError(f"{root / ANSWERS} cannot be written: {error}.") from error
    return tuple(sorted(path for path in target.rglob("*") if path.is_file()))


def new_function(root: Path, layer: str, pipeline: str, name: str) -> tuple[Path, ...]:
    """Write the function ``name`` into a pipeline; return its files.

    The pipeline's definition is not touched. Raises ``ScaffoldError`` for a name that cannot be or
    is taken.
    """
    check_name("function", name)
    target = root / "src" / layer / pipeline / name
    if target.exists():
        raise ScaffoldError(
            f"there is a folder {name} in {layer}/{pipeline} already: choose another name."
        )
    target.mkdir(parents=True)
    handler = target / HANDLER
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
        answers = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise ScaffoldError(
            f"{ANSWERS}{line} is not YAML: mend it, or take it from git."
        ) from error
    if not isinstance(answers, dict) or not isinstance(answers.get("layers"), list):
        raise ScaffoldError(f"{ANSWERS} names no list of 'layers': mend it, or take it from git.")
    if not isinstance(answers.get("pipelines", []), list):
        raise ScaffoldError(f"'pipelines' in {ANSWERS} is no list: mend it, or take it from git.")
    return answers


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
    shutil.copytree(source / "template", target / "template")
    shutil.copy(source / "copier.yml", target / "copier.yml")


def _write_answers(root: Path, answers: Mapping[str, Any]) -> None:
    """Write the answers as Copier's own template of the file does, all or nothing."""
    import yaml

    text = yaml.safe_dump(dict(answers), indent=4, allow_unicode=True, default_flow_style=False)
    new = root / f"{ANSWERS}.new"
    new.write_text(_HEADER + text, encoding="utf-8")
    new.replace(root / ANSWERS)
