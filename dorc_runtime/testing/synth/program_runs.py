"""Running a Pulumi program in this process."""

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

from dorc_runtime.errors import DorcError, StackError
from dorc_runtime.testing.synth.recorder import Recorder

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

    ``config`` is that of the stack; ``variables`` stand in its environment too. Raises
    ``DorcError`` with what the program ends with, should it fail.
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
        loop.set_default_executor(AtOnce())
        # Whatever else fails after the first failure, with which the run ends, is told to nobody.
        loop.set_exception_handler(lambda _loop, _context: None)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run_in_stack(lambda: _run(folder)))
        finally:
            loop.close()
            asyncio.set_event_loop(None)

    with _place(folder, root, variables):
        try:
            # Pulumi keeps what it knows of a program in context variables.
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
def in_haste() -> Iterator[None]:
    """Spare what costs a third of the time of programs, and serves none of them, while this lasts.

    Nearly all that a program makes stays, so that looking for garbage finds little; and for every
    resource Pulumi takes down the stack, of which nothing reads more than a frame here.
    """
    threshold = gc.get_threshold()
    limit = getattr(sys, "tracebacklimit", None)
    hurry()
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit


def hurry() -> None:
    """Do so for as long as this process lasts."""
    gc.set_threshold(200_000, 50, 100)
    sys.tracebacklimit = 1


class AtOnce(ThreadPoolExecutor):
    """Carries out calls where and when they are made, so that every run is like the last one."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn``, and return how that ended."""
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # it goes to whoever waits for the call
            done.set_exception(error)
        return done


@contextmanager
def _place(folder: Path, root: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Be where Pulumi would run the program in ``folder``, and afterwards where one was before."""
    directory, paths = Path.cwd(), sys.path[:]
    before = {name: os.environ.get(name) for name in variables}
    modules = _forgotten(folder, root)
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
        _forgotten(folder, root)
        sys.modules.update(modules)


def _forgotten(folder: Path, root: Path) -> dict[str, ModuleType]:
    """Take back what was imported under a name that something in one of both folders has.

    Every pipeline has its ``pipeline.py``, and every repository its ``pipeline_config.py``.
    """
    own = {path.stem for place in (root, folder) for path in place.iterdir()} - {"__main__"}
    found = [name for name in sys.modules if name.partition(".")[0] in own]
    return {name: sys.modules.pop(name) for name in found}
