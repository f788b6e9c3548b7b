"""The functions of a pipeline, called in this process: for a debugger, coverage, monkeypatching.

Open it for how such a call goes. Each finds what it would find in a worker process, and leaves this
one as it was: that stands in ``isolation``. What is not kept to is said at ``InlineFunctions``.
"""

import importlib
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self

from pydantic import JsonValue

from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.functions import runtime
from dorc_runtime.local.functions.environment import Environments
from dorc_runtime.local.functions.isolation import WarmFunction, forget_modules, isolated, own_names
from dorc_runtime.local.functions.outcome import (
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


class InlineFunctions:
    """Functions called on the calling thread, one at a time, before ``submit`` returns.

    What a handler prints goes to ``on_log``; with ``passthrough`` also to where it would go without
    dorc, which a debugger's prompt needs. ``patches`` are values that stand in for others, by the
    function and by where they are from its ``lambda.py``: ``handler``, or ``rules.today``.

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
        patches: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self._functions = functions
        self._patches = patches or {}
        self._environments = Environments(endpoint=endpoint, region=region)
        self._on_log = on_log
        self._passthrough = passthrough
        self._warm: dict[str, WarmFunction] = {}
        self._imported_before = frozenset(sys.modules)
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Load the handlers of ``names``; what fails here fails again, and is told, when called."""
        for name in names:
            inside = self._inside(name, request_id="")
            with self._turn, inside as warm, suppress(Exception, SystemExit):
                self._patch(warm)
                warm.handler = runtime.load_handler()

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call the function ``name`` and give ``done`` the outcome, then return.

        Raises:
            UnknownNameError: It is not there, or what a patch is to stand in for.
        """
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
        forget_modules(paths, but=self._imported_before)
        self._environments.close()

    def _call(self, name: str, event: bytes) -> Outcome:
        request_id = str(uuid.uuid4())
        with self._turn, self._inside(name, request_id) as warm:
            try:
                if warm.handler is None:
                    self._patch(warm)
                return _answer(warm, event, request_id)
            except SystemExit as error:
                return exited(runtime.exit_status(error), request_id)

    @contextmanager
    def _inside(self, name: str, request_id: str) -> Iterator[WarmFunction]:
        warm = self._warm_function(name)
        beside = sys.stdout if self._passthrough else None
        log = partial(self._log, name, request_id)
        with isolated(warm, request_id, on_line=log, beside=beside):
            yield warm

    def _warm_function(self, name: str) -> WarmFunction:
        if name not in self._warm:
            function = self._functions[name]
            found = self._environments.make(function)
            importlib.invalidate_caches()
            self._warm[name] = WarmFunction(function, own_names(function.folder), found.variables)
        return self._warm[name]

    def _patch(self, warm: WarmFunction) -> None:
        for path, value in self._patches.get(warm.function.name, {}).items():
            *way, name = path.split(".")
            try:
                found = importlib.import_module(runtime.MODULE)
                for step in way:
                    found = getattr(found, step, None) or importlib.import_module(step)
            except Exception:
                # Loading the handler fails by it too, and tells how.
                return
            if not hasattr(found, name):
                known = [known for known in vars(found) if not known.startswith("_")]
                raise UnknownNameError(f"name in {warm.function.name}", path, known)
            setattr(found, name, value)

    def _log(self, function: str, request_id: str, text: str) -> None:
        self._on_log(LogLine(function, request_id, text))


def _answer(warm: WarmFunction, event: bytes, request_id: str) -> Outcome:
    """Call the handler, loaded before if this is its first call.

    Raises:
        SystemExit: It ended the process that it was to run in.
    """
    try:
        if warm.handler is None:
            warm.handler = runtime.load_handler()
    except Exception as error:
        return raised(runtime.failure(error))
    function = warm.function
    context = runtime.Context(request_id, arn=function.arn, timeout=function.timeout)
    return outcome(*runtime.call(warm.handler, event, context))
