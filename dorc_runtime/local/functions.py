"""The functions of a pipeline, called on this machine: each in worker processes of its own.

``Functions`` is what a run needs of them; ``WorkerPool`` gives it, by Lambda's rules. How a worker
process is spoken with stands in ``worker``.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from pydantic import JsonValue

from dorc_runtime.errors import DorcError, UnknownNameError
from dorc_runtime.local.handlers import environment, error_text

if TYPE_CHECKING:
    import psutil

Cancel = Callable[[], None]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_EVENT = 6 * 1024 * 1024
# Seconds. On AWS a handler has 10 to load, and then its first call's own time; a machine with cold
# disks may take longer to import pandas, so here that time is not taken from the first call.
LONGEST_LOAD = 60.0
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: what the runtime has.
BUNDLED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")

_TICK = 0.05
_TICKS_BETWEEN_FAMILIES = 5
_LONGEST_LINE = 256 * 1024
_WORKER = Path(__file__).with_name("worker.py")
_COMMAND = (sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_WORKER))


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function as it is called here.

    ``name`` is its folder's name; ``timeout`` is in seconds, ``memory`` in MiB. ``environment`` are
    variables of its own, and ``paths`` the folders to import from behind its own one.
    """

    name: str
    folder: Path
    timeout: float
    memory: int
    environment: Mapping[str, str]
    paths: tuple[Path, ...]
    arn: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A function ended well, with ``payload``."""

    payload: JsonValue


@dataclass(frozen=True, slots=True)
class Raised:
    """A function failed: ``error`` is its type, ``cause`` the JSON that Lambda answers then."""

    error: str
    cause: str


Outcome = Returned | Raised


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function printed; ``request_id`` is "" while its handler is loaded."""

    function: str
    request_id: str
    text: str


class Functions(Protocol):
    """The functions of one pipeline, ready to be called by name."""

    def start(self, names: Iterable[str]) -> None:
        """Begin to load the handlers of ``names``, and return at once."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call a function; ``done`` gets the outcome, once, on whatever thread.

        What is returned ends the call, wherever it is; ``done`` is then not called.
        """

    def close(self) -> None:
        """End every call and every process; ``done`` is not called any more."""


def raised(text: bytes) -> Raised:
    """Return the failure that ``text`` tells of, in Lambda's JSON."""
    return Raised(json.loads(text)["errorType"], text.decode())


def outcome(succeeded: bool, text: bytes) -> Outcome:
    """Return the outcome that a handler's runtime tells of in JSON."""
    return Returned(json.loads(text)) if succeeded else raised(text)


def event_text(payload: JsonValue) -> bytes | Raised:
    """Return the event as a function gets it, or how Lambda refuses one that is too large."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    if len(text) <= LARGEST_EVENT:
        return text
    message = f"Request must be smaller than {LARGEST_EVENT} bytes for the InvokeFunction operation"
    return raised(error_text("Lambda.RequestTooLargeException", message))


def exited(status: int, request_id: str) -> Raised:
    """Return the failure of a function whose process ended with ``status`` (-n: by signal n)."""
    if status < 0:
        reason = (signal.strsignal(-status) or str(-status)).lower()
        how = f"exited with error: signal: {reason}"
    elif status:
        how = f"exited with error: exit status {status}"
    else:
        how = "exited without providing a reason"
    message = f"RequestId: {request_id} Error: Runtime {how}"
    return raised(error_text("Runtime.ExitError", message))


@dataclass(eq=False, slots=True)
class _Call:
    request_id: str
    event: bytes
    done: Callable[[Outcome], None]
    worker: "_Worker | None" = None


@dataclass(eq=False, slots=True)
class _Crew:
    """The processes of one function, those of them that are free, and the calls that wait."""

    function: LocalFunction
    workers: "list[_Worker]" = field(default_factory=list)
    idle: "list[_Worker]" = field(default_factory=list)
    waiting: deque[_Call] = field(default_factory=deque)


class _Worker:
    """One worker process, and this side of its pipes."""

    def __init__(self, crew: _Crew, variables: Mapping[str, str], scratch: Path) -> None:
        self.crew = crew
        self.call: _Call | None = None
        self.request_id = ""
        self.verdict: Raised | None = None
        self.ready = self.ending = False
        self.deadline = time.monotonic() + LONGEST_LOAD
        self._scratch = scratch
        self._mark = f"\0{uuid.uuid4().hex} ".encode()
        # This side keeps the writing end too: a program that outlives the handler may hold the
        # pipe open, so its end tells nothing, and a last line of our own is put there instead.
        self._log, self._log_end = os.pipe()
        self.process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
            _COMMAND,
            cwd=crew.function.folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_end,
            # Ctrl-C at the terminal is for this process alone, which then ends its workers.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._family: list[psutil.Process] | None = None
        settings = {
            "folder": str(crew.function.folder),
            "paths": [str(path) for path in crew.function.paths],
            "bundled": _bundled(),
            "arn": crew.function.arn,
            "timeout": crew.function.timeout,
            "mark": self._mark.decode(),
        }
        self._write(json.dumps(settings).encode() + b"\n")

    @property
    def busy(self) -> bool:
        """Whether it loads its handler, or has a call, and is not being ended."""
        return not self.ending and (self.call is not None or not self.ready)

    def send(self, call: _Call) -> None:
        """Begin ``call``, whose time runs from now on."""
        self.call, call.worker = call, self
        self.request_id = call.request_id
        self.deadline = time.monotonic() + self.crew.function.timeout
        self._write(b"%s %d\n%s" % (call.request_id.encode(), len(call.event), call.event))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what is printed: each a line, or "" and what the process tells between lines."""
        rest = b""
        while chunk := os.read(self._log, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                # Enough is kept for a mark that is half there.
                lines.append(rest[: -len(self._mark)])
                rest = rest[-len(self._mark) :]
            for line in lines:
                text, marked, told = line.partition(self._mark)
                if text or not marked:
                    yield text.decode(errors="replace").rstrip("\r"), ""
                if marked:
                    yield "", told.decode()

    def answer(self) -> tuple[str, bytes]:
        """Return the kind and text of the answer; the kind is "" when the process has ended."""
        assert self.process.stdout is not None  # noqa: S101 # it is a pipe
        kind, _, length = self.process.stdout.readline().decode().partition(" ")
        text = self.process.stdout.read(int(length)) if length else b""
        return (kind, text) if length and len(text) == int(length) else ("", b"")

    def memory(self, *, family: bool) -> int:
        """Return the bytes it holds; with ``family``, look anew for what it has started."""
        import psutil

        total = 0
        with suppress(psutil.NoSuchProcess):
            if self._family is None or family:
                itself = psutil.Process(self.process.pid)
                self._family = [itself, *itself.children(recursive=True)]
        for member in self._family or ():
            with suppress(psutil.Error):
                total += member.memory_info().rss
        return total

    def kill(self) -> None:
        """Kill the process, and what it has started."""
        import psutil

        if self.process.returncode is None:
            with suppress(psutil.Error):
                for child in psutil.Process(self.process.pid).children(recursive=True):
                    with suppress(psutil.Error):
                        child.kill()
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def tell_end(self) -> None:
        """Have ``lines`` yield that the process has ended, behind all that it printed."""
        self.process.wait()
        os.write(self._log_end, self._mark + b"ended\n")

    def dispose(self) -> None:
        """Close the pipes, and remove the folder of its files."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        os.close(self._log)
        os.close(self._log_end)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _write(self, text: bytes) -> None:
        # A process that has ended cannot be written to; that it has is found elsewhere.
        with suppress(OSError):
            assert self.process.stdin is not None  # noqa: S101 # it is a pipe
            self.process.stdin.write(text)
            self.process.stdin.flush()


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
        self._crews = {name: _Crew(function) for name, function in functions.items()}
        self._endpoint = endpoint
        self._region = region
        self._on_log = on_log
        self._limit = limit or min(8, max(2, os.cpu_count() or 2))
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._folder = Path(tempfile.mkdtemp(prefix="dorc-"))
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, names: Iterable[str]) -> None:
        """Begin to load the handlers of ``names``, one process each, and return at once."""
        self._thread(self._warm, tuple(names))

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
        call = _Call(str(uuid.uuid4()), event, done)
        endpoint = self._address()
        with self._changed:
            self._crews[name].waiting.append(call)
            self._assign(self._crews[name], endpoint)
        return partial(self._cancel, call)

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
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self) -> str:
        if callable(self._endpoint):
            self._endpoint = self._endpoint()
        return self._endpoint

    def _warm(self, names: tuple[str, ...]) -> None:
        try:
            endpoint = self._address()
        except DorcError:
            # The first call meets it too, and tells of it.
            return
        for name in names:
            with self._changed:
                if not self._crews[name].workers:
                    self._spawn(self._crews[name], endpoint)

    def _assign(self, crew: _Crew, endpoint: str) -> None:
        """Give waiting calls to free processes, and start more where there are too few."""
        while crew.waiting and crew.idle:
            worker = crew.idle.pop()
            if worker.process.poll() is None:
                worker.send(crew.waiting.popleft())
                self._changed.notify_all()
            else:
                self._thread(self._end, worker)
        loading = sum(not worker.ready for worker in crew.workers)
        for _ in range(min(len(crew.waiting) - loading, self._limit - len(crew.workers))):
            self._spawn(crew, endpoint)

    def _spawn(self, crew: _Crew, endpoint: str) -> None:
        if self._closed.is_set():
            return
        if not self._started:
            self._thread(self._watch)
        self._started += 1
        scratch = self._folder / str(self._started)
        (scratch / "home").mkdir(parents=True)
        (scratch / "tmp").mkdir()
        function = crew.function
        variables = environment(
            function.name,
            function.environment,
            folder=function.folder,
            memory=function.memory,
            endpoint=endpoint,
            region=self._region,
            scratch=scratch,
        )
        worker = _Worker(crew, variables, scratch)
        crew.workers.append(worker)
        self._thread(self._listen, worker)
        self._changed.notify_all()

    def _listen(self, worker: _Worker) -> None:
        """Hear one process from its start to its end."""
        crew = worker.crew
        for text, told in worker.lines():
            match told:
                case "":
                    request_id = worker.request_id if worker.ready else ""
                    self._on_log(LogLine(crew.function.name, request_id, text))
                case "ready":
                    self._free(worker)
                case "answer":
                    self._answered(worker)
                case "ended":
                    break
        self._ended(worker)

    def _free(self, worker: _Worker) -> None:
        with self._changed:
            worker.ready = True
            worker.crew.idle.append(worker)
            self._assign(worker.crew, self._address())

    def _answered(self, worker: _Worker) -> None:
        kind, text = worker.answer()
        if not kind:
            return
        answer = outcome(kind == "returned", text)
        with self._changed:
            call = worker.call
            if call is None or worker.verdict is not None:
                return
            worker.call = call.worker = None
            if kind != "init":
                self._free(worker)
        call.done(answer)
        if kind == "init":
            self._end(worker)

    def _ended(self, worker: _Worker) -> None:
        crew = worker.crew
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
                self._assign(crew, self._address())
        worker.dispose()
        if call is not None:
            status = worker.process.returncode
            call.done(worker.verdict or exited(status, call.request_id))

    def _cancel(self, call: _Call) -> None:
        with self._changed:
            worker = call.worker
            for crew in self._crews.values():
                if call in crew.waiting:
                    crew.waiting.remove(call)
            if worker is not None:
                worker.call = call.worker = None
        if worker is not None:
            self._end(worker)

    def _end(self, worker: _Worker) -> None:
        # Not under the lock: whoever hears the process may wait for it, and has to read on.
        with self._changed:
            if worker.ending:
                return
            worker.ending = True
        worker.kill()
        worker.tell_end()

    def _watch(self) -> None:
        """End the processes that take too long, or too much, and find those that have ended."""
        tick = 0
        while not self._closed.wait(_TICK):
            with self._changed:
                while not (busy := self._busy()):
                    if self._closed.is_set():
                        return
                    self._changed.wait()
            tick += 1
            for worker in busy:
                self._inspect(worker, family=tick % _TICKS_BETWEEN_FAMILIES == 0)

    def _busy(self) -> list[_Worker]:
        return [worker for crew in self._crews.values() for worker in crew.workers if worker.busy]

    def _inspect(self, worker: _Worker, *, family: bool) -> None:
        if worker.process.poll() is not None:
            self._end(worker)
            return
        call = worker.call
        verdict = self._breach(worker, family=family)
        if verdict is None:
            return
        with self._changed:
            if worker.ending or worker.call is not call:
                return
            worker.verdict = verdict
        self._end(worker)

    def _breach(self, worker: _Worker, *, family: bool) -> Raised | None:
        function = worker.crew.function
        if time.monotonic() > worker.deadline:
            seconds = function.timeout if worker.ready else LONGEST_LOAD
            error, how = "Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"
        elif worker.memory(family=family) > function.memory * 2**20:
            error, how = "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
        else:
            return None
        return raised(error_text(error, f"RequestId: {worker.request_id} Error: {how}"))

    def _thread(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


@cache
def _bundled() -> dict[str, str]:
    """Return the folder that each of the packages of Lambda's runtime lies in, if it is here."""
    folders = {}
    for name in BUNDLED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            folders[name] = str(
                origin.parents[1] if spec.submodule_search_locations else origin.parent
            )
    return folders
