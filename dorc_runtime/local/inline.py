"""The functions of a pipeline, called in this process: for a debugger, coverage, monkeypatching.

Each call finds what it would find in a worker process: its variables, its own modules, its folder
as the working directory; and leaves everything in this process as it was. What is not kept to is
said at ``InlineFunctions``.
"""

import importlib
import io
import logging
import os
import pkgutil
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self, TextIO

from pydantic import JsonValue

from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local import handlers
from dorc_runtime.local.functions import (
    Cancel,
    LocalFunction,
    LogLine,
    Outcome,
    Raised,
    event_text,
    exited,
    outcome,
    raised,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_COMPILED = tuple(EXTENSION_SUFFIXES)


@dataclass(eq=False, slots=True)
class _Room:
    """What one function keeps between its calls, as a warm worker process would."""

    function: LocalFunction
    names: frozenset[str]
    variables: dict[str, str]
    modules: dict[str, ModuleType] = field(default_factory=dict)
    handler: handlers.Handler | None = None
    level: int = logging.WARNING
    session: object = None


class InlineFunctions:
    """Functions called on the calling thread, one at a time, before ``submit`` returns.

    What a handler prints goes to ``on_log``; with ``passthrough`` also to where it would go without
    dorc, which a debugger's prompt needs.

    Not kept to: the timeout and the memory; the guard against AWS's names (credentials and the
    endpoint are replaced as in a worker); whatever is installed here can be imported, and what this
    process has imported already stays as it is. What programs print that a handler starts is not
    caught, and ``os._exit`` ends it all.
    """

    def __init__(
        self,
        functions: Mapping[str, LocalFunction],
        *,
        endpoint: str | Callable[[], str],
        region: str,
        on_log: Callable[[LogLine], None],
        passthrough: bool = False,
    ) -> None:
        self._functions = functions
        self._endpoint = endpoint
        self._region = region
        self._on_log = on_log
        self._passthrough = passthrough
        self._rooms: dict[str, _Room] = {}
        self._before = frozenset(sys.modules)
        self._folder = Path(tempfile.mkdtemp(prefix="dorc-"))
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Do nothing: each handler is loaded by its first call."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call the function ``name`` and give ``done`` the outcome, then return."""
        if name not in self._functions:
            raise UnknownNameError("function", name, sorted(self._functions))
        event = event_text(payload)
        # Not in the turn: the next call may be made from within ``done``.
        done(event if isinstance(event, Raised) else self._call(name, event))
        return lambda: None

    def close(self) -> None:
        """Remove the functions' files, and forget what they imported from the folders they share.

        Packages with compiled parts stay imported, since a process can load those only once.
        """
        paths = {path for function in self._functions.values() for path in function.paths}
        loaded = {
            name: Path(file)
            for name, module in list(sys.modules.items())
            if name not in self._before and (file := getattr(module, "__file__", None))
        }
        shared = {name: file for name, file in loaded.items() if not paths.isdisjoint(file.parents)}
        compiled = {_top(name) for name, file in shared.items() if file.name.endswith(_COMPILED)}
        for name in shared:
            if _top(name) not in compiled:
                del sys.modules[name]
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, name: str, event: bytes) -> Outcome:
        request_id = str(uuid.uuid4())
        with self._turn, self._inside(self._room(name), request_id) as room:
            try:
                if room.handler is None:
                    room.handler = handlers.load_handler()
            except SystemExit as error:
                return exited(handlers.exit_status(error), request_id)
            except Exception as error:
                return raised(handlers.failure(error))
            function = room.function
            context = handlers.Context(request_id, arn=function.arn, timeout=function.timeout)
            try:
                return outcome(*handlers.call(room.handler, event, context))
            except SystemExit as error:
                return exited(handlers.exit_status(error), request_id)

    def _room(self, name: str) -> _Room:
        if name not in self._rooms:
            function = self._functions[name]
            scratch = self._folder / name
            (scratch / "home").mkdir(parents=True)
            (scratch / "tmp").mkdir()
            if callable(self._endpoint):
                self._endpoint = self._endpoint()
            variables = handlers.environment(
                name,
                function.environment,
                folder=function.folder,
                memory=function.memory,
                endpoint=self._endpoint,
                region=self._region,
                scratch=scratch,
            )
            importlib.invalidate_caches()
            self._rooms[name] = _Room(function, _names(function.folder), variables)
        return self._rooms[name]

    @contextmanager
    def _inside(self, room: _Room, request_id: str) -> Iterator[_Room]:
        """Make this process the function's for a while, and its own again."""
        with (
            self._printing(room, request_id),
            _modules(room),
            _variables(room),
            _logging(room, request_id),
        ):
            yield room

    @contextmanager
    def _printing(self, room: _Room, request_id: str) -> Iterator[None]:
        before = sys.stdout, sys.stderr

        def told(text: str) -> None:
            self._on_log(LogLine(room.function.name, request_id, text))

        lines = _Lines(told, before[0] if self._passthrough else None)
        text = io.TextIOWrapper(
            io.BufferedWriter(lines), "utf-8", errors="backslashreplace", line_buffering=True
        )
        sys.stdout = sys.stderr = text
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            # A handler may have closed what it was given.
            with suppress(ValueError):
                text.flush()
            lines.finish()


class _Lines(io.RawIOBase):
    """Hands on what is written, line by line."""

    def __init__(self, told: Callable[[str], None], beside: TextIO | None) -> None:
        super().__init__()
        self._told = told
        self._beside = beside
        self._rest = b""

    def writable(self) -> bool:
        return True

    def write(self, chunk: "ReadableBuffer") -> int:
        written = bytes(chunk)
        if self._beside is not None:
            self._beside.write(written.decode(errors="replace"))
            self._beside.flush()
        *lines, self._rest = (self._rest + written).split(b"\n")
        for line in lines:
            self._tell(line)
        return len(written)

    def finish(self) -> None:
        """Hand on what is left without an end."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""

    def _tell(self, line: bytes) -> None:
        self._told(line.decode(errors="replace").rstrip("\r"))


@contextmanager
def _modules(room: _Room) -> Iterator[None]:
    """Let the function's own modules be there, and no others of these names."""
    hidden = _taken(room.names)
    path, writing = sys.path[:], sys.dont_write_bytecode
    boto3 = sys.modules.get("boto3")
    session = getattr(boto3, "DEFAULT_SESSION", None)
    sys.modules.update(room.modules)
    sys.path[:0] = [str(folder) for folder in (room.function.folder, *room.function.paths)]
    sys.dont_write_bytecode = True
    if boto3 is not None:
        boto3.DEFAULT_SESSION = room.session  # type: ignore[attr-defined] # boto3 has it
    number = len(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = writing
        if len(sys.modules) == number:
            # Nothing was imported: looking through all modules would take longer than most calls.
            for name in room.modules:
                sys.modules.pop(name, None)
        else:
            room.modules = _taken(room.names)
        sys.modules.update(hidden)
        boto3 = sys.modules.get("boto3")
        if boto3 is not None:
            room.session = boto3.DEFAULT_SESSION
            boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined] # boto3 has it


@contextmanager
def _variables(room: _Room) -> Iterator[None]:
    """Set the function's environment, working directory, time zone and temporary folder."""
    before, folder, temporary = dict(os.environ), Path.cwd(), tempfile.tempdir
    _replace_variables(before, room.variables)
    os.chdir(room.function.folder)
    tempfile.tempdir = None
    try:
        yield
    finally:
        room.variables = dict(os.environ)
        _replace_variables(room.variables, before)
        os.chdir(folder)
        tempfile.tempdir = temporary


@contextmanager
def _logging(room: _Room, request_id: str) -> Iterator[None]:
    """Log as on Lambda, beside what logs in this process anyway."""
    root = logging.getLogger()
    level = root.level
    handler = handlers.LogHandler()
    handler.request_id = request_id
    root.addHandler(handler)
    root.setLevel(room.level)
    try:
        yield
    finally:
        room.level = root.level
        root.setLevel(level)
        root.removeHandler(handler)


def _replace_variables(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    # One by one, and only what differs: setting a variable is most of what a call costs.
    for name in present.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if present.get(name) != value:
            os.environ[name] = value
    if hasattr(time, "tzset"):
        time.tzset()


def _taken(names: frozenset[str]) -> dict[str, ModuleType]:
    """Take the modules of these top-level names, and what lies in them, out of ``sys.modules``."""
    if names.isdisjoint(sys.modules):
        return {}
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _top(name) in names}


def _top(name: str) -> str:
    return name.partition(".")[0]


def _names(folder: Path) -> frozenset[str]:
    """Return the top-level names that are imported from ``folder``.

    What Python itself has imported before is not: a worker would have it imported as well.
    """
    packages = {path.parent.name for path in folder.glob("*/*.py")}
    modules = {module.name for module in pkgutil.iter_modules([str(folder)])}
    found = packages | modules | {handlers.MODULE}
    return frozenset(found - (sys.stdlib_module_names & sys.modules.keys()))
