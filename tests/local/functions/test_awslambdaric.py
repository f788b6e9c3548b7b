"""The worker against AWS's own runtime interface client: the same handlers, the same outcomes."""

import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric is not installed"
)

CASES = '''
import collections
import datetime
import decimal
import enum

Row = collections.namedtuple("Row", "island rows")


class Colour(str, enum.Enum):
    BLUE = "blue"


class Refused(Exception):
    """An exception of the user's own."""


def chained():
    try:
        {}["rows"]
    except KeyError as error:
        raise ValueError("no rows") from error


def grouped():
    raise ExceptionGroup("both", [ValueError("one"), KeyError("two")])


def circular():
    rows = []
    rows.append(rows)
    return rows


def refused():
    raise Refused


def failed(error):
    raise error


CASES = {
    "nothing": lambda: None,
    "text": lambda: "é \\u2028 \\U0001f427",
    "nested": lambda: {"a": [1, 2.5, True, None, {"b": ()}], 1: "int", None: "none", 1.5: "float"},
    "tuple": lambda: (1, "two"),
    "namedtuple": lambda: [Row("Dream", 124)],
    "enumeration": lambda: Colour.BLUE,
    "ordered": lambda: collections.OrderedDict(b=1, a=2),
    "decimals": lambda: [decimal.Decimal("0.10"), decimal.Decimal("5"), decimal.Decimal("1E+3")],
    "bytes": lambda: b'{"already": "json"}',
    "bytes inside": lambda: {b"key": b"value"},
    "bytes no text": lambda: [b"\\xff"],
    "date": lambda: datetime.date(2009, 1, 2),
    "set": lambda: {1},
    "generator": lambda: (row for row in ()),
    "object": lambda: object(),
    "tuple key": lambda: {(1, 2): 3},
    "circular": circular,
    "chained": chained,
    "grouped": grouped,
    "refused": refused,
    "key": lambda: {}["rows"],
    "division": lambda: 1 / 0,
    "unicode": lambda: failed(ValueError("é \\n second line")),
    "stop": lambda: failed(StopIteration()),
}


def handler(event, context):
    return CASES[event]()
'''
NAMES = [line.split('"')[1] for line in CASES.splitlines() if line.startswith('    "')]
UNLOADABLE = {
    "import": "import nowhere",
    "import from": "from json import nowhere",
    "syntax": "def handler(event, context)\n    pass",
    "indentation": "def handler(event, context):\npass",
    "no handler": "def handle(event, context): pass",
    "raises": "def rules():\n    raise RuntimeError('no rules')\n\nrules()",
}


class RuntimeApi(ThreadingHTTPServer):
    """What Lambda offers its runtimes, for one process:
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass

    def do_GET(self) -> None:
        event = self.server.events.get()
        self.respond(
            200,
            json.dumps(event).encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": "0b1c",
                "Lambda-Runtime-Deadline-Ms": "4102444800000",
                "Lambda-Runtime-Invoked-Function-Arn": "arn",
                "Content-Type": "application/json",
            },
        )

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.respond(202, b"{}", {})
        kind = "returned" if self.path.endswith("/response") else "raised"
        self.server.answers.put((kind, body))

    def respond(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def awslambdaric(function: LocalFunction) -> Iterator[RuntimeApi]:
    with RuntimeApi() as api:
        threading.Thread(target=api.serve_forever, args=(0.01,), daemon=True).start()
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "lambda.handler"],
            cwd=function.folder,
            env={
                "PATH": os.defpath,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
                "PYTHONPATH": str(function.folder),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield api
        finally:
            process.kill()
            process.wait()
            api.shutdown()


def same(kind: str, body: bytes, outcome: Outcome) -> bool:
    """Whether ``outcome`` is what the client answered, but for the request's id."""
    if isinstance(outcome, Returned):
        return kind == "returned" and json.loads(body) == outcome.payload
    ours, theirs = without_request(outcome.cause), without_request(body)
    return kind == "raised" and ours == theirs and outcome.error == theirs["errorType"]


def in_task_folder(body: bytes, function: LocalFunction) -> bytes:
    """Return an answer with the function where Lambda has it."""
    return body.replace(bytes(function.folder), b"/var/task")


def without_request(text: str | bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(text)
    return {name: value for name, value in answer.items() if name != "requestId"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> LocalFunction:
    folder: Path = tmp_path_factory.mktemp("cases")
    (folder / "lambda.py").write_text(CASES)
    return LocalFunction(name="cases", folder=folder, timeout=10, memory=256, arn="arn")


@pytest.fixture(scope="module")
def official(cases: LocalFunction) -> Iterator[RuntimeApi]:
    with awslambdaric(cases) as api:
        yield api


@pytest.fixture(scope="module")
def ours(cases: LocalFunction) -> Iterator[WorkerPool]:
    with WorkerPool(
        {"cases": cases}, endpoint="http://127.0.0.1:9", region="eu-west-2", on_log=print
    ) as pool:
        yield pool


@pytest.mark.parametrize("name", NAMES)
def test_a_call_has_the_same_outcome(
    official: RuntimeApi,
    ours: WorkerPool,
    call: Callable[..., Outcome],
    cases: LocalFunction,
    name: str,
) -> None:
    official.events.put(name)
    kind, body = official.answers.get(timeout=10)
    body = in_task_folder(body, cases)
    outcome = call(ours, "cases", name)
    assert same(kind, body, outcome), (kind, body, outcome)


@pytest.mark.parametrize("code", UNLOADABLE.values(), ids=UNLOADABLE)
def test_a_handler_that_cannot_be_loaded_fails_in_the_same_way(
    pool: Callable[..., WorkerPool],
    write: Callable[..., LocalFunction],
    call: Callable[..., Outcome],
    code: str,
) -> None:
    function = write("broken", code)
    with awslambdaric(function) as api:
        kind, body = api.answers.get(timeout=10)
    body = in_task_folder(body, function)
    outcome = call(pool(function), "broken")
    assert same(kind, body, outcome), (kind, body, outcome)
