"""The task that runs a pipeline again when its files change: ``watch``."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.errors import DorcError, UnknownNameError
from dorc_runtime.project.repository import CONFIGURATION, PipelineFolder, Repository
from dorc_runtime.tasks.entry import pinned_repository, print_line, report_errors, tasks_folder
from dorc_runtime.tasks.short_options import task
from dorc_runtime.tasks.signals import handle_sigterm

# Seconds between two looks at the files.
_PAUSE = 0.2
# Seconds that an interrupted run gets to end its functions.
_GRACE = 10
_FILES = (CONFIGURATION, "requirements.txt", "local.toml", "local.example.toml", "secrets.toml")
_LEFT_OUT = frozenset({"__pycache__", "tests", "expected"})

# The size and the time of the last change of each file.
_Stamps = Mapping[Path, tuple[int, int]]


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "example": "folder under its examples/ to run; may be repeated (default: as `invoke run`)",
        "options": "more options for `invoke run`, as one text: --options='--function clean'",
    },
    iterable=["example"],
)
@report_errors
def watch(c: Context, pipeline: str, example: list[str] | None = None, options: str = "") -> None:
    """Run a pipeline, and again after each change of its files, until Ctrl-C.

    These are its own files, those of pipelines that it calls, lib/, and the configuration.
    """
    repository = pinned_repository(c)
    folder = repository.pipeline(pipeline)
    for name in example or ():
        if name not in folder.examples:
            raise UnknownNameError("example", name, folder.examples, where=f"of {folder.id}")
    command = [sys.executable, "-m", "invoke", "run", folder.id, *shlex.split(options)]
    commands = [[*command, "--example", name] for name in example or ()] or [command]
    try:
        with handle_sigterm():
            _watch(repository, folder, commands, place=tasks_folder(c))
    except KeyboardInterrupt:
        print_line("")


def _watch(
    repository: Repository,
    folder: PipelineFolder,
    commands: Sequence[Sequence[str]],
    *,
    place: Path,
) -> None:
    from dorc_runtime.tasks.drawings.console import console

    reason = f"watching {folder.id}"
    while True:
        look = partial(_stamps, repository.root, _with_called(repository, folder))
        changes = partial(_changes, look(), look)
        console().rule(f"{time.strftime('%H:%M:%S')}  {reason}", align="left", style="dim")
        changed = _run_until_change(commands, place, changes)
        if not changed:
            print_line("waiting for a change; Ctrl-C ends")
        while not changed:
            time.sleep(_PAUSE)
            changed = changes()
        others = f" and {len(changed) - 1} more" if changed[1:] else ""
        reason = f"changed: {repository.show(changed[0])}{others}"
        _wait_until_saved(look)


def _run_until_change(
    commands: Sequence[Sequence[str]], place: Path, changes: Callable[[], list[Path]]
) -> list[Path]:
    """Run ``commands``; return the files that were changed, which interrupts them."""
    for command in commands:
        with _running(command, place) as process:
            while process.poll() is None:
                time.sleep(_PAUSE)
                if changed := changes():
                    return changed
    return []


@contextmanager
def _running(command: Sequence[str], place: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Start a command, and interrupt it at the end of the context if it still runs."""
    # In a session of its own: Ctrl-C reaches this process alone, which interrupts it once.
    process = subprocess.Popen(command, cwd=place, start_new_session=True)  # noqa: S603
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_saved(look: Callable[[], _Stamps]) -> None:
    """Wait until no more files change: editors and git write several."""
    before: _Stamps = {}
    while (after := look()) != before:
        before = after
        time.sleep(_PAUSE)


def _changes(before: _Stamps, look: Callable[[], _Stamps]) -> list[Path]:
    """Return the files that were changed, added or deleted."""
    after = look()
    paths = before.keys() | after.keys()
    return sorted(path for path in paths if before.get(path) != after.get(path))


def _stamps(root: Path, folders: Sequence[PipelineFolder]) -> _Stamps:
    """Return the stamps of all files that decide what a run does."""
    stamps = {}
    for path in _watched(root, folders):
        with suppress(OSError):
            stat = path.stat()
            stamps[path] = (stat.st_size, stat.st_mtime_ns)
    return stamps


def _watched(root: Path, folders: Sequence[PipelineFolder]) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for top in (root / "lib", *(folder.path for folder in folders)):
        for place, inner, files in os.walk(top):
            inner[:] = [name for name in inner if name not in _LEFT_OUT and name[0] != "."]
            yield from (Path(place, name) for name in files if not name.startswith("Pulumi."))


def _with_called(repository: Repository, folder: PipelineFolder) -> Sequence[PipelineFolder]:
    """Return the pipeline and those that it calls, as far as their definitions can be read."""
    from dorc_runtime.model.steps import called_pipelines
    from dorc_runtime.project.definitions import load_pipeline

    found = {folder.id: folder}
    left = [folder]
    while left:
        with suppress(DorcError):
            for name in called_pipelines(load_pipeline(left.pop()).steps):
                if name not in found:
                    found[name] = repository.pipeline(name)
                    left.append(found[name])
    return tuple(found.values())


TASKS: tuple[Task[Any], ...] = (watch,)
