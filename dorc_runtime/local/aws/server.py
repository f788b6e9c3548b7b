"""The process that plays S3 and AWS's other services for a run: moto behind a socket of our own.

Started by its path. It listens at once on two ports of 127.0.0.1, prints both in one line, and only
then imports moto; earlier connections wait. The first port is for the run itself, which fills
the lake; the second is for functions and state machines: it answers after a line comes as input,
and allows what their policies allow. The process ends when its input ends.

The first port takes those policies at ``/moto-api/dorc/access``, by PUT, as JSON: ``policies`` by
access key, ``partition``, ``sessions`` (of roles), and ``buckets``, which has the name on AWS of
each bucket, by its name here. GET answers what was refused since then: a list of ``function``,
``action`` and ``resource``, oldest first. ``/moto-api/dorc/calls`` answers the calls that succeeded
since then: a list of ``caller``, ``service``, ``action`` and ``arguments``. ``stored_objects`` says
what is at its own address.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def _load_module(name: str, folder: str = "") -> ModuleType:
    path = Path(__file__).parent / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_{name}", path)
    assert spec is not None and spec.loader is not None, path  # noqa: S101 # a file of ours
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from dorc_runtime.local.aws import stored_objects
    from dorc_runtime.local.aws.access import access_control
else:
    # By their paths: the import of dorc itself takes longer than all else here.
    for name in (
        "policy_evaluation",
        "refusals",
        "s3_permissions",
        "service_permissions",
        "service_rules",
    ):
        _load_module(name, "access")
    access_control = _load_module("access_control", "access")
    stored_objects = _load_module("stored_objects")


def main() -> None:
    """Serve until the input ends."""
    own, functions = (socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2))
    os.write(1, b"%d %d\n" % (own.getsockname()[1], functions.getsockname()[1]))
    # Nobody reads more of it: what else is printed goes to the log of failures.
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
        # Answers are written in parts; without this each part waits for an acknowledgement.
        disable_nagle_algorithm = True

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    access = access_control.AccessControl()

    def for_functions(service: Any) -> Any:
        return access.protected(service, create_backend_app(service))

    def serve(listener: socket.socket, application: WSGIApplication) -> None:
        host, port = listener.getsockname()
        make_server(
            host, port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
        ).serve_forever()

    moto_server = DomainDispatcherApplication(create_backend_app)
    everything = access.with_settings(stored_objects.with_stored_objects(moto_server))
    threading.Thread(target=serve, args=(own, everything), daemon=True).start()
    filled.wait()
    serve(functions, with_bucket_hosts(DomainDispatcherApplication(for_functions)))


def with_bucket_hosts(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with requests to ``<bucket>.localhost``, which DuckDB makes.

    They become requests with the bucket in their path:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        name, separator, port = environ.get("HTTP_HOST", "").partition(":")
        bucket = name.removesuffix(".localhost")
        if bucket != name:
            environ["HTTP_HOST"] = f"localhost{separator}{port}"
            for path in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
                environ[path] = f"/{bucket}{environ[path]}"
        return application(environ, start)

    return answer


def _follow_input(filled: threading.Event) -> None:
    if sys.stdin.buffer.readline():
        filled.set()
        sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
