"""The process that plays S3 and AWS's other services for a run: moto behind a socket of our own.

Started by its path. It listens at once on two ports of 127.0.0.1, prints both in one line, and only
then imports moto; who connects before waits a little. The first port is for whoever fills the lake;
the second, for functions, answers once a line has come as input. It ends when its input ends.
"""

import os
import socket
import sys
import threading


def main() -> None:
    """Serve until the input ends."""
    own, functions = (socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2))
    os.write(1, b"%d %d\n" % (own.getsockname()[1], functions.getsockname()[1]))
    # Nobody reads on: what else is printed belongs to what is told of failures.
    os.dup2(2, 1)
    filled = threading.Event()
    threading.Thread(target=_follow_input, args=(filled,), daemon=True).start()
    _serve(own, functions, filled)


def _serve(own: socket.socket, functions: socket.socket, filled: threading.Event) -> None:
    import logging

    # Loaded by its first use otherwise, and every run uses S3.
    import moto.s3.responses  # noqa: F401
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        # Answers are written in parts; without this each would wait for the other side's word.
        disable_nagle_algorithm = True

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)

    def serve(listener: socket.socket) -> None:
        host, port = listener.getsockname()
        make_server(
            host, port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
        ).serve_forever()

    threading.Thread(target=serve, args=(own,), daemon=True).start()
    filled.wait()
    serve(functions)


def _follow_input(filled: threading.Event) -> None:
    if sys.stdin.buffer.readline():
        filled.set()
        sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
