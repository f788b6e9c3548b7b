"""Runs a Pulumi program in this process."""

import asyncio
import gc
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar

import pulumi
from pulumi.runtime import config as settings_of_stack
from pulumi.runtime import settings
from pulumi.runtime.stack import run_in_stack

from dorc_runtime.deploy.synth.recorder import Recorder
from dorc_runtime.errors import DorcError, StackError

P = ParamSpec("P")
T = TypeVar("T")


def run_program(
    folder: Path,
    recorder: Recorder,
    *,
    root: Path,
    config: Mapping[str, str],
    variables: Mapping[str, str],
) -> None:
    """Run the program in ``folder``, of the repository at ``root``, as Pulumi would.

    ``config`` is the stack's configuration; ``variables`` are more environment variables. Raises
    ``DorcError`` when the program fails.
    """

    def within() -> None:
        settings_of_stack.set_all_config(dict(config), [])
        settings.reset_options(
            project=recorder.project,
            stack=recorder.stack,
            organization=recorder.organization,
            root_directory=str(folder),
            preview=False,
        )
        settings.SETTINGS.monitor = recorder
        settings.SETTINGS.engine = recorder
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ImmediateExecutor())
        # The run ends with the first failure; later ones would only be noise.
        loop.set_exception_handler(lambda _loop, _context: None)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run_in_stack(lambda: _run(folder)))
        finally:
            loop.close()
            asyncio.set_event_loop(None)

    with _program_process(folder, root, variables):
        try:
            # Pulumi keeps the state of a program in context variables.
            Context().run(within)
        except DorcError:
            raise
        except pulumi.RunError as error:
            raise StackError(str(error)) from error
    if recorder.errors:
        raise StackError(f"{recorder.project}: {recorder.errors[0]}")


def _run(folder: Path) -> None:
    runpy.run_path(str(folder), run_name="__main__")


@contextmanager
def fast_settings() -> Iterator[None]:
    """Set Python to run programs in two thirds of the time, until the context ends.

    Nearly all objects of a program stay alive, so frequent garbage collection finds little. And
    Pulumi records the call stack of each resource, of which one frame is enough here.
    """
    threshold = gc.get_threshold()
    limit = getattr(sys, "tracebacklimit", None)
    set_fast()
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit


def set_fast() -> None:
    """Set the same for the rest of this process."""
    gc.set_threshold(200_000, 50, 100)
    sys.tracebacklimit = 1


class ImmediateExecutor(ThreadPoolExecutor):
    """Runs each call at once in the caller's thread, so that every run has the same order."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn``, and return its result or exception as a future."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # the caller gets it from the future
            future.set_exception(error)
        return future


@contextmanager
def _program_process(folder: Path, root: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Make this process look like Pulumi's process for the program, until the context ends.

    This sets the working folder, the variables, the import paths and the imported modules.
    """
    directory, paths = Path.cwd(), sys.path[:]
    before = {name: os.environ.get(name) for name in variables}
    modules = _unload_modules(folder, root)
    sys.path.insert(0, str(root))
    os.environ.update(variables)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(directory)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        sys.path[:] = paths
        _unload_modules(folder, root)
        sys.modules.update(modules)


def _unload_modules(folder: Path, root: Path) -> dict[str, ModuleType]:
    """Unload and return the modules with the name of a file in one of both folders.

    Every pipeline has its own ``pipeline.py``, and every repository its ``pipeline_config.py``.
    """
    own = {path.stem for parent in (root, folder) for path in parent.iterdir()} - {"__main__"}
    names = [name for name in sys.modules if name.partition(".")[0] in own]
    return {name: sys.modules.pop(name) for name in names}
