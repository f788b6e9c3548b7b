"""The folder of a saved run, for people and later commands: ``.dorc/runs/<time>-<pipeline>/``."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import JsonValue

from dorc_runtime.errors import RunFolderError, UnknownNameError
from dorc_runtime.runs.events import FunctionLogged
from dorc_runtime.runs.function_events import write_function_events
from dorc_runtime.runs.redaction import Redaction
from dorc_runtime.runs.result import RunResult
from dorc_runtime.runs.visits import StateVisit, visits_of

# Schema 1 had no visits, and the file did not name its schema.
SCHEMA = 2
_NEWEST = 50
# So many are named in a message.
_NAMED = 5
# Stands in a path for what a name cannot be: nothing between two slashes, or the name of a folder.
_SLASH = "%2F"


@dataclass(frozen=True)
class SavedRun:
    """A run, as its folder has it. What a file of an older schema does not say has a default.

    ``status`` is "" and ``seconds`` 0 where the file does not say.
    """

    folder: Path
    schema: int
    pipeline: str = ""
    function: str = ""
    example: str = ""
    status: str = ""
    seconds: float = 0
    input: JsonValue = None
    output: JsonValue = None
    error: str = ""
    states: tuple[str, ...] = ()
    visits: tuple[StateVisit, ...] = ()
    written: tuple[str, ...] = ()
    seeded: Mapping[str, Path] = field(default_factory=dict)

    @property
    def objects(self) -> dict[str, Path]:
        """The files of all objects that the lake had after the run, by ``zone/key``."""
        lake = self.folder / "lake"
        return {**self.seeded, **{key: lake / path for key, path in _paths(self.written).items()}}

    @property
    def tables(self) -> dict[str, Path]:
        """The files of the items of each table after the run."""
        return {file.stem: file for file in sorted((self.folder / "tables").glob("*.jsonl"))}


def summary(result: RunResult, *, all_frames: bool = True) -> dict[str, JsonValue]:
    """Return a run as JSON: what it started with, how it ended, what it wrote.

    Without ``all_frames``, the trace of a failure is cut to the user's own files.
    """
    ending = result.ending
    return {
        "schema": SCHEMA,
        "pipeline": result.pipeline,
        "function": result.function or None,
        "example": result.example or None,
        "status": ending.status,
        "seconds": round(result.seconds, 3),
        "input": result.input,
        "output": ending.output,
        "error": ending.error or None,
        "failure": result.failure.as_json(all_frames=all_frames) if result.failure else None,
        "states": list(result.states),
        "visits": [visit.as_json() for visit in visits_of(result.events)],
        "written": [{"key": key, "size": len(body)} for key, body in result.written.items()],
        "notes": list(result.notes),
        "memory": {name: each._asdict() for name, each in result.memory.items()},
        "seeded": {key: str(file.absolute()) for key, file in result.seeded.items()},
        "calls": [{**call._asdict(), "arguments": dict(call.arguments)} for call in result.calls],
    }


def make_runs_folder(root: Path) -> Path:
    """Return the folder of all runs below ``root``; it is made if it does not exist.

    Raises:
        RunFolderError: A run cannot be saved there.
    """
    runs = root / ".dorc" / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(runs, error.strerror) from error
    if not os.access(runs, os.W_OK | os.X_OK):
        raise _unwritable(runs, "it cannot be written to")
    return runs


def save_run(
    result: RunResult,
    *,
    root: Path,
    now: datetime,
    redaction: Redaction = Redaction(),  # noqa: B008 # frozen
) -> Path:
    """Write the run below ``root`` and return its folder; only the newest runs stay.

    The folder holds ``result.json``, ``log.txt``, in ``events/`` the events of functions, in
    ``lake/`` the objects written, in ``tables/`` all items of each table, and in ``messages/`` what
    each topic and queue was sent, all after ``redaction``. Its owner alone can read it, since
    inputs and logs may hold what nobody declared as a secret.

    Raises:
        RunFolderError: The run cannot be saved; nothing is left of the folder.
    """
    runs = make_runs_folder(root)
    function = f".{result.function}" if result.function else ""
    folder = runs / f"{now:%Y%m%d-%H%M%S-%f}-{result.pipeline.replace('/', '-')}{function}"
    try:
        folder.mkdir(mode=0o700)
        _write(result, folder, redaction)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _unwritable(runs, error.strerror) from error
    # Calls of one function start from a run of the pipeline: they do not push it out.
    same_kind = [each for each in runs.iterdir() if ("." in each.name) == bool(function)]
    for old in sorted(same_kind)[:-_NEWEST]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _write(result: RunResult, folder: Path, redaction: Redaction) -> None:
    text = json.dumps(summary(result), indent=2, ensure_ascii=False)
    # What UTF-8 cannot hold, half of a character, is written as an escape, which JSON also has.
    (folder / "result.json").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    lines = [
        f"{event.function} | {event.text}\n"
        for event in result.events
        if isinstance(event, FunctionLogged)
    ]
    if not result.function:
        write_function_events(result, folder)
    log = "".join(lines)
    (folder / "log.txt").write_text(log, encoding="utf-8", errors="backslashreplace")
    for key, relative in _paths(result.written).items():
        path = folder / "lake" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(redaction.body(result.written[key]))
    for kind, records in (("tables", result.tables), ("messages", result.messages)):
        for name, values in records.items():
            path = folder / kind / f"{name}.jsonl"
            path.parent.mkdir(exist_ok=True)
            rows = (dict(each) if isinstance(each, Mapping) else each for each in values)
            lines = [f"{json.dumps(redaction.value(row), ensure_ascii=False)}\n" for row in rows]
            path.write_text("".join(lines), encoding="utf-8", errors="backslashreplace")


def _unwritable(runs: Path, problem: str | None) -> RunFolderError:
    return RunFolderError(
        f"a run cannot be saved in {runs}: {problem or 'it cannot be written'}. "
        "Make it a folder that you can write, on a disk with free space."
    )


def read_run(folder: Path) -> SavedRun:
    """Return the run saved in ``folder``, as far as its ``result.json`` can be read.

    Raises:
        RunFolderError: The file does not exist, or has no JSON object.
    """
    file = folder / "result.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{file} cannot be read: {error}. Delete the folder.") from error
    if not isinstance(values, dict):
        raise RunFolderError(f"{file} has no JSON object. Delete the folder.")
    return SavedRun(
        folder=folder,
        schema=_value(values, "schema", int, 1),
        pipeline=_value(values, "pipeline", str, ""),
        function=_value(values, "function", str, ""),
        example=_value(values, "example", str, ""),
        status=_value(values, "status", str, ""),
        seconds=_value(values, "seconds", (int, float), 0),
        input=values.get("input"),
        output=values.get("output"),
        error=_value(values, "error", str, ""),
        states=tuple(name for name in _value(values, "states", list, []) if isinstance(name, str)),
        visits=tuple(
            _visit(each) for each in _value(values, "visits", list, []) if isinstance(each, dict)
        ),
        written=tuple(
            _value(each, "key", str, "")
            for each in _value(values, "written", list, [])
            if isinstance(each, dict)
        ),
        seeded={
            key: Path(file)
            for key, file in _value(values, "seeded", dict, {}).items()
            if isinstance(file, str)
        },
    )


def last_run(root: Path) -> Path:
    """Return the folder of the last run below ``root``.

    Raises:
        RunFolderError: There is none.
    """
    return _existing_runs(root)[-1]


def named_run(root: Path, name: str) -> Path:
    """Return the folder called ``name``, or with that path, of a run below ``root``.

    Raises:
        RunFolderError: There is no run.
        UnknownNameError: There is none with that name; the message lists the newest.
    """
    names = [folder.name for folder in _existing_runs(root)]
    if Path(name).name not in names:
        raise UnknownNameError("run", name, names[: -_NAMED - 1 : -1])
    return root / ".dorc" / "runs" / Path(name).name


def run_folders(root: Path) -> list[Path]:
    """Return the folders of all runs below ``root``, the oldest first."""
    return sorted(path for path in (root / ".dorc" / "runs").glob("*") if path.is_dir())


def _existing_runs(root: Path) -> list[Path]:
    folders = run_folders(root)
    if not folders:
        raise RunFolderError(f"{root / '.dorc' / 'runs'} has no run: `invoke run` makes one.")
    return folders


def _visit(values: dict[str, Any]) -> StateVisit:
    return StateVisit(
        state=_value(values, "state", str, ""),
        kind=_value(values, "kind", str, ""),
        path=tuple(str(part) for part in _value(values, "path", list, [])),
        at=_value(values, "at", (int, float), 0),
        seconds=_value(values, "seconds", (int, float), None),
        retries=_value(values, "retries", int, 0),
        error=_value(values, "error", str, ""),
        caught=_value(values, "caught", str, ""),
    )


def _value(values: dict[str, Any], key: str, kind: type | tuple[type, ...], otherwise: Any) -> Any:
    """Return ``values[key]`` where it is of ``kind``, else ``otherwise``."""
    value = values.get(key)
    return value if isinstance(value, kind) else otherwise


def _paths(keys: Iterable[str]) -> dict[str, Path]:
    """Return where the object of each key is, so that all can be files next to each other.

    S3 has no folders: `birds`, `birds/` and `birds/wren` can be three objects.
    """
    paths = {key: _path(key) for key in keys}
    folders = {parent for path in paths.values() for parent in path.parents}
    return {
        key: path.with_name(f"{path.name}{_SLASH}") if path in folders else path
        for key, path in paths.items()
    }


def _path(key: str) -> Path:
    """Return a key as a path that stays inside its folder, on any system."""
    parts = [quote(part, safe=" !#$&'()+,;=@[]^_`{}~") for part in key.split("/")]
    return Path(
        *(part.replace(".", "%2E") if part in (".", "..") else part or _SLASH for part in parts)
    )
