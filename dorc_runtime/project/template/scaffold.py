"""New pipelines and functions, written into a repository that `copier copy` made.

A pipeline is rendered from the template that the library ships with, or from a skeleton of the
team's own, and noted in the answers file, so that one `copier update` updates all pipelines.
Either everything is written or nothing.
"""

from pathlib import Path

from dorc_runtime.compile.identifiers import check_name
from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.project.repository import HANDLER, Repository
from dorc_runtime.project.template.answers import read_answers
from dorc_runtime.project.template.changes import Change
from dorc_runtime.project.template.rendering import rendered, scaffold_folder

_FUNCTION = b'''\
"""Say here what the function does."""


def handler(event, context):
    """Return what the next step gets."""
    return event
'''


def added_pipeline(root: Path, layer: str, name: str, *, scaffold: str | None = None) -> Change:
    """Return what writes the pipeline ``layer/name`` into the repository at ``root``.

    ``scaffold`` is the name of a skeleton of the team's own, a folder in ``scaffolds/``. Raises
    ``UnknownNameError`` for a layer that the answers do not know and a scaffold that is not there,
    ``ScaffoldError`` for a name that cannot be or is taken, and where there is no sound answers
    file.
    """
    answers = read_answers(root)
    if layer not in answers.layers:
        remedy = f"`invoke new-layer {layer}` adds it." if "/" not in layer else ""
        raise UnknownNameError("layer", layer, answers.layers, remedy=remedy)
    check_name("pipeline", name)
    folder = scaffold_folder(root, scaffold) if scaffold else None
    place = f"src/{layer}/{name}"
    if (root / place).exists() or (layer, name) in answers.pipelines:
        raise ScaffoldError(f"there is a pipeline {layer}/{name} already: choose another name.")
    after = answers.with_pipelines((*answers.pipelines, (layer, name)))
    files = rendered(after, scaffold=folder)
    written = {path: content for path, content in files.items() if path.startswith(f"{place}/")}
    return Change(root, written, answers=after)


def added_function(root: Path, layer: str, pipeline: str, name: str) -> Change:
    """Return what writes the function ``name`` into a pipeline, whose definition is not touched.

    Raises ``UnknownNameError`` for a pipeline that is not there, ``ScaffoldError`` for a name that
    cannot be or is taken.
    """
    repository = Repository(root)
    folder = repository.pipeline(f"{layer}/{pipeline}")
    check_name("function", name)
    target = folder.path / name
    if target.exists():
        raise ScaffoldError(f"there is a {name} in {folder.id} already: choose another name.")
    return Change(root, {repository.show(target / HANDLER): _FUNCTION})
