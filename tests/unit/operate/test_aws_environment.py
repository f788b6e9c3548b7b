"""What an operator notices when AWS gets too many calls."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dorc_runtime.compile.names import Names
from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.execution_lists import latest_executions

PIPELINE = "raw-to-processed/penguins"


@contextmanager
def step_functions(refusals: int) -> Iterator[str]:
    """Serve a Step Functions that refuses so many calls first; yield its address."""
    left = iter(range(refusals))

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            refused = next(left, None) is not None
            body = {"__type": "ThrottlingException", "message": "Rate exceeded"}
            text = json.dumps(body if refused else {"executions": []}).encode()
            self.send_response(400 if refused else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are shown; they take no time."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    clock = [0.0]
    monkeypatch.setattr("time.sleep", lambda seconds: clock.append(clock[-1] + seconds))
    monkeypatch.setattr("time.monotonic", lambda: clock[-1])
    return []


def environment(endpoint: str, pauses: list[float]) -> AwsEnvironment:
    names = Names("my-pipelines", "dev")
    return AwsEnvironment(names, "eu-west-2", "123456789012", "me", endpoint, pauses.append)


def test_a_call_of_too_many_is_made_again_after_a_pause_that_is_shown(pauses: list[float]) -> None:
    with step_functions(3) as endpoint:
        assert latest_executions(environment(endpoint, pauses), [PIPELINE]) == ()
    assert pauses == [1, 2, 4]


def test_after_ten_attempts_the_command_ends_with_what_to_do(pauses: list[float]) -> None:
    with step_functions(100) as endpoint, pytest.raises(StackError) as raised:
        latest_executions(environment(endpoint, pauses), [PIPELINE])
    assert pauses == [1, 2, 4, 8, 16, 20, 20, 20, 20]
    assert str(raised.value) == (
        "AWS still gets too many calls, the last of states:ListExecutions: try again in some "
        "minutes."
    )
