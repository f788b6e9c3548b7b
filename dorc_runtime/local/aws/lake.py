"""The lake of a local run: a server that stands for S3, and for the rest of AWS, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dorc_runtime.errors import InputError, UnknownNameError
from dorc_runtime.local.aws.server_process import ServerProcess

if TYPE_CHECKING:
    from datetime import datetime

    from dorc_runtime.local.aws.access.roles import Roles
    from dorc_runtime.runs.result import Refusal, ServiceCall

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


@dataclass(frozen=True, slots=True)
class LakeObject:
    """An object in the lake; ``size`` is in bytes.

    ``etag`` differs for each content, and ``write`` for each time that the object was written.
    """

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime
    write: str


class Lake:
    """The server, and what the run itself does with S3. Methods may be called from any thread.

    Handlers use ``endpoint``; ``server`` takes calls of other services. The lake is empty when it
    starts, and nothing of it is saved.
    """

    def __init__(self, server: ServerProcess) -> None:
        self.server = server

    @classmethod
    def start(cls, *, region: str = "eu-west-1") -> Self:
        """Start the server and return at once; requests wait until it is ready."""
        return cls(ServerProcess.start(region=region))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """The URL that stands for AWS, for functions; it answers once the lake is open.

        Raises a ``LakeError`` when the server did not start.
        """
        return f"http://127.0.0.1:{self.server.ports()[1]}"

    @property
    def region(self) -> str:
        """The region that its buckets are in."""
        return self.server.region

    def open(self) -> None:
        """Answer functions from now on: the lake is filled. A second call does nothing."""
        self.server.open()

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
        self.server.request("PUT", _ACCESS, json.dumps(settings).encode())

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the refusals of functions since the last ``allow``, oldest first."""
        from dorc_runtime.runs.result import Refusal

        _, answer = self.server.request("GET", _ACCESS)
        return tuple(Refusal(**each) for each in json.loads(answer))

    def calls(self) -> tuple[ServiceCall, ...]:
        """Return the calls of services other than S3 since the last ``allow``, oldest first."""
        from dorc_runtime.runs.result import ServiceCall

        _, answer = self.server.request("GET", _CALLS)
        return tuple(ServiceCall(**each) for each in json.loads(answer))

    def create_bucket(self, name: str) -> None:
        """Create a bucket, if it does not exist."""
        body = b""
        if self.server.region != _DEFAULT_REGION:
            body = (
                "<CreateBucketConfiguration>"
                f"<LocationConstraint>{self.server.region}</LocationConstraint>"
                "</CreateBucketConfiguration>"
            ).encode()
        self.server.request("PUT", f"/{name}", body, accepted=(_OK, _CONFLICT))

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write or replace an object; raise ``UnknownNameError`` for the bucket."""
        status, _ = self.server.request("PUT", _path(bucket, key), body, accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            raise self._no_bucket(bucket)

    def put_files(self, files: Iterable[tuple[str, str, Path]]) -> None:
        """Write a file to each ``(bucket, key, file)``, without events; the buckets exist.

        Raises ``InputError`` for a file that cannot be read.
        """
        rows = [(bucket, key, str(file.absolute())) for bucket, key, file in files]
        body = json.dumps(rows).encode()
        status, answer = self.server.request("PUT", _OBJECTS, body, accepted=(_OK, _UNREADABLE))
        if status == _UNREADABLE:
            raise InputError(f"a file of the example cannot be read: {answer.decode()}")

    def get(self, bucket: str, key: str) -> bytes:
        """Return the content of an object, or raise an ``UnknownNameError``."""
        status, body = self.server.request("GET", _path(bucket, key), accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            known = [item.key for item in self.objects(bucket)[:_MOST_NAMES]]
            raise UnknownNameError("object", key, known, where=f"in {bucket}")
        return body

    def objects(self, bucket: str) -> tuple[LakeObject, ...]:
        """Return all objects of a bucket, sorted by key, or raise ``UnknownNameError``."""
        from datetime import datetime
        from urllib.parse import quote

        query = f"{_OBJECTS}?bucket={quote(bucket, safe='')}"
        status, answer = self.server.request("GET", query, accepted=(_OK, _NOT_FOUND))
        if status == _NOT_FOUND:
            raise self._no_bucket(bucket)
        return tuple(
            LakeObject(bucket, key, size, etag, datetime.fromisoformat(time), write)
            for key, size, etag, time, write in json.loads(answer)
        )

    def reset(self) -> None:
        """Delete everything, in all services, and the roles of functions."""
        from dorc_runtime.local.aws.access.roles import Roles

        self.server.request("POST", "/moto-api/reset")
        self.allow(Roles(policies={}, buckets={}, partition=""))

    def close(self) -> None:
        """End the server; a second call does nothing."""
        self.server.close()

    def _no_bucket(self, name: str) -> UnknownNameError:
        from xml.etree import ElementTree

        _, answer = self.server.request("GET", "/")
        listed = ElementTree.fromstring(answer)  # noqa: S314 # our own server's
        names = [name.text or "" for name in listed.iterfind("{*}Buckets/{*}Bucket/{*}Name")]
        return UnknownNameError("bucket", name, names)


def _path(bucket: str, key: str) -> str:
    from urllib.parse import quote

    return f"/{bucket}/{quote(key)}"
