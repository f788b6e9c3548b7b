"""The settings of VS Code for a repository: ``.vscode/settings.json`` and ``launch.json``.

https://code.visualstudio.com/docs/python/settings-reference and
https://code.visualstudio.com/docs/python/debugging
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import EditorFileError
from dorc_runtime.project.editors.json_with_comments import add_items, add_members

FOLDER = ".vscode"
_WORKSPACE = "${workspaceFolder}"


def write_vscode_files(root: Path, *, tasks: Path) -> list[str]:
    """Write what is missing in ``.vscode/`` of the repository at ``root``; return what changed.

    ``tasks`` is the folder of the ``tasks.py`` and the ``.venv`` that are used. What a file has
    stays as it is. Raises ``EditorFileError`` for a file that cannot be read or written; then no
    file is changed.
    """
    place = _place(root, tasks)
    texts: dict[str, Callable[[str], str]] = {
        "settings.json": partial(_with_settings, place),
        "launch.json": partial(_with_launches, place),
    }
    changed: dict[str, str] = {}
    for name, complete in texts.items():
        file = f"{FOLDER}/{name}"
        before = _read(root, file)
        try:
            after = complete(before)
        except ValueError as error:
            raise EditorFileError(
                f"{file} cannot be completed: {error}. Correct or remove the file."
            ) from error
        if after != before:
            changed[file] = after
    for file, text in changed.items():
        _write(root, file, text)
    return list(changed)


def _place(root: Path, tasks: Path) -> str:
    """Return the folder of the tasks as VS Code names it, from the folder that it shows."""
    if tasks.resolve() == root.resolve():
        return _WORKSPACE
    return f"{_WORKSPACE}/{Path(os.path.relpath(tasks, root)).as_posix()}"


def _with_settings(place: str, text: str) -> str:
    return add_members(
        text,
        {
            "python.defaultInterpreterPath": f"{place}/.venv/bin/python",
            "python.testing.pytestEnabled": True,
            "python.testing.unittestEnabled": False,
            "python.testing.pytestArgs": ["src"],
        },
    )


def _with_launches(place: str, text: str) -> str:
    launches = list(_launches(place))
    return add_members(add_items(text, "configurations", launches), {"version": "0.2.0"})


def _launches(place: str) -> Iterator[dict[str, JsonValue]]:
    """Yield what can be started, each for the file that is open.

    Only ``--inline`` calls functions where a debugger sees them: VS Code must not follow the
    workers, which it would start in its own way.
    """
    yield _launch("dorc: run this pipeline", place, ["run", "${relativeFile}"])
    yield _launch(
        "dorc: debug this pipeline",
        place,
        ["run", "${relativeFile}", "--inline"],
    )
    yield _launch(
        "dorc: debug this function, with its last event",
        place,
        [
            *("run", "${relativeFile}", "--function", "${fileDirnameBasename}"),
            *("--event", "last", "--inline"),
        ],
    )
    yield {
        **_launch("dorc: debug the tests in this file", place, ["${file}"]),
        "module": "pytest",
        "cwd": _WORKSPACE,
    }


def _launch(name: str, place: str, arguments: Sequence[str]) -> dict[str, JsonValue]:
    return {
        "name": name,
        "type": "debugpy",
        "request": "launch",
        "module": "invoke",
        "args": list(arguments),
        "cwd": place,
        "console": "integratedTerminal",
        "subProcess": False,
    }


def _read(root: Path, name: str) -> str:
    try:
        return (root / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return "{}\n"
    except UnicodeDecodeError as error:
        raise EditorFileError(f"{name} is not text in UTF-8: save it as UTF-8.") from error
    except OSError as error:
        raise EditorFileError(
            f"{name} cannot be read: {error.strerror}. Make it a file that you can read."
        ) from error


def _write(root: Path, name: str, text: str) -> None:
    try:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text.encode())
    except OSError as error:
        raise EditorFileError(
            f"{name} cannot be written: {error.strerror}. Make it a file that you can write."
        ) from error
