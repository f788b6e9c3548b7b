"""The gRPC server that each plugin of the engine is."""

import logging
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(
    register: Callable[[grpc.Server], None], *, on_stop: Callable[[], None] = lambda: None
) -> NoReturn:
    """Serve on a free port, which is printed for the engine, until the engine stops us or ends."""
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=_UNLIMITED)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_follow_engine, args=(stopped,), daemon=True).start()
    stopped.wait()
    on_stop()
    server.stop(grace=None)
    sys.stdout.flush()
    os._exit(0)


def engine_address() -> str:
    """Return the address of the engine's own service, an argument of this process, else ""."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    return addresses[-1] if addresses else ""


def fail(
    context: grpc.ServicerContext, message: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
) -> NoReturn:
    """End a call with an error that the engine reports."""
    context.abort(code, message)
    raise AssertionError("abort raises")


def _follow_engine(stopped: threading.Event) -> None:
    # The engine has the other end of the pipe: when it ends, the pipe ends.
    os.read(0, 1)
    stopped.set()
