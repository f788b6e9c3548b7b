"""The lake of a local run: a server that stands for S3, and for the rest of AWS, in memory.

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
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dorc_runtime.errors import InputError, LakeError, UnknownNameError

if TYPE_CHECKING:
    from datetime import datetime
    from http.client import HTTPConnection

    from dorc_runtime.local.aws.access.roles import Roles
    from dorc_runtime.runs.result import Refusal, ServiceCall

_SERVER = Path(__file__).with_name("server.py")
# The one region that a request for a new bucket does not name:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
_DEFAULT_REGION = "us-east-1"
_OK = 200
_UNREADABLE = 400
_NOT_FOUND = 404
_CONFLICT = 409
_MOST_NAMES = 10
_ACCESS = "/moto-api/dorc/access"
_CALLS = "/moto-api/dorc/calls"
_OBJECTS = "/moto-api/dorc/objects"
# The services that take JSON: what their actions start with in a request, and the version.
_JSON = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
}

# The access key of the run itself: names of functions have no capital letters.
OWN_KEY = "LOCAL"


@dataclass(frozen=True, slots=True)
class LakeObject:
    """An object in the lake; ``size`` is in bytes, ``etag`` differs for each content."""

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime


class Lake:
    """The server, and what the run itself does with S3. Methods may be called from any thread.

    Handlers use ``endpoint``. The lake is empty when it starts, and nothing of it is saved.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, region: str, folder: Path) -> None:
        self._process = process
        self._region = region
        self._folder = folder
        self._lock = threading.RLock()
        self._ports: tuple[int, int] | None = None
        self._connection: HTTPConnection | None = None

    @classmethod
    def start(cls, *, region: str = "eu-west-1") -> Self:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """The URL that stands for AWS, for functions; it answers once the lake is open.

        Raises a ``LakeError`` when the server did not start.
        """
        return f"http://127.0.0.1:{self._wait_for_ports()[1]}"

    @property
    def region(self) -> str:
        """The region that its buckets are in."""
        return self._region

    def open(self) -> None:
        """Answer functions from now on: the lake is filled. A second call does nothing."""
        assert self._process.stdin is not None  # noqa: S101 # it is a pipe
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._server_error() from error

    def allow(self, roles: Roles) -> None:
        """Allow callers what ``roles`` allow; these replace the roles before them.

        Other callers may do everything.
        """
        settings = {
            "policies": dict(roles.policies),
            "buckets": dict(roles.buckets),
            "partition": roles.partition,
            "sessions": dict(roles.sessions),
        }
        self._request("PUT", _ACCESS, json.dumps(settings).encode())

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the refusals of functions since the last ``allow``, oldest first."""
        from dorc_runtime.runs.result import Refusal

        _, answer = self._request("GET", _ACCESS)
        return tuple(Refusal(**each) for each in json.loads(answer))

    def calls(self) -> tuple[ServiceCall, ...]:
        """Return the calls of services other than S3 since the last ``allow``, oldest first."""
        from dorc_runtime.runs.result import ServiceCall

        _, answer = self._request("GET", _CALLS)
        return tuple(ServiceCall(**each) for each in json.loads(answer))

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
        status, answer = self._request(
            "POST",
            "/",
            json.dumps(arguments).encode(),
            accepted=(_OK, _UNREADABLE),
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
        self._request("POST", "/", body, headers=headers)

    def create_bucket(self, name: str) -> None:
        """Create a bucket, if it does not exist."""
        body = b""
        if self._region != _DEFAULT_REGION:
            body = (
                "<CreateBucketConfiguration>"
                f"<LocationConstraint>{self._region}</LocationConstraint>"
                "</CreateBucketConfiguration>"
            ).encode()
        self._request("PUT", f"/{name}", body, accepted=(_OK, _CONFLICT))

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write or replace an object; raise ``UnknownNameError`` for the bucket."""
        status, _ = self._request("PUT", _path(bucket, key), body, accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            raise self._no_bucket(bucket)

    def put_files(self, files: Iterable[tuple[str, str, Path]]) -> None:
        """Write a file to each ``(bucket, key, file)``, without events; the buckets exist.

        Raises ``InputError`` for a file that cannot be read.
        """
        rows = [(bucket, key, str(file.absolute())) for bucket, key, file in files]
        body = json.dumps(rows).encode()
        status, answer = self._request("PUT", _OBJECTS, body, accepted=(_OK, _UNREADABLE))
        if status == _UNREADABLE:
            raise InputError(f"a file of the example cannot be read: {answer.decode()}")

    def get(self, bucket: str, key: str) -> bytes:
        """Return the content of an object, or raise an ``UnknownNameError``."""
        status, body = self._request("GET", _path(bucket, key), accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            known = [item.key for item in self.objects(bucket)[:_MOST_NAMES]]
            raise UnknownNameError(f"object in {bucket}", key, known)
        return body

    def objects(self, bucket: str) -> tuple[LakeObject, ...]:
        """Return all objects of a bucket, sorted by key, or raise ``UnknownNameError``."""
        from datetime import datetime
        from urllib.parse import quote

        query = f"{_OBJECTS}?bucket={quote(bucket, safe='')}"
        status, answer = self._request("GET", query, accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            raise self._no_bucket(bucket)
        return tuple(
            LakeObject(bucket, key, size, etag, datetime.fromisoformat(time))
            for key, size, etag, time in json.loads(answer)
        )

    def reset(self) -> None:
        """Delete everything, in all services, and the roles of functions."""
        from dorc_runtime.local.aws.access.roles import Roles

        self._request("POST", "/moto-api/reset")
        self.allow(Roles(policies={}, buckets={}, partition=""))

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

    def _no_bucket(self, name: str) -> UnknownNameError:
        from xml.etree import ElementTree

        _, answer = self._request("GET", "/")
        listed = ElementTree.fromstring(answer)  # noqa: S314 # our own server's
        names = [name.text or "" for name in listed.iterfind("{*}Buckets/{*}Bucket/{*}Name")]
        return UnknownNameError("bucket", name, names)

    def _request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        accepted: tuple[int, ...] = (_OK,),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        from http.client import HTTPConnection, HTTPException

        headers = headers or self._signed("s3", self._region)
        with self._lock:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self._wait_for_ports()[0])
            try:
                self._connection.request(method, path, body, dict(headers))
                response = self._connection.getresponse()
                answer = response.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                raise self._server_error() from error
        if response.status not in accepted:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
        return response.status, answer

    def _signed(self, service: str, region: str) -> dict[str, str]:
        scope = f"Credential={OWN_KEY}/20200101/{region}/{service}/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}

    def _wait_for_ports(self) -> tuple[int, int]:
        """Return the port for the run itself, and the one for functions."""
        with self._lock:
            if self._ports is None:
                assert self._process.stdout is not None  # noqa: S101 # it is a pipe
                line = self._process.stdout.readline()
                if not line:
                    raise self._server_error()
                internal, functions = line.split()
                self._ports = int(internal), int(functions)
            return self._ports

    def _server_error(self) -> LakeError:
        log = (self._folder / "log").read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(log) if line.strip()), "it printed nothing")
        return LakeError(
            f"the lake's server does not run: {last}. What it needs comes with "
            "`pip install 'dorc-runtime[local]'`."
        )


def _path(bucket: str, key: str) -> str:
    from urllib.parse import quote

    return f"/{bucket}/{quote(key)}"


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
