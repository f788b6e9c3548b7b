"""Gives a function this process for one call, and restores the process after it.

Open it for what functions must not share with each other, or leave in this process: modules,
variables, working directory, logging, standard output.
"""

import functools
import io
import logging
import os
import pkgutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dorc_runtime.local.functions import runtime
from dorc_runtime.local.functions.outcome import LocalFunction

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_COMPILED = tuple(EXTENSION_SUFFIXES)
# As bytes where the system has them as bytes: no variable is encoded again for each call.
_Variables = Mapping[Any, Any]
_ENVIRONMENT: MutableMapping[Any, Any] = os.environb if os.supports_bytes_environ else os.environ


@dataclass(eq=False, slots=True)
class WarmFunction:
    """What one function keeps between its calls, as a warm worker process would.

    ``own_names`` are the top-level names of the modules in its folder, and ``modules`` those it has
    imported; ``variables`` are those it starts with, ``last_variables`` those after its last
    call; ``session`` is boto3's default session.
    """

    function: LocalFunction
    own_names: frozenset[str]
    variables: dict[str, str]
    modules: dict[str, ModuleType] = field(default_factory=dict)
    handler: runtime.Handler | None = None
    logging_level: int = logging.WARNING
    session: object = None
    last_variables: _Variables = field(default_factory=dict)


def own_names(folder: Path) -> frozenset[str]:
    """Return the top-level names that are imported from ``folder``.

    Without the modules that Python itself has already imported: a worker has them as well.
    """
    packages = {path.parent.name for path in folder.glob("*/*.py")}
    modules = {module.name for module in pkgutil.iter_modules([str(folder)])}
    names = packages | modules | {runtime.MODULE}
    return frozenset(names - (sys.stdlib_module_names & sys.modules.keys()))


@contextmanager
def isolated(
    warm: WarmFunction,
    request_id: str,
    *,
    on_line: Callable[[str], None],
    terminal: Callable[[str], None] | None,
) -> Iterator[None]:
    """Give this process to the function for one call.

    What it prints goes to ``on_line``, line by line, and at once to ``terminal``.
    """
    with (
        _standard_output(on_line, terminal),
        _modules(warm),
        _variables(warm),
        _logging(warm, request_id),
    ):
        yield


def forget_modules(paths: Collection[Path], *, keep: Collection[str]) -> dict[str, ModuleType]:
    """Remove from ``sys.modules`` what was imported from ``paths``, and return it by name.

    The names in ``keep`` stay, and so do packages with compiled parts, since a process can load
    those only once.
    """
    loaded = {
        name: Path(file)
        for name, module in list(sys.modules.items())
        if name not in keep and (file := getattr(module, "__file__", None))
    }
    folders = frozenset(paths)
    shared = {name: file for name, file in loaded.items() if not folders.isdisjoint(file.parents)}
    compiled = {_top(name) for name, file in shared.items() if file.name.endswith(_COMPILED)}
    return {name: sys.modules.pop(name) for name in shared if _top(name) not in compiled}


@contextmanager
def _standard_output(
    on_line: Callable[[str], None], terminal: Callable[[str], None] | None
) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    lines = _Lines(on_line, terminal)
    text = io.TextIOWrapper(
        io.BufferedWriter(lines), "utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.stdout = sys.stderr = text
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        # A handler may have closed the stream.
        with suppress(ValueError):
            text.flush()
        lines.finish()


class _Lines(io.RawIOBase):
    """Passes on what is written, line by line."""

    def __init__(
        self, on_line: Callable[[str], None], terminal: Callable[[str], None] | None
    ) -> None:
        super().__init__()
        self._on_line = on_line
        self._terminal = terminal
        self._rest = b""

    def writable(self) -> bool:
        return True

    def write(self, chunk: "ReadableBuffer") -> int:
        written = bytes(chunk)
        if self._terminal is not None:
            self._terminal(written.decode(errors="replace"))
        *lines, self._rest = (self._rest + written).split(b"\n")
        for line in lines:
            self._pass_on(line)
        return len(written)

    def finish(self) -> None:
        """Pass on the last line when it has no end."""
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def _pass_on(self, line: bytes) -> None:
        self._on_line(line.decode(errors="replace").rstrip("\r"))


@contextmanager
def _modules(warm: WarmFunction) -> Iterator[None]:
    """Import the function's own modules, and no others of the same names."""
    replaced = _remove_modules(warm.own_names)
    path, dont_write_bytecode = sys.path[:], sys.dont_write_bytecode
    boto3 = sys.modules.get("boto3")
    session = getattr(boto3, "DEFAULT_SESSION", None)
    sys.modules.update(warm.modules)
    sys.path[:0] = [str(folder) for folder in (warm.function.folder, *warm.function.paths)]
    sys.dont_write_bytecode = True
    if boto3 is not None:
        boto3.DEFAULT_SESSION = warm.session or _new_session(boto3)  # type: ignore[attr-defined] # boto3 has it
    number = len(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = dont_write_bytecode
        if len(sys.modules) == number:
            # Nothing was imported: a search of all modules would take longer than most calls.
            for name in warm.modules:
                sys.modules.pop(name, None)
        else:
            warm.modules = _remove_modules(warm.own_names)
        sys.modules.update(replaced)
        boto3 = sys.modules.get("boto3")
        if boto3 is not None:
            warm.session = boto3.DEFAULT_SESSION
            boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined] # boto3 has it


def _new_session(boto3: ModuleType) -> object:
    """Return a session for one function, with the descriptions of AWS that all sessions share.

    They are megabytes of JSON, and nobody changes them: each function would parse them again.
    """
    from botocore.session import get_session

    session = get_session()
    session.register_component("data_loader", _descriptions())
    return boto3.Session(botocore_session=session)


@functools.cache
def _descriptions() -> object:
    from botocore.loaders import Loader

    return Loader()


@contextmanager
def _variables(warm: WarmFunction) -> Iterator[None]:
    """Set the function's environment, working directory, time zone and temporary folder."""
    before, folder, temporary = dict(_ENVIRONMENT), Path.cwd(), tempfile.tempdir
    _replace_variables(before, warm.last_variables or _encoded(warm.variables))
    os.chdir(warm.function.folder)
    tempfile.tempdir = None
    try:
        yield
    finally:
        warm.last_variables = dict(_ENVIRONMENT)
        _replace_variables(warm.last_variables, before)
        os.chdir(folder)
        tempfile.tempdir = temporary


def _encoded(variables: Mapping[str, str]) -> _Variables:
    if not os.supports_bytes_environ:
        return variables
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}


def _replace_variables(present: _Variables, required: _Variables) -> None:
    # Only what differs: to set a variable is most of the time of a call.
    for name in present.keys() - required.keys():
        del _ENVIRONMENT[name]
    for name, value in required.items():
        if present.get(name) != value:
            _ENVIRONMENT[name] = value
    if hasattr(time, "tzset"):
        time.tzset()


@contextmanager
def _logging(warm: WarmFunction, request_id: str) -> Iterator[None]:
    """Log as on Lambda, next to the handlers of this process."""
    root = logging.getLogger()
    level = root.level
    handler = runtime.LogHandler()
    handler.request_id = request_id
    root.addHandler(handler)
    root.setLevel(warm.logging_level)
    try:
        yield
    finally:
        warm.logging_level = root.level
        root.setLevel(level)
        root.removeHandler(handler)


def _remove_modules(names: frozenset[str]) -> dict[str, ModuleType]:
    """Remove the modules of these top-level names, and their submodules, from ``sys.modules``."""
    if names.isdisjoint(sys.modules):
        return {}
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _top(name) in names}


def _top(name: str) -> str:
    return name.partition(".")[0]
