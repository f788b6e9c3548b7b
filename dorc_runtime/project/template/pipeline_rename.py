"""Renaming a pipeline: its folder, its entry in the answers, and what other files say of it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.model.identifiers import check_name
from dorc_runtime.project.repository import ANSWERS, PipelineFolder, Repository
from dorc_runtime.project.template.answers import read_answers
from dorc_runtime.project.template.changes import Change

_SUFFIXES = frozenset(
    {".cfg", ".ini", ".ipynb", ".jinja", ".json", ".jsonl", ".md", ".py", ".sh", ".toml", ".txt"}
    | {".yaml", ".yml"}
)
# Folders with a dot that name pipelines; others with one are of programs.
_DOT_FOLDERS = frozenset({".github", ".vscode"})
_LEFT_OUT = frozenset({"__pycache__", "node_modules"})
_LAKE = re.compile(r"(?:^|/)lake/")


def renamed_pipeline(repository: Repository, old: PipelineFolder, name: str) -> PipelineFolder:
    """Return the pipeline that ``old`` becomes; ``name`` is LAYER/NAME, or only NAME.

    Raises ``UnknownNameError`` for an unknown layer, ``ScaffoldError`` for a name that is invalid
    or exists.
    """
    layer, _, last = name.strip("/").removeprefix("src/").rpartition("/")
    layer = layer or old.layer
    answers = read_answers(repository.root)
    if layer not in answers.layers:
        remedy = f"`invoke new-layer {layer}` adds it." if "/" not in layer else ""
        raise UnknownNameError("layer", layer, answers.layers, remedy=remedy)
    check_name("pipeline", last)
    new = PipelineFolder(repository.root, layer, last)
    if new.path.exists() or (layer, last) in answers.pipelines:
        raise ScaffoldError(f"the pipeline {new.id} already exists: choose another name.")
    return new


def plan_rename(repository: Repository, old: PipelineFolder, new: PipelineFolder) -> Change:
    """Return the change that makes ``old`` the pipeline ``new``.

    The folder is moved as it is; files that name the pipeline, also those of others, are changed.
    """
    root = repository.root
    written: dict[str, bytes] = {}
    for path in _text_files(root):
        shown = path.relative_to(root).as_posix()
        before = path.read_bytes()
        after = _with_new_name(before, old, new)
        if path.parent == old.path and path.name.startswith("Pulumi."):
            after = _with_new_project(after, old, new)
        if after != before:
            written[shown] = after
    answers = read_answers(root)
    pipelines = [
        (new.layer, new.name) if each == (old.layer, old.name) else each
        for each in answers.pipelines
    ]
    renamed = answers.with_pipelines(tuple(pipelines))
    return Change(
        root,
        written,
        moved=tuple(_moves(old, new)),
        answers=renamed if renamed.pipelines != answers.pipelines else None,
    )


def _moves(old: PipelineFolder, new: PipelineFolder) -> Iterator[tuple[str, str]]:
    folder = f"src/{old.id}"
    test, renamed = (f"tests/test_{each.name}.py" for each in (old, new))
    if (old.path / test).is_file() and not (old.path / renamed).exists():
        yield f"{folder}/{test}", f"{folder}/{renamed}"
    yield folder, f"src/{new.id}"


def _with_new_name(content: bytes, old: PipelineFolder, new: PipelineFolder) -> bytes:
    """Return ``content`` with ``layer/name`` replaced, and ``layer.name.`` in texts."""
    before, after = re.escape(old.id.encode()), new.id.encode()
    # Not a part of a longer path, such as the key of an object.
    path = rb"(?<![\w./-])((?:\./)?src/)?" + before + rb"(?![\w-]|\.\w)"
    content = re.sub(path, lambda match: (match[1] or b"") + after, content)
    dotted = rb"(?<=[\"'])" + before.replace(b"/", rb"\.") + rb"(?=\.\w)"
    return re.sub(dotted, after.replace(b"/", b"."), content)


def _with_new_project(content: bytes, old: PipelineFolder, new: PipelineFolder) -> bytes:
    """Return a file of Pulumi with the new name of the project ``<project>.<layer>.<name>``."""
    before = re.escape(f".{old.layer}.{old.name}".encode())
    return re.sub(before + rb"(?![\w-])", f".{new.layer}.{new.name}".encode(), content)


def _text_files(root: Path) -> Iterator[Path]:
    """Yield the files of the team in which a pipeline may be named."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_left_out(Path(folder, name)))
        for name in sorted(files):
            path = Path(folder, name)
            shown = path.relative_to(root).as_posix()
            if path.suffix in _SUFFIXES and shown != ANSWERS and not _LAKE.search(shown):
                yield path


def _is_left_out(folder: Path) -> bool:
    dotted = folder.name.startswith(".") and folder.name not in _DOT_FOLDERS
    return dotted or folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").exists()
