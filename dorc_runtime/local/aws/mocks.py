"""Steps that a run does not carry out: an example answers them, or the run refuses them.

A file ``examples/<case>/mocks/<step>.json`` holds the result of the Task state ``<step>``.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.document.scopes import inner_machines
from dorc_runtime.compile.document.task_documents import (
    INVOKE,
    START,
    START_AND_WAIT,
)
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.permissions.job_actions import WITH_TOKEN
from dorc_runtime.compile.permissions.service_actions import resource
from dorc_runtime.errors import InputError, UnknownNameError
from dorc_runtime.local.aws.served_services import unknown_action
from dorc_runtime.local.json_text import read_json
from dorc_runtime.project.repository import PipelineFolder


def read_mocks(
    folder: PipelineFolder, example: str | None, document: Document
) -> Mapping[str, JsonValue]:
    """Return the results that an example has, by the names of the tasks of ``document``.

    Raises:
        UnknownNameError: A file is not named like a task; the message lists similar names.
        InputError: A file is not JSON.
    """
    if example is None:
        return {}
    tasks = dict(tasks_of(document))
    mocks = {}
    for file in sorted((folder.path / "examples" / example / "mocks").glob("*.json")):
        if file.stem not in tasks:
            near = get_close_matches(file.stem, tasks) or sorted(tasks)
            where = _shown(file, folder)
            raise UnknownNameError("task", file.stem, near, remedy=f"Rename {where}.")
        mocks[file.stem] = read_json(file, name=_shown(file, folder))
    return mocks


def check_answers(
    document: Document, answers: Mapping[str, JsonValue], *, mocks: Mapping[str, JsonValue]
) -> None:
    """Check that each of ``answers`` is for a task of ``document`` that waits with its token.

    Raises ``UnknownNameError`` for another name, ``InputError`` for a step that has a mock too.
    """
    waiting = [name for name, called in tasks_of(document) if called.endswith(WITH_TOKEN)]
    for name in answers:
        if name not in waiting:
            raise UnknownNameError("step that waits for an answer", name, waiting)
        if name in mocks:
            raise InputError(
                f"the step '{name}' has an answer and a mock, and a step with a mock does not run: "
                f"remove the answer, or the file mocks/{name}.json."
            )


def refuse_unanswered_tasks(
    document: Document, *, pipeline: str, mocks: Mapping[str, JsonValue], example: str | None
) -> None:
    """Raise an ``InputError`` for the first task that neither this machine nor a mock answers."""
    for name, called in tasks_of(document):
        if name in mocks or called in (INVOKE, START, START_AND_WAIT):
            continue
        waits = called.endswith(WITH_TOKEN)
        if waits:
            why = "it waits for an answer with its token"
        else:
            why = unknown_action(called.removeprefix(resource("")))
        if why:
            file = f"src/{pipeline}/examples/{example or '<case>'}/mocks/{name}.json"
            answer = f" Or give the answer: --answer '{name}=JSON'." if waits else ""
            raise InputError(
                f"{pipeline}: the step '{name}' cannot be run here: {why}. "
                f"Write its result into {file}, and run with that example.{answer}"
            )


def tasks_of(machine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names of all Task states with what they call."""
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name, state["Resource"]
        for inner, _ in inner_machines(state):
            yield from tasks_of(inner)


def _shown(file: Path, folder: PipelineFolder) -> str:
    return file.relative_to(folder.root).as_posix()
