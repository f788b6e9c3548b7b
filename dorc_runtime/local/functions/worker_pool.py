"""Functions in worker processes of their own, by Lambda's rules.

Open it for which call goes to which process, when processes start, and what ends them.
"""

import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
    exited,
    outcome,
)
from dorc_runtime.local.functions.worker_process import Call, WorkerProcess

_SECONDS_BETWEEN_CHECKS = 0.05
# Looking for children takes longer than all else of a check.
_CHECKS_BETWEEN_LOOKS_FOR_CHILDREN = 5


@dataclass(eq=False, slots=True)
class _Crew:
    """The processes of one function, those of them that are free, and the calls that wait."""

    function: LocalFunction
    workers: list[WorkerProcess] = field(default_factory=list)
    idle: list[WorkerProcess] = field(default_factory=list)
    waiting: deque[Call] = field(default_factory=deque)


class WorkerPool:
    """Functions in worker processes, by Lambda's rules.

    A process serves one call at a time and is kept for the next; a function has at most ``limit``
    of them (default: one per processor, 2 to 8), and further calls wait. ``endpoint`` is the URL
    that stands for AWS, or yields it when the first process starts. ``on_log`` gets all lines of a
    call before its ``done``.

    What is not as on Lambda: a handler has 60 s to load, not counted to its first call's time;
    memory is measured every 50 ms, so a short peak passes unseen; files outside of TMPDIR can be
    written. A text that a call is given or returns is at most 6 MB, as there.
    """

    def __init__(
        self,
        functions: Mapping[str, LocalFunction],
        *,
        endpoint: str | Callable[[], str],
        region: str,
        on_log: Callable[[LogLine], None],
        limit: int | None = None,
    ) -> None:
        self._crews = {function.name: _Crew(function) for function in functions.values()}
        self._environments = Environments(endpoint=endpoint, region=region)
        self._on_log = on_log
        self._limit = limit or min(8, max(2, os.cpu_count() or 2))
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._watched = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Begin to load the handlers of ``names``, one process each, and return at once."""
        self._in_background(self._start_ahead, tuple(names))

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call the function ``name``; ``done`` gets the outcome on a thread of the pool.

        What is returned ends the call, and the process that it runs in; ``done`` is then not
        called. A pool that is closed takes calls and never answers them.
        """
        if name not in self._crews:
            raise UnknownNameError("function", name, sorted(self._crews))
        event = event_text(payload)
        if isinstance(event, Raised):
            done(event)
            return lambda: None
        crew, call = self._crews[name], Call(str(uuid.uuid4()), event, done)
        # Waited for before the lock is taken, which others need meanwhile.
        self._environments.endpoint()
        with self._changed:
            crew.waiting.append(call)
            self._assign(crew)
        return partial(self._cancel, crew, call)

    def close(self) -> None:
        """End every call and every process, and remove their files; more than once does no harm."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
            workers = [worker for crew in self._crews.values() for worker in crew.workers]
            threads, self._threads = self._threads, []
        for worker in workers:
            worker.kill()
        for worker in workers:
            self._end(worker)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
        self._environments.close()

    def _start_ahead(self, names: tuple[str, ...]) -> None:
        try:
            self._environments.endpoint()
        except DorcError:
            # The first call meets it too, and tells of it.
            return
        for name in names:
            with self._changed:
                if not self._crews[name].workers:
                    self._spawn(self._crews[name])

    def _assign(self, crew: _Crew) -> None:
        """Give waiting calls to free processes, and start more where there are too few."""
        while crew.waiting and crew.idle:
            worker = crew.idle.pop()
            if worker.status is None:
                worker.send(crew.waiting.popleft())
                self._changed.notify_all()
            else:
                self._in_background(self._end, worker)
        loading = sum(not worker.ready for worker in crew.workers)
        for _ in range(min(len(crew.waiting) - loading, self._limit - len(crew.workers))):
            self._spawn(crew)

    def _spawn(self, crew: _Crew) -> None:
        if self._closed.is_set():
            return
        if not self._watched:
            self._watched = True
            self._in_background(self._watch)
        worker = WorkerProcess(crew.function, self._environments.make(crew.function))
        crew.workers.append(worker)
        self._in_background(self._listen, crew, worker)
        self._changed.notify_all()

    def _listen(self, crew: _Crew, worker: WorkerProcess) -> None:
        """Hear one process from its start to its end."""
        for text, reached in worker.lines():
            match reached:
                case "":
                    request_id = worker.request_id if worker.ready else ""
                    self._on_log(LogLine(crew.function.name, request_id, text))
                case "ready":
                    self._free(crew, worker)
                case "answer":
                    self._answered(crew, worker)
                case "ended":
                    break
        self._ended(crew, worker)

    def _free(self, crew: _Crew, worker: WorkerProcess) -> None:
        """Let ``worker`` have the next call."""
        with self._changed:
            worker.ready = True
            crew.idle.append(worker)
            self._assign(crew)

    def _answered(self, crew: _Crew, worker: WorkerProcess) -> None:
        kind, text = worker.answer()
        if not kind:
            return
        answer = outcome(kind == "returned", text)
        with self._changed:
            call = worker.call
            if call is None or worker.exceeded is not None:
                return
            worker.call = call.worker = None
            if kind != "init":
                self._free(crew, worker)
        call.done(answer)
        if kind == "init":
            self._end(worker)

    def _ended(self, crew: _Crew, worker: WorkerProcess) -> None:
        with self._changed:
            crew.workers.remove(worker)
            if worker in crew.idle:
                crew.idle.remove(worker)
            call = worker.call
            if call is None and not worker.ready and crew.waiting:
                # What would load the handler for the first call in turn has failed it.
                call = crew.waiting.popleft()
            if call is not None:
                call.worker = None
            if self._closed.is_set():
                call = None
            else:
                self._assign(crew)
        worker.dispose()
        if call is not None:
            call.done(worker.exceeded or exited(worker.status or 0, call.request_id))

    def _cancel(self, crew: _Crew, call: Call) -> None:
        with self._changed:
            worker = call.worker
            if call in crew.waiting:
                crew.waiting.remove(call)
            if worker is not None:
                worker.call = call.worker = None
        if worker is not None:
            self._end(worker)

    def _end(self, worker: WorkerProcess) -> None:
        # Not under the lock: whoever hears the process may wait for it, and has to read on.
        with self._changed:
            if worker.ending:
                return
            worker.ending = True
        worker.kill()
        worker.mark_end()

    def _watch(self) -> None:
        """End the processes that take too long, or too much, and find those that have ended."""
        checks = 0
        while not self._closed.wait(_SECONDS_BETWEEN_CHECKS):
            with self._changed:
                while not (busy := self._busy()):
                    if self._closed.is_set():
                        return
                    self._changed.wait()
            checks += 1
            look = checks % _CHECKS_BETWEEN_LOOKS_FOR_CHILDREN == 0
            for worker in busy:
                self._check(worker, look_for_children=look)

    def _busy(self) -> list[WorkerProcess]:
        return [worker for crew in self._crews.values() for worker in crew.workers if worker.busy]

    def _check(self, worker: WorkerProcess, *, look_for_children: bool) -> None:
        if worker.status is not None:
            self._end(worker)
            return
        call = worker.call
        exceeded = worker.excess(look_for_children=look_for_children)
        if exceeded is None:
            return
        with self._changed:
            if worker.ending or worker.call is not call:
                return
            worker.exceeded = exceeded
        self._end(worker)

    def _in_background(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
