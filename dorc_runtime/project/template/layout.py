"""Adding and removing environments, layers and pipelines: each is planned as a ``Change``.

This module does not know what is deployed: a caller that removes asks the backend first.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.project.environments import PROJECT_FILE
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.template.answers import Answers, deleted_pipelines, read_answers
from dorc_runtime.project.template.changes import Change, change_between, missing_files
from dorc_runtime.project.template.render import render

_UNIVERSAL = "universal/Pulumi.universal.yaml"


def plan_new_environment(root: Path, name: str) -> Change:
    """Return the change that adds the environment ``name`` to the repository at ``root``, as last.

    If the environment already exists, only its missing files are added: the stack files of infra
    and of the pipelines, which older repositories lack. Raises ``ScaffoldError`` for an invalid
    name.
    """
    answers = read_answers(root)
    if name in answers.environments:
        files = render(_with_all_pipelines(root, answers))
        stack_files = [path for path in files if path.endswith(f"/Pulumi.{name}.yaml")]
        return Change(root, missing_files(root, files, [_UNIVERSAL, *stack_files]))
    after = answers.with_environments((*answers.environments, name))
    return _between(root, answers, after)


def with_settings(change: Change, name: str, values: Mapping[str, JsonValue]) -> Change:
    """Return ``change`` with the values of settings in the new stack file of the environment."""
    import yaml

    if not values:
        return change
    file = stack_file(name)
    lines = yaml.safe_dump({"settings": dict(values)}, allow_unicode=True, sort_keys=False)
    below_config = "".join(f"  {line}\n" for line in lines.splitlines())
    content = change.written[file].rstrip() + f"\n{below_config}".encode()
    return replace(change, written={**change.written, file: content})


def stack_file(name: str) -> str:
    """Return the path of infra's stack file of the environment ``name``, from the root."""
    return f"infra/Pulumi.{name}.yaml"


def plan_remove_environment(root: Path, name: str) -> Change:
    """Return the change that removes the environment ``name`` and its stack files.

    Raises ``UnknownNameError`` if it does not exist, ``ScaffoldError`` for the last one.
    """
    answers = read_answers(root)
    if name not in answers.environments:
        raise UnknownNameError("environment", name, answers.environments)
    rest = tuple(each for each in answers.environments if each != name)
    if not rest:
        raise ScaffoldError(f"{name} is the only environment: add another one first.")
    return _between(root, answers, answers.with_environments(rest))


def plan_new_layer(root: Path, name: str) -> Change:
    """Return the change that adds the layer ``name``.

    Raises ``ScaffoldError`` for a name that is invalid or exists.
    """
    answers = read_answers(root)
    if name in answers.layers:
        raise ScaffoldError(
            f"the layer {name} already exists: `invoke new-pipeline {name} NAME` adds a pipeline."
        )
    return _between(root, answers, answers.with_layers((*answers.layers, name)))


def plan_remove_layer(root: Path, name: str) -> Change:
    """Return the change that removes the layer ``name``.

    Raises ``UnknownNameError`` if it does not exist, ``ScaffoldError`` if it has pipelines or is
    the last one.
    """
    answers = read_answers(root)
    if name not in answers.layers:
        raise UnknownNameError("layer", name, answers.layers)
    used = [folder.id for folder in Repository(root).pipelines if folder.layer == name]
    used += [f"{name}/{each}" for layer, each in answers.pipelines if layer == name]
    if used:
        pipelines = ", ".join(dict.fromkeys(used))
        raise ScaffoldError(
            f"{name} has pipelines: {pipelines}; remove them first with `invoke remove-pipeline`."
        )
    rest = tuple(layer for layer in answers.layers if layer != name)
    if not rest:
        raise ScaffoldError(f"{name} is the only layer: add another one first.")
    return _between(root, answers, answers.with_layers(rest))


def plan_remove_pipeline(root: Path, layer: str, name: str) -> Change:
    """Return the change that removes a pipeline: its whole folder, and its entry in the answers.

    Raises ``UnknownNameError`` if it does not exist, ``ScaffoldError`` for a folder with files that
    are not committed.
    """
    answers = read_answers(root)
    rest = tuple(each for each in answers.pipelines if each != (layer, name))
    folder = root / "src" / layer / name
    known = [folder.id for folder in Repository(root).pipelines]
    if f"{layer}/{name}" not in known and rest == answers.pipelines:
        raise UnknownNameError("pipeline", f"{layer}/{name}", known)
    shown = f"src/{layer}/{name}"
    if unsaved := _unsaved(root, shown):
        raise ScaffoldError(f"{unsaved} is not committed, so git cannot restore it: commit it.")
    files = tuple(
        path.relative_to(root).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()
    )
    changed = rest != answers.pipelines
    return Change(root, {}, files, answers=answers.with_pipelines(rest) if changed else None)


def _between(root: Path, before: Answers, after: Answers) -> Change:
    return change_between(
        root,
        _with_all_pipelines(root, before),
        _with_all_pipelines(root, after),
        answers=after,
    )


def _with_all_pipelines(root: Path, answers: Answers) -> Answers:
    """Return the answers, with the pipelines made by hand, and without those deleted by hand."""
    deleted = deleted_pipelines(root)
    existing = [each for each in answers.pipelines if each not in deleted]
    by_hand = [
        (folder.layer, folder.name)
        for folder in Repository(root).pipelines
        if (folder.path / PROJECT_FILE).is_file()
    ]
    return answers.with_pipelines(tuple(dict.fromkeys((*existing, *by_hand))))


def _unsaved(root: Path, folder: str) -> str:
    """Return a path in ``folder`` that is not committed, "" if there is none, or no git."""
    command = ["git", "-C", str(root), "status", "--porcelain", "-z", "--", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    entries = done.stdout.split("\0") if done.returncode == 0 else []
    # Git can restore what was deleted.
    return next((entry[3:] for entry in entries if entry and "D" not in entry[:2]), "")
