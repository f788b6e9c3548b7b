"""The functions of a pipeline, called in this process: for a debugger, coverage, monkeypatching.

Open it for how such a call works. ``isolation`` gives each call what a worker process gives it,
and then restores this process. ``InlineFunctions`` lists the rules of Lambda that do not hold here.
"""

import importlib
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self, TextIO

from pydantic import JsonValue

from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.functions import runtime
from dorc_runtime.local.functions.environment import Environments
from dorc_runtime.local.functions.isolation import WarmFunction, forget_modules, isolated, own_names
from dorc_runtime.local.functions.network_guard import unanswered_hosts_named
from dorc_runtime.local.functions.outcome import (
    Cancel,
    LocalFunction,
    LogLine,
    Outcome,
    Raised,
    event_text,
    exit_failure,
    outcome,
    raised_from,
)
from dorc_runtime.local.http.answered_hosts import answered
from dorc_runtime.local.libraries.arrow_endpoint import arrow_endpoint


class InlineFunctions:
    """Functions called on the calling thread, one at a time, before ``submit`` returns.

    What a handler prints goes to ``on_log``; what ``passthrough`` returns for it goes to the
    terminal, which a debugger's prompt needs. ``patches`` has values that replace others, by
    function and by their path from its ``lambda.py``: ``handler``, or ``rules.today``.

    Not applied: the timeout and the memory limit; Lambda's files and network (only credentials and
    the endpoint are replaced as in a worker); Lambda's packages (all that is installed here can be
    imported, and modules that this process has imported stay as they are). The output of programs
    that a handler starts is not captured, and ``os._exit`` ends this process.
    """

    def __init__(
        self,
        functions: Mapping[str, LocalFunction],
        *,
        endpoint: str | Callable[[], str],
        region: str,
        on_log: Callable[[LogLine], None],
        passthrough: Callable[[str], str] | None = None,
        patches: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self._functions = functions
        self._patches = patches or {}
        self._environments = Environments(endpoint=endpoint, region=region)
        self._on_log = on_log
        self._passthrough = passthrough
        self._warm: dict[str, WarmFunction] = {}
        self._imported_before = frozenset(sys.modules)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Load the handlers of ``names``; an error here is raised again by the call."""
        for name in names:
            isolation = self._isolated(name, request_id="")
            with self._lock, isolation as warm, suppress(Exception, SystemExit):
                self._patch(warm)
                warm.handler = runtime.load_handler()

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call the function ``name`` and give ``done`` the outcome, then return.

        Raises:
            UnknownNameError: The function does not exist, or a name that a patch replaces.
        """
        if name not in self._functions:
            raise UnknownNameError("function", name, sorted(self._functions))
        event = event_text(payload)
        # Without the lock: ``done`` may make the next call.
        done(event if isinstance(event, Raised) else self._call(name, event))
        return lambda: None

    def close(self) -> None:
        """Remove the functions' files, and the modules from the folders that they share.

        Packages with compiled parts stay imported, since a process can load those only once.
        """
        paths = {path for function in self._functions.values() for path in function.paths}
        forget_modules(paths, keep=self._imported_before)
        self._environments.close()

    def _call(self, name: str, event: bytes) -> Outcome:
        request_id = str(uuid.uuid4())
        with self._lock, self._isolated(name, request_id) as warm:
            try:
                if warm.handler is None:
                    self._patch(warm)
                return _answer(warm, event, request_id)
            except SystemExit as error:
                return exit_failure(runtime.exit_status(error), request_id)

    @contextmanager
    def _isolated(self, name: str, request_id: str) -> Iterator[WarmFunction]:
        warm = self._warm_function(name)
        terminal = partial(_show, sys.stdout, self._passthrough) if self._passthrough else None
        log = partial(self._log, name, request_id)
        with (
            unanswered_hosts_named(),
            arrow_endpoint(),
            answered(warm.function.answered),
            isolated(warm, request_id, on_line=log, terminal=terminal),
        ):
            yield warm

    def _warm_function(self, name: str) -> WarmFunction:
        if name not in self._warm:
            function = self._functions[name]
            environment = self._environments.make(function)
            importlib.invalidate_caches()
            self._warm[name] = WarmFunction(
                function, own_names(function.folder), environment.variables
            )
        return self._warm[name]

    def _patch(self, warm: WarmFunction) -> None:
        for path, value in self._patches.get(warm.function.name, {}).items():
            *parents, name = path.split(".")
            try:
                module: object = importlib.import_module(runtime.MODULE)
                for parent in parents:
                    module = getattr(module, parent, None) or importlib.import_module(parent)
            except Exception:
                # Loading the handler raises it again, and reports it.
                return
            if not hasattr(module, name):
                known = [known for known in vars(module) if not known.startswith("_")]
                raise UnknownNameError("name", path, known, where=f"in {warm.function.name}")
            setattr(module, name, value)

    def _log(self, function: str, request_id: str, text: str) -> None:
        self._on_log(LogLine(function, request_id, text))


def _show(terminal: TextIO, passthrough: Callable[[str], str], text: str) -> None:
    terminal.write(passthrough(text))
    terminal.flush()


def _answer(warm: WarmFunction, event: bytes, request_id: str) -> Outcome:
    """Call the handler; its first call loads it.

    Raises:
        SystemExit: The handler ended its process.
    """
    try:
        if warm.handler is None:
            warm.handler = runtime.load_handler()
    except Exception as error:
        return raised_from(runtime.failure(error))
    function = warm.function
    context = runtime.Context(request_id, arn=function.arn, timeout=function.timeout)
    return outcome(*runtime.call(warm.handler, event, context))
