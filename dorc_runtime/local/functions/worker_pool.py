"""Functions in worker processes of their own, by Lambda's rules.

Open it for which worker gets which call, when workers start, and when they are killed.
"""

import json
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from pydantic import JsonValue

from dorc_runtime.errors import DorcError, UnknownNameError
from dorc_runtime.local.functions.environment import Environments
from dorc_runtime.local.functions.outcome import (
    Cancel,
    LocalFunction,
    LogLine,
    Outcome,
    Raised,
    event_text,
    exit_failure,
    outcome,
)
from dorc_runtime.local.functions.worker_process import Call, WorkerProcess
from dorc_runtime.local.sandbox.mechanisms import Isolation, Mechanism, not_held

_SECONDS_BETWEEN_CHECKS = 0.05
# Looking for children takes longer than all else of a check.
_CHECKS_BETWEEN_LOOKS_FOR_CHILDREN = 5


@dataclass(eq=False, slots=True)
class _FunctionWorkers:
    """The workers of one function, those that are idle, and the calls that wait."""

    function: LocalFunction
    processes: list[WorkerProcess] = field(default_factory=list)
    idle: list[WorkerProcess] = field(default_factory=list)
    waiting: deque[Call] = field(default_factory=deque)


class WorkerPool:
    """Functions in worker processes, by Lambda's rules.

    A process serves one call at a time and then waits for the next. A function has at most
    ``limit`` processes (default: one per processor, 2 to 8), or as many as its concurrency; more
    calls wait. ``endpoint`` is the URL that stands for AWS, or a function that returns it, called
    when the first process starts. ``on_log`` gets all lines of a call before its ``done``.

    Not as on Lambda: calls over the concurrency wait, where Lambda refuses them; a handler has 60 s
    to load, which do not count for its first call; memory is measured every 50 ms, so a short peak
    is not seen; and what the system does not hold of ``isolation``.
    """

    def __init__(
        self,
        functions: Mapping[str, LocalFunction],
        *,
        endpoint: str | Callable[[], str],
        region: str,
        on_log: Callable[[LogLine], None],
        limit: int | None = None,
        isolation: Isolation = Isolation(),  # noqa: B008 # frozen
    ) -> None:
        self._functions = {
            function.name: _FunctionWorkers(function) for function in functions.values()
        }
        self._environments = Environments(endpoint=endpoint, region=region)
        self._on_log = on_log
        self._isolation = isolation
        self._limit = limit or min(8, max(2, os.cpu_count() or 2))
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._watched = self._reported = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Start to load the handlers of ``names``, one process each, and return at once."""
        self._in_background(self._start_ahead, tuple(names))

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call the function ``name``; ``done`` gets the outcome on a thread of the pool.

        The function that is returned cancels the call, and kills its process; ``done`` is then not
        called. A closed pool takes calls and never answers them.
        """
        if name not in self._functions:
            raise UnknownNameError("function", name, sorted(self._functions))
        event = event_text(payload)
        if isinstance(event, Raised):
            done(event)
            return lambda: None
        workers, call = self._functions[name], Call(str(uuid.uuid4()), event, done)
        # Before the lock: this may wait, and others need the lock.
        self._environments.endpoint()
        with self._changed:
            workers.waiting.append(call)
            self._assign(workers)
        return partial(self._cancel, workers, call)

    def close(self) -> None:
        """Kill every process, and remove their files; a second call does nothing."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
            workers = [
                worker for workers in self._functions.values() for worker in workers.processes
            ]
            threads, self._threads = self._threads, []
        for worker in workers:
            worker.kill()
        for worker in workers:
            self._kill(worker)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
        self._environments.close()

    def _start_ahead(self, names: tuple[str, ...]) -> None:
        try:
            self._environments.endpoint()
        except DorcError:
            # The first call raises it again, and reports it.
            return
        for name in names:
            with self._changed:
                if not self._functions[name].processes:
                    self._start_process(self._functions[name])

    def _assign(self, workers: _FunctionWorkers) -> None:
        """Give waiting calls to idle processes, and start more where there are too few."""
        while workers.waiting and workers.idle:
            worker = workers.idle.pop()
            if worker.status is None:
                worker.send(workers.waiting.popleft())
                self._changed.notify_all()
            else:
                self._in_background(self._kill, worker)
        loading = sum(not worker.ready for worker in workers.processes)
        limit = min(self._limit, workers.function.concurrency or self._limit)
        for _ in range(min(len(workers.waiting) - loading, limit - len(workers.processes))):
            self._start_process(workers)

    def _start_process(self, workers: _FunctionWorkers) -> None:
        if self._closed.is_set():
            return
        if not self._watched:
            self._watched = True
            self._in_background(self._watch)
        worker = WorkerProcess(
            workers.function, self._environments.make(workers.function), self._isolation
        )
        workers.processes.append(worker)
        self._in_background(self._listen, workers, worker)
        self._changed.notify_all()

    def _listen(self, workers: _FunctionWorkers, worker: WorkerProcess) -> None:
        """Read what one process writes, from its start to its end."""
        for text, mark in worker.lines():
            match mark:
                case "":
                    request_id = worker.request_id if worker.ready else ""
                    self._on_log(LogLine(workers.function.name, request_id, text))
                case "ready":
                    self._set_idle(workers, worker)
                case "answer":
                    self._deliver_answer(workers, worker)
                case "ended":
                    break
                case machine:
                    self._report_missing(*json.loads(machine.partition(" ")[2]))
        self._finish(workers, worker)

    def _report_missing(self, mechanism: Mechanism, ports: bool) -> None:
        """Log once what of Lambda's machine this system does not hold."""
        missing = not_held(mechanism, self._isolation, ports=ports)
        with self._changed:
            is_first, self._reported = not self._reported, True
        if missing and is_first:
            text = f"not held on this machine: {', '.join(missing)} (see `invoke doctor`)"
            self._on_log(LogLine("dorc", "", text))

    def _set_idle(self, workers: _FunctionWorkers, worker: WorkerProcess) -> None:
        """Give ``worker`` the next call, or let it wait for one."""
        with self._changed:
            worker.ready = True
            workers.idle.append(worker)
            self._assign(workers)

    def _deliver_answer(self, workers: _FunctionWorkers, worker: WorkerProcess) -> None:
        kind, text = worker.answer()
        if not kind:
            return
        answer = replace(outcome(kind == "returned", text), memory=worker.peak_memory())
        with self._changed:
            call = worker.call
            if call is None or worker.exceeded is not None:
                return
            worker.call = call.worker = None
            if kind != "init":
                self._set_idle(workers, worker)
        call.done(answer)
        if kind == "init":
            self._kill(worker)

    def _finish(self, workers: _FunctionWorkers, worker: WorkerProcess) -> None:
        with self._changed:
            workers.processes.remove(worker)
            if worker in workers.idle:
                workers.idle.remove(worker)
            call = worker.call
            if call is None and not worker.ready and workers.waiting:
                # The process ended while it loaded the handler: that fails the first call.
                call = workers.waiting.popleft()
            if call is not None:
                call.worker = None
            if self._closed.is_set():
                call = None
            else:
                self._assign(workers)
        worker.dispose()
        if call is not None:
            call.done(worker.exceeded or exit_failure(worker.status or 0, call.request_id))

    def _cancel(self, workers: _FunctionWorkers, call: Call) -> None:
        with self._changed:
            worker = call.worker
            if call in workers.waiting:
                workers.waiting.remove(call)
            if worker is not None:
                worker.call = call.worker = None
        if worker is not None:
            self._kill(worker)

    def _kill(self, worker: WorkerProcess) -> None:
        # Without the lock: the thread that reads the pipes may wait for it, and must go on reading.
        with self._changed:
            if worker.killed:
                return
            worker.killed = True
        worker.kill()
        worker.mark_end()

    def _watch(self) -> None:
        """Kill the processes over their time or memory, and find those that have ended."""
        checks = 0
        while not self._closed.wait(_SECONDS_BETWEEN_CHECKS):
            with self._changed:
                while not (busy := self._busy()):
                    if self._closed.is_set():
                        return
                    self._changed.wait()
            checks += 1
            look_for_children = checks % _CHECKS_BETWEEN_LOOKS_FOR_CHILDREN == 0
            for worker in busy:
                self._check(worker, look_for_children=look_for_children)

    def _busy(self) -> list[WorkerProcess]:
        return [
            worker
            for workers in self._functions.values()
            for worker in workers.processes
            if worker.busy
        ]

    def _check(self, worker: WorkerProcess, *, look_for_children: bool) -> None:
        if worker.status is not None:
            self._kill(worker)
            return
        call = worker.call
        exceeded = worker.exceeded_limit(look_for_children=look_for_children)
        if exceeded is None:
            return
        with self._changed:
            if worker.killed or worker.call is not call:
                return
            worker.exceeded = exceeded
        self._kill(worker)

    def _in_background(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
