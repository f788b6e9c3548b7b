"""Environments, layers and pipelines that come and go: each a change to look at before it is made.

Whether something is still deployed is not known here: whoever removes asks the backend first.
"""

import subprocess
from pathlib import Path

from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.project.environments import PROJECT_FILE
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.template.answers import Answers, read_answers
from dorc_runtime.project.template.changes import Change, change, missing
from dorc_runtime.project.template.rendering import rendered

_UNIVERSAL = "universal/Pulumi.universal.yaml"


def added_environment(root: Path, name: str) -> Change:
    """Return what gives the repository at ``root`` the environment ``name``, the last in order.

    For an environment that it has already, that is what is missing of it: the stack files of infra
    and of the pipelines, as repositories from before those files lack. Raises ``ScaffoldError`` for
    a name that cannot be.
    """
    answers = read_answers(root)
    if name in answers.environments:
        files = rendered(_with_all_pipelines(root, answers))
        wanted = [path for path in files if path.endswith(f"/Pulumi.{name}.yaml")]
        return Change(root, missing(root, files, [_UNIVERSAL, *wanted]))
    after = answers.with_environments((*answers.environments, name))
    return _between(root, answers, after)


def removed_environment(root: Path, name: str) -> Change:
    """Return what takes the environment ``name`` away, its stack files with it.

    Raises ``UnknownNameError`` for one that is not there, ``ScaffoldError`` for the last one.
    """
    answers = read_answers(root)
    if name not in answers.environments:
        raise UnknownNameError("environment", name, answers.environments)
    rest = tuple(each for each in answers.environments if each != name)
    if not rest:
        raise ScaffoldError(f"{name} is the only environment: add another one first.")
    return _between(root, answers, answers.with_environments(rest))


def added_layer(root: Path, name: str) -> Change:
    """Return what lets pipelines be written into the layer ``name``.

    Raises ``ScaffoldError`` for a name that cannot be or is taken.
    """
    answers = read_answers(root)
    if name in answers.layers:
        raise ScaffoldError(f"there is a layer {name} already: `invoke new-pipeline {name} NAME`.")
    return _between(root, answers, answers.with_layers((*answers.layers, name)))


def removed_layer(root: Path, name: str) -> Change:
    """Return what takes the layer ``name`` away.

    Raises ``UnknownNameError`` for one that is not there, ``ScaffoldError`` for one that has
    pipelines, and for the last one.
    """
    answers = read_answers(root)
    if name not in answers.layers:
        raise UnknownNameError("layer", name, answers.layers)
    used = [folder.id for folder in Repository(root).pipelines if folder.layer == name]
    used += [f"{name}/{each}" for layer, each in answers.pipelines if layer == name]
    if used:
        listed = ", ".join(dict.fromkeys(used))
        raise ScaffoldError(f"{name} has pipelines: {listed}; `invoke remove-pipeline` first.")
    rest = tuple(layer for layer in answers.layers if layer != name)
    if not rest:
        raise ScaffoldError(f"{name} is the only layer: add another one first.")
    return _between(root, answers, answers.with_layers(rest))


def removed_pipeline(root: Path, layer: str, name: str) -> Change:
    """Return what takes a pipeline away: its whole folder, and its place in the answers.

    Raises ``UnknownNameError`` for one that is not there, ``ScaffoldError`` for a folder with files
    that git could not bring back.
    """
    answers = read_answers(root)
    rest = tuple(each for each in answers.pipelines if each != (layer, name))
    folder = root / "src" / layer / name
    known = [folder.id for folder in Repository(root).pipelines]
    if f"{layer}/{name}" not in known and rest == answers.pipelines:
        raise UnknownNameError("pipeline", f"{layer}/{name}", known)
    shown = f"src/{layer}/{name}"
    if unsaved := _unsaved(root, shown):
        raise ScaffoldError(f"{unsaved} is not committed, so git could not bring it back: commit.")
    files = tuple(
        path.relative_to(root).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()
    )
    changed = rest != answers.pipelines
    return Change(root, {}, files, answers=answers.with_pipelines(rest) if changed else None)


def _between(root: Path, before: Answers, after: Answers) -> Change:
    return change(
        root,
        _with_all_pipelines(root, before),
        _with_all_pipelines(root, after),
        answers=after,
    )


def _with_all_pipelines(root: Path, answers: Answers) -> Answers:
    """Return the answers as if they knew those pipelines, too, that were made by hand."""
    by_hand = [
        (folder.layer, folder.name)
        for folder in Repository(root).pipelines
        if (folder.path / PROJECT_FILE).is_file()
    ]
    return answers.with_pipelines(tuple(dict.fromkeys((*answers.pipelines, *by_hand))))


def _unsaved(root: Path, folder: str) -> str:
    """Return a path in ``folder`` that is not committed, "" for none, and where there is no git."""
    command = ["git", "-C", str(root), "status", "--porcelain", "-z", "--", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.split("\0")[0][3:] if done.returncode == 0 else ""
