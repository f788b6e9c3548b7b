"""One worker process, from the parent's side of its pipes.

Open it for how a process is started, called, measured and killed. ``worker`` is what the process
runs; ``worker_pool`` decides which process gets which call.
"""

import importlib.util
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dorc_runtime.local.functions.environment import Environment
from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Raised, raised_from
from dorc_runtime.local.functions.runtime import error_text
from dorc_runtime.local.sandbox.mechanisms import Isolation

if TYPE_CHECKING:
    import psutil

# Seconds. On AWS a handler has 10 to load, and then its first call's own time; a slow disk may take
# longer to import pandas, so here that time does not count for the first call.
LOAD_TIMEOUT = 60.0
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: the packages of the runtime.
BUNDLED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")

_LOCAL_PORT = re.compile(r"\b(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})\b")
_LONGEST_LINE = 256 * 1024
_WORKER = Path(__file__).with_name("worker.py")
# The interpreter that a virtual environment is made of: a function must not see the environment.
_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
_COMMAND = (_PYTHON, "-I", "-S", "-B", "-X", "utf8", str(_WORKER))


@dataclass(eq=False, slots=True)
class Call:
    """One call of a function: ``event`` is JSON, ``worker`` the process that has it, if any."""

    request_id: str
    event: bytes
    done: Callable[[Outcome], None]
    worker: "WorkerProcess | None" = None


class WorkerProcess:
    """A process that serves one call of ``function`` at a time.

    ``call`` is the one that it works on, ``request_id`` that of its last call. It is ``ready`` when
    its handler is loaded, and ``killed`` from when the pool decides to kill it; ``exceeded`` is the
    failure when it was over a limit. The pool sets these, under its lock.
    """

    def __init__(
        self, function: LocalFunction, environment: Environment, isolation: Isolation
    ) -> None:
        self.function = function
        self.call: Call | None = None
        self.request_id = ""
        self.ready = self.killed = False
        self.exceeded: Raised | None = None
        self._deadline = time.monotonic() + LOAD_TIMEOUT
        self._folder = environment.folder
        self._peak = 0
        self._process_tree: list[psutil.Process] | None = None
        self._mark = f"\0{uuid.uuid4().hex} ".encode()
        # The parent has the writing end as well: a program that outlives the handler may keep the
        # pipe open, so the end of the pipe is no sign, and ``mark_end`` writes a last line instead.
        self._log, self._log_end = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
            _COMMAND,
            cwd=function.folder,
            env=environment.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_end,
            # Ctrl-C at the terminal interrupts the parent alone, which then kills its workers.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        settings = {
            "arn": function.arn,
            "timeout": function.timeout,
            "mark": self._mark.decode(),
            "folder": str(function.folder),
            "lib": function.lib and str(function.lib),
            "packages": function.packages and str(function.packages),
            "bundled": _bundled(),
            "storage": function.storage,
            "hidden": [str(path) for path in (*_homes(), *function.hidden)],
            "kept": sorted({sys.base_prefix, sys.base_exec_prefix}),
            "temporary": environment.variables["TMPDIR"],
            "ports": _ports(function, environment) if isolation.network == "lake" else None,
            "answered": function.answered and asdict(function.answered),
            "mechanism": isolation.mechanism,
        }
        self._write(json.dumps(settings).encode() + b"\n")

    @property
    def busy(self) -> bool:
        """Whether it loads its handler or works on a call, and is not killed."""
        return not self.killed and (self.call is not None or not self.ready)

    @property
    def status(self) -> int | None:
        """The exit status of the process (-n: by signal n), or None while it runs."""
        return self._process.poll()

    def send(self, call: Call) -> None:
        """Start ``call``; its time runs from now."""
        self.call, call.worker = call, self
        self.request_id = call.request_id
        self._deadline = time.monotonic() + self.function.timeout
        self._write(b"%s %d\n%s" % (call.request_id.encode(), len(call.event), call.event))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each printed line with "", and each mark as "" with its name.

        Marks are ``machine`` and what holds it in JSON, ``ready``, ``answer`` and, by ``mark_end``,
        ``ended``.
        """
        rest = b""
        while chunk := os.read(self._log, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                # What stays may be the first half of a mark.
                lines.append(rest[: -len(self._mark)])
                rest = rest[-len(self._mark) :]
            for line in lines:
                text, separator, mark = line.partition(self._mark)
                if text or not separator:
                    yield text.decode(errors="replace").rstrip("\r"), ""
                if separator:
                    yield "", mark.decode()

    def answer(self) -> tuple[str, bytes]:
        """Return the kind and text of the answer; the kind is "" when the process has ended."""
        assert self._process.stdout is not None  # noqa: S101 # it is a pipe
        kind, _, length = self._process.stdout.readline().decode().partition(" ")
        text = self._process.stdout.read(int(length)) if length else b""
        return (kind, text) if length and len(text) == int(length) else ("", b"")

    def exceeded_limit(self, *, look_for_children: bool) -> Raised | None:
        """Return the failure of the limit that it is over now, of time or of memory; else None.

        Memory includes that of the programs it has started, as last searched for.
        """
        if time.monotonic() > self._deadline:
            seconds = self.function.timeout if self.ready else LOAD_TIMEOUT
            error, how = "Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"
        elif self._memory(look_for_children=look_for_children) > self.function.memory * 2**20:
            error, how = "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
        else:
            return None
        return raised_from(error_text(error, f"RequestId: {self.request_id} Error: {how}"))

    def peak_memory(self) -> int:
        """Return the most MiB of memory that it has used, as Lambda reports "Max Memory Used".

        That of the programs that it has started is known only from when it was measured.
        """
        # Linux knows also what was between two measurements.
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
            now = int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024
        except (OSError, ValueError, IndexError):
            now = self._memory(look_for_children=False)
        return math.ceil(max(self._peak, now) / 2**20)

    def kill(self) -> None:
        """Kill the process, and the programs that it has started."""
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
        """Wait for the process to end, and let ``lines`` yield that after all that it printed."""
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
        """Return the bytes of memory of the process and its children."""
        import psutil

        total = 0
        with suppress(psutil.NoSuchProcess):
            if self._process_tree is None or look_for_children:
                process = psutil.Process(self._process.pid)
                self._process_tree = [process, *process.children(recursive=True)]
        for member in self._process_tree or ():
            with suppress(psutil.Error):
                total += member.memory_info().rss
        self._peak = max(self._peak, total)
        return total

    def _write(self, text: bytes) -> None:
        # A process that has ended cannot be written to; ``status`` reports that.
        with suppress(OSError):
            assert self._process.stdin is not None  # noqa: S101 # it is a pipe
            self._process.stdin.write(text)
            self._process.stdin.flush()


@cache
def _bundled() -> dict[str, str]:
    """Return where each package of Lambda's runtime is, of those that are installed here."""
    paths = {}
    for name in BUNDLED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            paths[name] = str(origin.parent if spec.submodule_search_locations else origin)
    return paths


@cache
def _homes() -> frozenset[Path]:
    """Return the home folders of the user of this process, by its variables and by the system."""
    homes = {Path.home()}
    with suppress(ImportError, KeyError):
        import pwd

        homes.add(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return frozenset(home.resolve() for home in homes)


def _ports(function: LocalFunction, environment: Environment) -> list[int]:
    """Return the ports of this machine that a function may connect to, the lake's first.

    They are those that its variables name, and that of the hosts that are played.
    """
    values = (environment.variables["AWS_ENDPOINT_URL"], *environment.variables.values())
    ports = [int(port[1]) for value in values if (port := _LOCAL_PORT.search(value))]
    ports += [function.answered.port] if function.answered else []
    return list(dict.fromkeys(ports))
