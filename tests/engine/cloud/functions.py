"""Deployed Lambda functions, called with the files of their images."""

import json
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from botocore.session import Session
from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool


@dataclass(frozen=True)
class Answer:
    """What Lambda answers: ``payload`` is a function's output, or its error when it ``failed``."""

    payload: JsonValue
    failed: bool
    request_id: str


class DeployedFunctions:
    """Calls functions by their ARNs, as Lambda's ``Invoke`` does.

    ``endpoint`` is the AWS that they are deployed to, ``images`` the folder with their files.
    """

    def __init__(self, *, endpoint: str, images: Path) -> None:
        self._endpoint = endpoint
        self._images = images
        self._deployed: dict[str, _DeployedFunction] = {}
        self._turn = threading.Lock()

    def invoke(self, arn: str, event: JsonValue) -> Answer:
        """Call a function, and wait for it."""
        name = arn.split(":")[6]
        found = self._client("lambda", arn).get_function(FunctionName=name)
        return self._function(found).call(event)

    def close(self) -> None:
        """End all processes."""
        with self._turn:
            for function in self._deployed.values():
                function.close()

    def _function(self, found: Mapping[str, Any]) -> "_DeployedFunction":
        configuration = found["Configuration"]
        # A function with another image or other variables needs other processes.
        key = json.dumps([found["Code"], configuration.get("Environment"), configuration["Role"]])
        with self._turn:
            if key not in self._deployed:
                arn = configuration["FunctionArn"]
                self._deployed[key] = _DeployedFunction(
                    _local_function(found, self._images),
                    endpoint=self._endpoint,
                    region=arn.split(":")[3],
                    logs=self._client("logs", arn),
                )
            return self._deployed[key]

    def _client(self, service: str, arn: str) -> Any:
        return Session().create_client(
            service,
            region_name=arn.split(":")[3],
            endpoint_url=self._endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 # nobody's
        )


class _DeployedFunction:
    """A function that serves one call at a time, with its stream in CloudWatch Logs.

    The lines of the runtime:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
    """

    def __init__(self, function: LocalFunction, *, endpoint: str, region: str, logs: Any) -> None:
        self._name = function.name
        self._turn = threading.Lock()
        self._lines: list[LogLine] = []
        self._logs = logs
        self._stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        self._pool = WorkerPool(
            {function.name: function}, endpoint=endpoint, region=region, on_log=self._lines.append
        )

    def call(self, event: JsonValue) -> Answer:
        """Call it, and wait for it."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        with self._turn:
            self._pool.submit(self._name, event, outcomes.put)
            outcome = outcomes.get()
            lines, self._lines[:] = list(self._lines), []
            request_id = next((each.request_id for each in lines if each.request_id), "")
            match outcome:
                case Returned(payload=payload):
                    answer = Answer(payload, False, request_id or str(uuid.uuid4()))
                case raised:
                    answer = Answer(json.loads(raised.cause), True, request_id or str(uuid.uuid4()))
            self._log(lines, answer.request_id)
        return answer

    def close(self) -> None:
        """End its processes."""
        self._pool.close()

    def _log(self, lines: list[LogLine], request_id: str) -> None:
        texts = [
            *(line.text for line in lines if not line.request_id),
            f"START RequestId: {request_id} Version: $LATEST",
            *(line.text for line in lines if line.request_id),
            f"END RequestId: {request_id}",
            f"REPORT RequestId: {request_id}\tDuration: 1.00 ms\tBilled Duration: 1 ms",
        ]
        now = int(time.time() * 1000)
        place = {"logGroupName": f"/aws/lambda/{self._name}", "logStreamName": self._stream}
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(**place)
        self._logs.put_log_events(
            **place, logEvents=[{"timestamp": now, "message": f"{text}\n"} for text in texts]
        )


def _local_function(found: Mapping[str, Any], images: Path) -> LocalFunction:
    digest = found["Code"]["ImageUri"].rpartition("@sha256:")[2]
    image, configuration = images / digest, found["Configuration"]
    build = json.loads((image / "build.json").read_text(encoding="utf-8"))
    context = image / "context"
    return LocalFunction(
        name=configuration["FunctionName"],
        folder=context / build["args"]["CODE_PATH"],
        timeout=configuration["Timeout"],
        memory=configuration["MemorySize"],
        environment=configuration.get("Environment", {}).get("Variables", {}),
        lib=context / "lib",
        arn=configuration["FunctionArn"],
    )
