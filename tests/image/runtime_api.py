"""Lambda's Runtime API, as the runtime interface client in an image expects it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from pydantic import JsonValue

VERSION = "/2018-06-01"
TIMEOUT = 3.0


@dataclass(frozen=True)
class Answer:
    """What the client sent: to ``response``, ``error`` or ``init/error``, and its JSON."""

    kind: str
    body: JsonValue


class RuntimeApi:
    """Gives ``events`` to the client one after another, and keeps the answers.

    After the last event the client gets the status 410, and ends.
    """

    def __init__(self, events: Iterable[JsonValue]) -> None:
        self._server = _Server(events)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def address(self) -> str:
        """Host and port, as ``AWS_LAMBDA_RUNTIME_API`` has them."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(self._server.answers)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, events: Iterable[JsonValue]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.events = deque(enumerate(events))
        self.answers: list[Answer] = []


class _Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/runtime/invocation/next":
            self._send(HTTPStatus.NOT_FOUND)
        elif not self.server.events:
            self._send(HTTPStatus.GONE)
        else:
            number, event = self.server.events.popleft()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{number:012}",
                "Lambda-Runtime-Deadline-Ms": str(round((time.time() + TIMEOUT) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": (
                    "arn:aws:lambda:eu-west-2:123456789012:function:function"
                ),
                # Without it the client ends with an error.
                "Lambda-Runtime-Trace-Id": "Root=1-0-0;Parent=0;Sampled=0",
            }
            self._send(HTTPStatus.OK, event, headers)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = self.path.removeprefix(f"{VERSION}/runtime/").split("/")
        kind = parts[-1] if parts[0] == "invocation" else "/".join(parts)
        self.server.answers.append(Answer(kind, body))
        self._send(HTTPStatus.ACCEPTED)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing: pytest shows what the client printed."""

    def _send(
        self, status: HTTPStatus, body: JsonValue = None, headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
