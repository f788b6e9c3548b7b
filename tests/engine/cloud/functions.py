"""Deployed Lambda functions, called with the files of their images."""

import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from botocore.session import Session
from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool

from .function_logs import Answer, log_messages


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
    """A function that serves one call at a time, with its stream in CloudWatch Logs."""

    def __init__(self, function: LocalFunction, *, endpoint: str, region: str, logs: Any) -> None:
        self._name = function.name
        self._turn = threading.Lock()
        self._lines: list[tuple[float, LogLine]] = []
        self._logs = logs
        self._stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        self._pool = WorkerPool(
            {function.name: function},
            endpoint=endpoint,
            region=region,
            on_log=lambda line: self._lines.append((time.time(), line)),
        )

    def call(self, event: JsonValue) -> Answer:
        """Call it, and wait for it."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        with self._turn:
            began = time.time()
            self._pool.submit(self._name, event, outcomes.put)
            outcome = outcomes.get()
            lines, self._lines[:] = list(self._lines), []
            request_id = next((line.request_id for _, line in lines if line.request_id), "")
            match outcome:
                case Returned(payload=payload):
                    answer = Answer(payload, False, request_id or str(uuid.uuid4()))
                case raised:
                    error = json.loads(raised.cause)
                    request_id = request_id or error.get("requestId") or str(uuid.uuid4())
                    answer = Answer(error, True, request_id)
            self._log(log_messages(answer, lines, began=began, ended=time.time()))
        return answer

    def close(self) -> None:
        """End its processes."""
        self._pool.close()

    def _log(self, messages: Iterable[tuple[float, str]]) -> None:
        place = {"logGroupName": f"/aws/lambda/{self._name}", "logStreamName": self._stream}
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(**place)
        self._logs.put_log_events(
            **place, logEvents=[{"timestamp": int(at * 1000), "message": f"{text}\n"}
                                for at, text in messages],
        )  # fmt: skip


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
