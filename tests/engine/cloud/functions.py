"""Deployed Lambda functions, called with the files of their images."""

import io
import json
import threading
import time
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from botocore.session import Session
from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.sns.models import sns_backends
from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.sandbox.mechanisms import Isolation

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
        code = [found["Code"], configuration.get("CodeSha256")]
        key = json.dumps([code, configuration.get("Environment"), configuration["Role"]])
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
            # As on Lambda.
            isolation=Isolation(network="open"),
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
    configuration = found["Configuration"]
    folder, lib = _files(found, images)
    return LocalFunction(
        name=configuration["FunctionName"],
        folder=folder,
        timeout=configuration["Timeout"],
        memory=configuration["MemorySize"],
        environment=configuration.get("Environment", {}).get("Variables", {}),
        lib=lib,
        arn=configuration["FunctionArn"],
    )


def _files(found: Mapping[str, Any], images: Path) -> tuple[Path, Path | None]:
    """Return the folder of a function, and that of the modules that functions share."""
    if "ImageUri" in found["Code"]:
        image = images / found["Code"]["ImageUri"].rpartition("@sha256:")[2]
        build = json.loads((image / "build.json").read_text(encoding="utf-8"))
        context = image / "context"
        return context / build["args"]["CODE_PATH"], context / "lib"
    _, _, _, region, account, _, name = found["Configuration"]["FunctionArn"].split(":")
    archive = lambda_backends[account][region].get_function(name).code_bytes
    folder = images / f"archive-{uuid.uuid4().hex}"
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.extractall(folder)
    return folder, None


def replace_invoke(functions: DeployedFunctions) -> None:
    """Let `Invoke` call deployed functions, for the rest of this process."""
    backend: Any = LambdaBackend

    def invoke(
        self: Any, name: str, qualifier: str | None, body: Any, headers: Any, answered: Any
    ) -> bytes:
        function = self.get_function(name, qualifier)
        event = json.loads(body or b"null")
        answer = functions.invoke(function.function_arn, event)
        if answer.failed:
            answered["x-amz-function-error"] = "Unhandled"
            if headers.get("X-Amz-Invocation-Type") == "Event":
                _send_failure(self, function, event, answer.payload)
        return json.dumps(answer.payload).encode()

    backend.invoke = invoke


def _send_failure(backend: Any, function: Any, event: Any, payload: Any) -> None:
    """Publish a call that failed to the destination of the function, without another attempt.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    config = backend.get_function_event_invoke_config(function.function_name)
    topic = config["DestinationConfig"]["OnFailure"]["Destination"]
    record = {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responsePayload": payload,
    }
    _, _, _, region, account, _ = topic.split(":")
    sns_backends[account][region].publish(arn=topic, message=json.dumps(record))
