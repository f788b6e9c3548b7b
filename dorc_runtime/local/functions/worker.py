"""The process that a function runs in: reads events from its input, answers on its output.

It is started by its path, in an interpreter without site-packages. It uses the standard library and
modules that are also loaded by path: a handler's imports never find dorc's.

The first line of the input is JSON: ``arn``, ``timeout`` in seconds, ``mark``, ``answered`` (hosts
that are played, or null), and what ``lambda_machine.enter`` takes. Then comes each event: a line
with the request's id and the event's length in bytes, and the event as JSON. An answer is a line
with its kind (``returned``, ``raised`` or ``init``) and length in bytes, and the answer as JSON.
All that a handler prints, and what the programs that it starts print, goes to the standard error,
where a line with the mark comes when the machine is known (``machine``, and JSON), when the handler
is loaded, and before each answer.

When its input ends, the process ends at once, and ends the programs that it has started.
"""

import importlib.machinery
import importlib.util
import json
import logging
import os
import queue
import signal
import site
import sys
import threading
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO


def _load_module(name: str, folder: str = "functions") -> ModuleType:
    path = Path(__file__).parents[1] / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_{name}", path)
    assert spec is not None and spec.loader is not None, path  # noqa: S101 # a file of ours
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from dorc_runtime.local.functions import network_guard, runtime
    from dorc_runtime.local.libraries import arrow_endpoint
    from dorc_runtime.local.sandbox import lambda_machine
else:
    network_guard, runtime = _load_module("network_guard"), _load_module("runtime")
    lambda_machine = _load_module("lambda_machine", "sandbox")
    arrow_endpoint = _load_module("arrow_endpoint", "libraries")

READY = b"ready"
ANSWER = b"answer"


class BundledPackages:
    """Finds the packages that Lambda's runtime has, after all other folders, and no others."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where the top-level package ``name`` is, if it is one of them."""
        if name not in self._folders:
            return None
        return importlib.machinery.PathFinder.find_spec(name, [self._folders[name]], target)


class Channel:
    """The three pipes of this process, moved away from where a handler would use them."""

    def __init__(self) -> None:
        self._requests: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._answers = os.dup(1)
        self._log = os.dup(2)
        os.dup2(2, 1)
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 # a device, not a path
            os.dup2(nothing.fileno(), 0)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(line_buffering=True, errors="backslashreplace")
        self._events: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.settings = json.loads(self._requests.readline() or b"null")
        if self.settings is None:
            _end()
        self._mark: bytes = self.settings["mark"].encode()

    def listen(self) -> None:
        """Receive events from now on, in a thread."""
        threading.Thread(target=self._receive, name="requests", daemon=True).start()

    def event(self) -> tuple[str, bytes]:
        """Wait for the next event; return its request's id, and its JSON."""
        return self._events.get()

    def note(self, what: bytes) -> None:
        """Write to the log, after all that was printed, that ``what`` is reached."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                # The handler has replaced the stream, or has closed it.
                continue
        os.write(self._log, self._mark + what + b"\n")

    def answer(self, kind: str, text: bytes) -> None:
        """Answer the event taken last."""
        self.note(ANSWER)
        rest = memoryview(b"%s %d\n" % (kind.encode(), len(text)) + text)
        while rest:
            rest = rest[os.write(self._answers, rest) :]

    def _receive(self) -> None:
        # On another thread, to see the end of the input while a handler runs.
        while header := self._requests.readline():
            request_id, length = header.decode().split()
            self._events.put((request_id, self._requests.read(int(length))))
        _end()


def main() -> None:
    """Load the handler and serve it, for as long as the input is open."""
    channel = Channel()
    settings = channel.settings
    # Inside the machine the file cannot be seen.
    hosts = _load_module("answered_hosts", "http") if settings["answered"] else None
    # A process with a second thread cannot make namespaces.
    machine = lambda_machine.enter(settings)
    channel.listen()
    channel.note(b"machine " + json.dumps([machine.mechanism, machine.ports]).encode())
    sys.path[:0] = machine.paths
    sys.meta_path.append(BundledPackages(machine.bundled))
    # exit() and quit() come with site-packages otherwise.
    site.setquit()
    log = runtime.LogHandler()
    logging.getLogger().addHandler(log)
    network_guard.install(settings["ports"])
    network_guard.name_unanswered_hosts()
    arrow_endpoint.install()
    if hosts is not None:
        hosts.install(hosts.AnsweredHosts(**settings["answered"]))

    load_failure = b""
    handler = None
    try:
        handler = runtime.load_handler()
    except Exception as error:
        load_failure = runtime.failure(error)
    channel.note(READY)
    while True:
        log.request_id, event = channel.event()
        if handler is None:
            channel.answer("init", load_failure)
            sys.exit(1)
        context = runtime.Context(log.request_id, arn=settings["arn"], timeout=settings["timeout"])
        succeeded, text = runtime.call(handler, event, context)
        channel.answer("returned" if succeeded else "raised", text)


def _end() -> None:
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
