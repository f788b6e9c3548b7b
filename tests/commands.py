"""Runs `python -m MODULE` as a user does, without the time that its imports take.

On Linux a command is a fork of a process that has imported the packages of others, and what most
commands of dorc import. It has its own environment, folder and output.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

Result = subprocess.CompletedProcess[str]

_SERVER = Path(__file__).with_name("command_server.py")
# pytest rewrites modules of plugins, dorc's among them, and so has to import them itself.
_IMPORTS = {
    "invoke": ("invoke.main", "dorc_runtime.project.definitions", "copier", "jsonata", "yaml"),
    "pytest": ("pytest", "pydantic", "jsonata", "yaml", "rich.console"),
}
# What Python reads when it starts.
_EARLY = ("PYTHON", "LC_", "LANG")


def run_module(
    module: str,
    *words: str,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float = 120,
    imports: tuple[str, ...] = (),
) -> Result:
    """Run `python -m MODULE WORDS` in ``folder``; return how it ended and what it printed.

    ``environment`` has all environment variables. ``imports`` are further modules that the command
    needs. Raises ``TimeoutExpired`` after ``timeout`` seconds.
    """
    command = [sys.executable, "-m", module, *words]
    if sys.platform != "linux" or _early(environment) != _early(os.environ):
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    request = {
        "module": module,
        "words": words,
        "cwd": str(folder.resolve()),
        "env": dict(environment),
    }
    server = _server(module, imports)
    with TemporaryFile() as output, TemporaryFile() as errors:
        files = [output.fileno(), errors.fileno()]
        socket.send_fds(server, [json.dumps(request).encode()], files)
        process = int(server.recv(64))
        server.settimeout(timeout)
        try:
            code = int(server.recv(64))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            server.settimeout(None)
            server.recv(64)
            raise subprocess.TimeoutExpired(command, timeout) from None
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(command, code, *texts)


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key.startswith(_EARLY)}


@cache
def _server(module: str, imports: tuple[str, ...]) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, str(_SERVER), str(theirs.fileno()), *_IMPORTS[module], *imports],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def stop() -> None:
        ours.close()
        process.wait()

    atexit.register(stop)
    return ours
