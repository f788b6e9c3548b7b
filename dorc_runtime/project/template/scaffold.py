"""New pipelines and functions, written into a repository that `copier copy` made.

A pipeline is rendered from the template that the library contains, or from a scaffold of the team.
It is added to the answers file, so that one `copier update` updates all pipelines. Either all files
are written or none.
"""

from pathlib import Path

from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.model.identifiers import check_name
from dorc_runtime.project.repository import HANDLER, Repository
from dorc_runtime.project.template.answers import read_answers
from dorc_runtime.project.template.changes import Change
from dorc_runtime.project.template.render import render, scaffold_folder

_TEST = '''\
"""Tests of the function {name}."""


def test_{name}(function):
    result = function("{pipeline}/{name}")({{"rows": 1}})
    assert result.output == {{"rows": 1}}
'''

_FUNCTION = b'''\
"""Say here what the function does."""


def handler(event, context):
    """Return what the next step gets."""
    return event
'''


def plan_new_pipeline(root: Path, layer: str, name: str, *, scaffold: str | None = None) -> Change:
    """Return the change that adds the pipeline ``layer/name`` to the repository at ``root``.

    ``scaffold`` is the name of a team's scaffold, a folder in ``scaffolds/``. Raises
    ``UnknownNameError`` for an unknown layer or scaffold, ``ScaffoldError`` for a name that is
    invalid or exists, and for a missing or invalid answers file.
    """
    answers = read_answers(root)
    if layer not in answers.layers:
        remedy = f"`invoke new-layer {layer}` adds it." if "/" not in layer else ""
        raise UnknownNameError("layer", layer, answers.layers, remedy=remedy)
    check_name("pipeline", name)
    folder = scaffold_folder(root, scaffold) if scaffold else None
    place = f"src/{layer}/{name}"
    if (root / place).exists() or (layer, name) in answers.pipelines:
        raise ScaffoldError(f"the pipeline {layer}/{name} already exists: choose another name.")
    after = answers.with_pipelines((*answers.pipelines, (layer, name)))
    files = render(after, scaffold=folder)
    written = {path: content for path, content in files.items() if path.startswith(f"{place}/")}
    return Change(root, written, answers=after)


def plan_new_function(root: Path, layer: str, pipeline: str, name: str) -> Change:
    """Return the change that adds the function ``name`` and its test, without its step.

    A file of tests that already has the name of the test's stays as it is.

    Raises ``UnknownNameError`` for an unknown pipeline, ``ScaffoldError`` for a name that is
    invalid or exists.
    """
    repository = Repository(root)
    folder = repository.pipeline(f"{layer}/{pipeline}")
    check_name("function", name)
    target = folder.path / name
    if target.exists():
        raise ScaffoldError(f"{name} in {folder.id} already exists: choose another name.")
    test = folder.path / "tests" / f"test_{name}.py"
    text = _TEST.format(pipeline=folder.id, name=name).encode()
    tests = {} if test.exists() else {repository.show(test): text}
    return Change(root, {repository.show(target / HANDLER): _FUNCTION, **tests})
