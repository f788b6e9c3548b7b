"""Deployed Lambda functions, called with the files of their images."""

import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from botocore.session import Session

from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool


class DeployedFunctions:
    """Calls functions by their ARNs, as Lambda's ``Invoke`` does.

    ``endpoint`` is the AWS that they are deployed to, ``images`` the folder with their files.
    """

    def __init__(self, *, endpoint: str, images: Path) -> None:
        self._endpoint = endpoint
        self._images = images
        self._pools: dict[str, WorkerPool] = {}
        self._turn = threading.Lock()

    def invoke(self, *, FunctionName: str, Payload: bytes, **_: object) -> dict[str, Any]:  # noqa: N803
        """Call a function, and wait for it."""
        region = FunctionName.split(":")[3]
        client: Any = Session().create_client(
            "lambda",
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 # nobody's
        )
        name = FunctionName.split(":")[6]
        found = client.get_function(FunctionName=name)
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._pool(found, region).submit(name, json.loads(Payload), outcomes.put)
        match outcomes.get():
            case Returned(payload=payload):
                text, error = json.dumps(payload), {}
            case raised:
                text, error = raised.cause, {"FunctionError": "Unhandled"}
        body = io.BytesIO(text.encode())
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": body, **error}

    def close(self) -> None:
        """End all processes."""
        with self._turn:
            for pool in self._pools.values():
                pool.close()

    def _pool(self, found: Mapping[str, Any], region: str) -> WorkerPool:
        configuration = found["Configuration"]
        # A function with another image or other variables needs another pool.
        key = json.dumps([found["Code"], configuration.get("Environment"), configuration["Role"]])
        with self._turn:
            if key not in self._pools:
                function = self._function(found)
                self._pools[key] = WorkerPool(
                    {function.name: function},
                    endpoint=self._endpoint,
                    region=region,
                    on_log=_ignored,
                )
            return self._pools[key]

    def _function(self, found: Mapping[str, Any]) -> LocalFunction:
        digest = found["Code"]["ImageUri"].rpartition("@sha256:")[2]
        image, configuration = self._images / digest, found["Configuration"]
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


def _ignored(line: LogLine) -> None:
    """Ignore a line that a function printed."""
