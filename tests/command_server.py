"""The process that `tests.commands` starts: each request becomes a fork that runs a module.

``python command_server.py SOCKET MODULE...`` imports the modules first. A request is JSON with the
files for standard output and error; the answers are the fork's process id, and how it ended.
"""

import gc
import json
import os
import runpy
import socket
import sys
from importlib import import_module
from typing import Any


def serve(connection: socket.socket) -> dict[str, Any] | None:
    """Answer requests until there are no more; return the request in each fork."""
    while True:
        message, files, _, _ = socket.recv_fds(connection, 1 << 20, 2)
        if not message:
            return None
        process = os.fork()
        if process == 0:
            connection.close()
            request: dict[str, Any] = json.loads(message)
            _take_over(request, files)
            return request
        for file in files:
            os.close(file)
        connection.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _take_over(request: dict[str, Any], files: list[int]) -> None:
    """Make this process as if Python had been started for the request."""
    for file, number in zip(files, (1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = [request["module"], *request["words"]]
    sys.path[0] = request["cwd"]


if __name__ == "__main__":
    own = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        import_module(name)
    # The memory of the imports is then shared with the forks.
    gc.freeze()
    if requested := serve(own):
        runpy.run_module(requested["module"], run_name="__main__", alter_sys=True)
