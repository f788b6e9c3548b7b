"""An AWS with many executions, which counts the calls that it gets."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-2"
_IDENTITY = f"""<GetCallerIdentityResponse><GetCallerIdentityResult>
<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/ada</Arn><UserId>A</UserId>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass
class LargeAws:
    """It has ``executions`` of each of ``machines``, started ``apart`` from each other until now.

    Every ``failing``-th failed, in the state ``clean``. ``images`` has the tags of functions,
    ``letters`` the messages of each queue. Each function has printed so many ``lines``. Each call
    takes ``seconds``. ``calls`` counts by action.
    """

    machines: tuple[str, ...]
    executions: int
    apart: timedelta = timedelta(minutes=10)
    failing: int = 40
    images: dict[str, str] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    seconds: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def answer(self, action: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the body for a call."""
        self.calls[action] += 1
        time.sleep(self.seconds)
        match action:
            case "ListExecutions":
                return self._list_executions(given)
            case "DescribeExecution":
                return 200, {**self._execution(given["executionArn"]), "error": "ValueError"}
            case "GetExecutionHistory":
                return 200, {"events": _LAST_EVENTS}
            case "FilterLogEvents":
                return 200, self._log(given)
            case "GetQueueAttributes":
                return self._queue(given["QueueUrl"].rpartition("/")[2])
            case "GetResources":
                return self._resources(given)
        raise AssertionError(action)

    def _list_executions(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        machine = given["stateMachineArn"].rpartition(":")[2]
        if machine not in self.machines:
            return 400, {"__type": "StateMachineDoesNotExist", "message": "none"}
        status, start = given.get("statusFilter"), int(given.get("nextToken", 0))
        failed = range(self.failing - 1, self.executions, self.failing)
        numbers = {None: range(self.executions), "FAILED": failed}.get(status, range(0))
        asked = numbers[start : start + given.get("maxResults", 100) + 1]
        page = asked[: given.get("maxResults", 100)]
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}"
        token = {"nextToken": str(start + len(page))} if len(asked) > len(page) else {}
        return 200, {"executions": [self._execution(f"{arn}:{n}") for n in page], **token}

    def _execution(self, arn: str) -> dict[str, Any]:
        name = arn.rpartition(":")[2]
        started = (self.now - self.apart * int(name)).timestamp()
        return {
            "executionArn": arn,
            "stateMachineArn": arn.rpartition(":")[0].replace("execution", "stateMachine"),
            "name": name,
            "status": self._status(int(name)),
            "startDate": started,
            "stopDate": started + 1,
        }

    def _status(self, number: int) -> str:
        return "FAILED" if number % self.failing == self.failing - 1 else "SUCCEEDED"

    def _log(self, given: dict[str, Any]) -> dict[str, Any]:
        start = int(given.get("nextToken", 0))
        end = min(start + given["limit"], self.lines)
        token = {"nextToken": str(end)} if end < self.lines else {}
        events = [
            {
                "eventId": str(number),
                "logStreamName": str(number % 7),
                "timestamp": given["startTime"] + number,
                "message": f"line {number}\n",
            }
            for number in range(start, end)
        ]
        return {"events": events, **token}

    def _queue(self, queue: str) -> tuple[int, dict[str, Any]]:
        if queue not in self.letters:
            return 400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "none"}
        number = str(self.letters[queue])
        counts = {
            "ApproximateNumberOfMessages": number,
            "ApproximateNumberOfMessagesNotVisible": "0",
        }
        return 200, {"Attributes": counts}

    def _resources(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        size, start = given.get("ResourcesPerPage", 100), int(given.get("PaginationToken") or 0)
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
        found = [
            {
                "ResourceARN": f"{arn}:{name}",
                "Tags": [{"Key": "dorc:image", "Value": tag}],
            }
            for name, tag in self.images.items()
        ]
        end = start + size
        token = str(end) if end < len(found) else ""
        return 200, {"ResourceTagMappingList": found[start:end], "PaginationToken": token}


_LAST_EVENTS = [
    {"id": 2, "previousEventId": 1, "type": "ExecutionFailed", "timestamp": 0},
    {
        "id": 1,
        "previousEventId": 0,
        "type": "TaskStateEntered",
        "timestamp": 0,
        "stateEnteredEventDetails": {"name": "clean"},
    },
]


@contextmanager
def served(aws: LargeAws) -> Iterator[str]:
    """Serve ``aws``; yield its address."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            if not action:
                self._send(200, _IDENTITY.encode(), "text/xml")
                return
            status, answer = aws.answer(action, json.loads(body))
            self._send(status, json.dumps(answer).encode(), "application/x-amz-json-1.0")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
