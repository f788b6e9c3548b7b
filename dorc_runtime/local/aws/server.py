"""The process that plays S3 and AWS's other services for a run: moto behind a socket of our own.

Started by its path. It listens at once on two ports of 127.0.0.1, prints both in one line, and only
then imports moto; who connects before waits a little. The first port is for whoever fills the lake;
the second, for functions, answers once a line has come as input, and does for them in S3 what their
policies allow. It ends when its input ends.

The first port takes those policies at ``/moto-api/dorc/access``, by PUT, as JSON: ``policies`` by
the access keys of the functions, ``partition``, and ``buckets``, which has what policies call a
bucket by what it is called here. GET answers what has been refused since: a list of ``function``,
``action`` and ``resource``, oldest first.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import socket
import sys
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from types import ModuleType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response


def _neighbour(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"_{name}", path)
    assert spec is not None and spec.loader is not None, path  # noqa: S101 # a file of ours
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from dorc_runtime.local.aws import access
else:
    # By its path: to import dorc itself takes longer than to start all else here.
    access = _neighbour("access")

# Below moto's own address, which no bucket can have.
_ACCESS = "/moto-api/dorc/access"
_ACCOUNT = "123456789012"
_WITHOUT_BUCKET = ("s3:CreateBucket", "s3:ListAllMyBuckets")
_REFUSED = 403
_MISSING = 404


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
    guard = Guard()

    def for_functions(service: Any) -> Any:
        application = create_backend_app(service)
        return guard.guarded(application) if service == "s3" else application

    def serve(listener: socket.socket, application: WSGIApplication) -> None:
        host, port = listener.getsockname()
        make_server(
            host, port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
        ).serve_forever()

    everything = guard.told(DomainDispatcherApplication(create_backend_app))
    threading.Thread(target=serve, args=(own, everything), daemon=True).start()
    filled.wait()
    serve(functions, DomainDispatcherApplication(for_functions))


class Guard:
    """Does in S3 what the policy of the function that asks allows, and remembers what it refused.

    Who signs with a key that is no function's is not kept from anything: a function that takes on
    another role may do what that role may, which is not known here.
    """

    def __init__(self) -> None:
        self._partition = ""
        self._buckets: dict[str, str] = {}
        self._policies: dict[str, dict[str, Any]] = {}
        self._refusals: list[dict[str, str]] = []

    def told(self, application: WSGIApplication) -> WSGIApplication:
        """Return ``application`` with the address where policies are put and refusals told."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            if request.path != _ACCESS:
                return application(environ, start)
            if request.method == "PUT":
                given = json.loads(request.get_data())
                self._partition, self._buckets = given["partition"], given["buckets"]
                self._policies = given["policies"]
                self._refusals = []
            told = json.dumps(self._refusals)
            return Response(told)(environ, start)

        return answer

    def guarded(self, s3: WSGIApplication) -> WSGIApplication:
        """Return ``s3`` as functions have it."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            query = request.args.to_dict()
            headers = {name.lower(): text for name, text in request.headers}
            key = access.asker(headers, query)
            if key is None:
                return _refusal("Access Denied")(environ, start)
            if (policy := self._policies.get(key)) is None:
                return s3(environ, start)
            refused = partial(self._refused, key, policy, s3)
            body = b""
            if request.method == "POST" and "delete" in query:
                body = request.get_data()
                environ["wsgi.input"] = io.BytesIO(body)
            needs = access.needs(request.method, request.path, query, headers, body)
            if refusal := refused(needs):
                return refusal(environ, start)
            answered = Response.from_app(s3, environ)
            if answered.status_code == _MISSING:
                answered = refused(need.listing for need in needs if need.listing) or answered
            return answered(environ, start)

        return answer

    def _refused(
        self,
        key: str,
        policy: dict[str, Any],
        s3: WSGIApplication,
        needs: Iterable[access.Need],
    ) -> Response | None:
        """Return how the first of ``needs`` is refused that may not be had, None if all may.

        That a bucket is not there is told to everybody, by S3 itself.
        """
        for need in needs:
            known = need._replace(bucket=self._buckets.get(need.bucket, need.bucket))
            allowed = access.allows(policy, known, partition=self._partition)
            if allowed or (need.action not in _WITHOUT_BUCKET and not _is_there(need.bucket, s3)):
                continue
            resource = need.resource(self._partition)
            self._refusals.append({"function": key, "action": need.action, "resource": resource})
            role = f"arn:{self._partition}:sts::{_ACCOUNT}:assumed-role/{key}/{key}"
            return _refusal(
                f"User: {role} is not authorized to perform: {need.action} on resource: "
                f'"{resource}" because no identity-based policy allows the {need.action} action'
            )
        return None


def _is_there(bucket: str, s3: WSGIApplication) -> bool:
    from werkzeug.test import Client

    return Client(s3).head(f"/{quote(bucket)}").status_code != _MISSING


def _refusal(message: str) -> Response:
    """Return S3's answer to what is not allowed.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    from werkzeug.wrappers import Response

    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
        f"<Message>{escape(message)}</Message></Error>"
    )
    return Response(body, status=_REFUSED, mimetype="application/xml")


def _follow_input(filled: threading.Event) -> None:
    if sys.stdin.buffer.readline():
        filled.set()
        sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
