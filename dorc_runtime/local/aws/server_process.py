"""The process of the server that plays AWS, and requests of the run itself to it.

The server is the slowest part of a run, so nothing slow is imported here before it starts. boto3 is
never imported: its import alone takes half a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dorc_runtime.errors import LakeError

if TYPE_CHECKING:
    from http.client import HTTPConnection

_SERVER = Path(__file__).with_name("server.py")
_OK = 200
_REFUSED = 400
# The services that take JSON: what their actions start with in a request, and the version.
_JSON = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
}

# The access key of the run itself: names of functions have no capital letters.
OWN_KEY = "LOCAL"


class ServerProcess:
    """A running server with its buckets in ``region``; methods may be called from any thread."""

    def __init__(self, process: subprocess.Popen[bytes], *, region: str, folder: Path) -> None:
        self.region = region
        self._process = process
        self._folder = folder
        self._lock = threading.RLock()
        self._ports: tuple[int, int] | None = None
        self._connection: HTTPConnection | None = None

    @classmethod
    def start(cls, *, region: str) -> Self:
        """Start the server and return at once; requests wait until it is ready."""
        folder = Path(tempfile.mkdtemp(prefix="dorc-lake-"))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
                (sys.executable, "-I", str(_SERVER)),
                env=_variables(region, folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C at the terminal interrupts this process alone, which then ends the server.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        return cls(process, region=region, folder=folder)

    def open(self) -> None:
        """Answer functions from now on; a second call does nothing."""
        assert self._process.stdin is not None  # noqa: S101 # it is a pipe
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._error() from error

    def call(
        self,
        service: str,
        action: str,
        arguments: Mapping[str, Any],
        *,
        region: str,
        accepted: Collection[str] = (),
    ) -> dict[str, Any] | None:
        """Return what ``service`` answers to ``action``, None for an ``accepted`` error."""
        target, version = _JSON[service]
        status, answer = self.request(
            "POST",
            "/",
            json.dumps(arguments).encode(),
            accepted=(_OK, _REFUSED),
            headers={
                **self._signed(service, region),
                "X-Amz-Target": f"{target}.{action}",
                "Content-Type": f"application/x-amz-json-{version}",
            },
        )
        document: dict[str, Any] = json.loads(answer)
        if status == _OK:
            return document
        if str(document["__type"]).rpartition("#")[2] in accepted:
            return None
        raise RuntimeError(f"{service}:{action}: {answer.decode()}")

    def query(
        self, service: str, action: str, arguments: Mapping[str, str], *, region: str
    ) -> None:
        """Call ``action`` of a service that takes queries."""
        from urllib.parse import urlencode

        headers = {
            **self._signed(service, region),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"Action": action, **arguments}).encode()
        self.request("POST", "/", body, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        accepted: tuple[int, ...] = (_OK,),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; without ``headers`` the request is one to S3.

        Raises a ``LakeError`` when the server does not run.
        """
        from http.client import HTTPConnection, HTTPException

        headers = headers or self._signed("s3", self.region)
        with self._lock:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self.ports()[0])
            try:
                self._connection.request(method, path, body, dict(headers))
                response = self._connection.getresponse()
                answer = response.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                raise self._error() from error
        if response.status not in accepted:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
        return response.status, answer

    def _signed(self, service: str, region: str) -> dict[str, str]:
        scope = f"Credential={OWN_KEY}/20200101/{region}/{service}/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}

    def ports(self) -> tuple[int, int]:
        """Return the port for the run itself, and the one for functions."""
        with self._lock:
            if self._ports is None:
                assert self._process.stdout is not None  # noqa: S101 # it is a pipe
                line = self._process.stdout.readline()
                if not line:
                    raise self._error()
                internal, functions = line.split()
                self._ports = int(internal), int(functions)
            return self._ports

    def _error(self) -> LakeError:
        log = (self._folder / "log").read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(log) if line.strip()), "it printed nothing")
        return LakeError(
            f"the lake's server does not run: {last}. What it needs comes with "
            "`pip install 'dorc-runtime[local]'`."
        )

    def close(self) -> None:
        """End the server; a second call does nothing."""
        import shutil

        self._process.kill()
        self._process.wait()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _variables(region: str, folder: Path) -> dict[str, str]:
    """Return the server's environment: no real credentials, and its own folder as home."""
    inherited = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT")
    return {
        **{name: os.environ[name] for name in inherited if name in os.environ},
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AWS_ACCESS_KEY_ID": OWN_KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
