"""One worker process, from this side of its pipes.

Open it for how a process is started, spoken with, measured and ended. What the process itself does
stands in ``worker``; which call goes to which process, in ``pool``.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dorc_runtime.local.functions.environment import Environment
from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Raised, raised
from dorc_runtime.local.functions.runtime import error_text

if TYPE_CHECKING:
    import psutil

# Seconds. On AWS a handler has 10 to load, and then its first call's own time; a machine with cold
# disks may take longer to import pandas, so here that time is not taken from the first call.
LONGEST_LOAD = 60.0
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: what the runtime has.
BUNDLED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")

_LONGEST_LINE = 256 * 1024
_WORKER = Path(__file__).with_name("worker.py")
_COMMAND = (sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_WORKER))


@dataclass(eq=False, slots=True)
class Call:
    """One call of a function: ``event`` is JSON, ``worker`` the process that has it, if any."""

    request_id: str
    event: bytes
    done: Callable[[Outcome], None]
    worker: "WorkerProcess | None" = None


class WorkerProcess:
    """A process that serves one call of ``function`` at a time.

    ``call`` is what it works on, ``request_id`` that of its last call; it is ``ready`` once its
    handler is loaded, and ``ending`` when it was decided to end it, for ``exceeded`` if it went
    over one of its limits. The pool sets these, under its lock.
    """

    def __init__(self, function: LocalFunction, environment: Environment) -> None:
        self.function = function
        self.call: Call | None = None
        self.request_id = ""
        self.ready = self.ending = False
        self.exceeded: Raised | None = None
        self._deadline = time.monotonic() + LONGEST_LOAD
        self._folder = environment.folder
        self._family: list[psutil.Process] | None = None
        self._mark = f"\0{uuid.uuid4().hex} ".encode()
        # This side keeps the writing end too: a program that outlives the handler may hold the
        # pipe open, so its end tells nothing, and a last line of our own is put there instead.
        self._log, self._log_end = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
            _COMMAND,
            cwd=function.folder,
            env=environment.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_end,
            # Ctrl-C at the terminal is for this process alone, which then ends its workers.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        settings = {
            "folder": str(function.folder),
            "paths": [str(path) for path in function.paths],
            "bundled": _bundled(),
            "arn": function.arn,
            "timeout": function.timeout,
            "mark": self._mark.decode(),
        }
        self._write(json.dumps(settings).encode() + b"\n")

    @property
    def busy(self) -> bool:
        """Whether it loads its handler, or has a call, and is not being ended."""
        return not self.ending and (self.call is not None or not self.ready)

    @property
    def status(self) -> int | None:
        """What the process ended with (-n: by signal n), or None while it runs."""
        return self._process.poll()

    def send(self, call: Call) -> None:
        """Begin ``call``, whose time runs from now on."""
        self.call, call.worker = call, self
        self.request_id = call.request_id
        self._deadline = time.monotonic() + self.function.timeout
        self._write(b"%s %d\n%s" % (call.request_id.encode(), len(call.event), call.event))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what is printed, as lines with "", and between them "" with what was reached.

        That is ``ready``, ``answer`` or, by ``mark_end``, ``ended``.
        """
        rest = b""
        while chunk := os.read(self._log, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                # Enough is kept for a mark that is half there.
                lines.append(rest[: -len(self._mark)])
                rest = rest[-len(self._mark) :]
            for line in lines:
                text, marked, reached = line.partition(self._mark)
                if text or not marked:
                    yield text.decode(errors="replace").rstrip("\r"), ""
                if marked:
                    yield "", reached.decode()

    def answer(self) -> tuple[str, bytes]:
        """Return the kind and text of the answer; the kind is "" when the process has ended."""
        assert self._process.stdout is not None  # noqa: S101 # it is a pipe
        kind, _, length = self._process.stdout.readline().decode().partition(" ")
        text = self._process.stdout.read(int(length)) if length else b""
        return (kind, text) if length and len(text) == int(length) else ("", b"")

    def excess(self, *, look_for_children: bool) -> Raised | None:
        """Return the failure by the limit that it is over now: that of time, or of memory.

        The memory is also that of the programs it has started, as they were last looked for.
        """
        if time.monotonic() > self._deadline:
            seconds = self.function.timeout if self.ready else LONGEST_LOAD
            error, how = "Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"
        elif self._memory(look_for_children=look_for_children) > self.function.memory * 2**20:
            error, how = "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
        else:
            return None
        return raised(error_text(error, f"RequestId: {self.request_id} Error: {how}"))

    def kill(self) -> None:
        """Kill the process, and what it has started."""
        import psutil

        if self._process.returncode is None:
            with suppress(psutil.Error):
                for child in psutil.Process(self._process.pid).children(recursive=True):
                    with suppress(psutil.Error):
                        child.kill()
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def mark_end(self) -> None:
        """Wait for the process to end, and have ``lines`` yield that behind all it printed."""
        self._process.wait()
        os.write(self._log_end, self._mark + b"ended\n")

    def dispose(self) -> None:
        """Close the pipes, and remove the folder of its files."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        os.close(self._log)
        os.close(self._log_end)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _memory(self, *, look_for_children: bool) -> int:
        """Return the bytes that the process and its children hold."""
        import psutil

        total = 0
        with suppress(psutil.NoSuchProcess):
            if self._family is None or look_for_children:
                itself = psutil.Process(self._process.pid)
                self._family = [itself, *itself.children(recursive=True)]
        for member in self._family or ():
            with suppress(psutil.Error):
                total += member.memory_info().rss
        return total

    def _write(self, text: bytes) -> None:
        # A process that has ended cannot be written to; that it has is found elsewhere.
        with suppress(OSError):
            assert self._process.stdin is not None  # noqa: S101 # it is a pipe
            self._process.stdin.write(text)
            self._process.stdin.flush()


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
