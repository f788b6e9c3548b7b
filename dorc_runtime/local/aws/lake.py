"""The lake of a local run: a server of its own that plays S3, and the rest of AWS, in memory.

Nothing heavy is imported here before the server starts, which takes longer than all else in a run;
and no boto3 at all, whose import alone takes half a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dorc_runtime.errors import LakeError, UnknownNameError

if TYPE_CHECKING:
    from datetime import datetime
    from http.client import HTTPConnection

    from dorc_runtime.local.aws.roles import Roles
    from dorc_runtime.runs.result import Refusal

_SERVER = Path(__file__).with_name("server.py")
# The one region whose buckets are made without naming it:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
_UNNAMED_REGION = "us-east-1"
_FOUND = 200
_MISSING = 404
_CONFLICT = 409
_SHOWN = 10
_ACCESS = "/moto-api/dorc/access"

# The access key of whoever is no function: those have no capitals in their names.
OWN_KEY = "LOCAL"


@dataclass(frozen=True, slots=True)
class LakeObject:
    """An object in the lake; ``size`` is in bytes, ``etag`` tells one content from another."""

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime


class Lake:
    """The server, and what a run does with S3 itself. Methods may be called from any thread.

    Handlers reach it by ``endpoint``. It is empty when it starts and keeps nothing.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, region: str, folder: Path) -> None:
        self._process = process
        self._region = region
        self._folder = folder
        self._turn = threading.RLock()
        self._ports: tuple[int, int] | None = None
        self._connection: HTTPConnection | None = None

    @classmethod
    def start(cls, *, region: str = "eu-west-1") -> Self:
        """Start the server and return at once; what is asked of it waits until it is up."""
        folder = Path(tempfile.mkdtemp(prefix="dorc-lake-"))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
                (sys.executable, "-I", str(_SERVER)),
                env=_variables(region, folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C at the terminal is for this process alone, which then ends the server.
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
        return f"http://127.0.0.1:{self._listening()[1]}"

    @property
    def region(self) -> str:
        """The region that its buckets are in."""
        return self._region

    def open(self) -> None:
        """Let functions in: what lies in the lake before them is there. More than once is fine."""
        assert self._process.stdin is not None  # noqa: S101 # it is a pipe
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._broken() from error

    def allow(self, roles: Roles) -> None:
        """Hold functions to their roles in S3, in place of those before.

        Who is none of these functions may do everything.
        """
        given = {
            "policies": dict(roles.policies),
            "buckets": dict(roles.buckets),
            "partition": roles.partition,
        }
        self._ask("PUT", _ACCESS, json.dumps(given).encode())

    def refusals(self) -> tuple[Refusal, ...]:
        """Return what functions were refused since their policies came, in that order."""
        from dorc_runtime.runs.result import Refusal

        _, answer = self._ask("GET", _ACCESS)
        return tuple(Refusal(**each) for each in json.loads(answer))

    def create_bucket(self, name: str) -> None:
        """Make a bucket, if it is not there yet."""
        body = b""
        if self._region != _UNNAMED_REGION:
            body = (
                "<CreateBucketConfiguration>"
                f"<LocationConstraint>{self._region}</LocationConstraint>"
                "</CreateBucketConfiguration>"
            ).encode()
        self._ask("PUT", f"/{name}", body, fine=(_FOUND, _CONFLICT))

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object, in place of what was there; ``UnknownNameError`` for the bucket."""
        status, _ = self._ask("PUT", _path(bucket, key), body, fine=(_FOUND, _MISSING))
        if status == _MISSING:
            raise self._no_bucket(bucket)

    def get(self, bucket: str, key: str) -> bytes:
        """Return the content of an object, or raise an ``UnknownNameError``."""
        status, body = self._ask("GET", _path(bucket, key), fine=(_FOUND, _MISSING))
        if status == _MISSING:
            known = [found.key for found in self.objects(bucket)[:_SHOWN]]
            raise UnknownNameError(f"object in {bucket}", key, known)
        return body

    def objects(self, bucket: str) -> tuple[LakeObject, ...]:
        """Return all objects of a bucket by their keys; ``UnknownNameError`` for the bucket."""
        return tuple(self._listed(bucket))

    def reset(self) -> None:
        """Forget everything, in all services, and the roles of functions."""
        from dorc_runtime.local.aws.roles import Roles

        self._ask("POST", "/moto-api/reset")
        self.allow(Roles(policies={}, buckets={}, partition=""))

    def close(self) -> None:
        """End the server; more than once does no harm."""
        import shutil

        self._process.kill()
        self._process.wait()
        with self._turn:
            if self._connection is not None:
                self._connection.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listed(self, bucket: str) -> Iterator[LakeObject]:
        from datetime import datetime
        from urllib.parse import quote, unquote_plus
        from xml.etree import ElementTree

        token = ""
        while True:
            query = f"/{bucket}?list-type=2&encoding-type=url{token}"
            status, answer = self._ask("GET", query, fine=(_FOUND, _MISSING))
            if status == _MISSING:
                raise self._no_bucket(bucket)
            page = ElementTree.fromstring(answer)  # noqa: S314 # our own server's
            for item in page.iterfind("{*}Contents"):
                yield LakeObject(
                    bucket=bucket,
                    key=unquote_plus(item.findtext("{*}Key", "")),
                    size=int(item.findtext("{*}Size", "")),
                    etag=item.findtext("{*}ETag", "").strip('"'),
                    last_modified=datetime.fromisoformat(item.findtext("{*}LastModified", "")),
                )
            following = page.findtext("{*}NextContinuationToken")
            if not following:
                return
            token = f"&continuation-token={quote(following, safe='')}"

    def _no_bucket(self, name: str) -> UnknownNameError:
        from xml.etree import ElementTree

        _, answer = self._ask("GET", "/")
        listed = ElementTree.fromstring(answer)  # noqa: S314 # our own server's
        names = [found.text or "" for found in listed.iterfind("{*}Buckets/{*}Bucket/{*}Name")]
        return UnknownNameError("bucket", name, names)

    def _ask(
        self, method: str, path: str, body: bytes = b"", *, fine: tuple[int, ...] = (_FOUND,)
    ) -> tuple[int, bytes]:
        from http.client import HTTPConnection, HTTPException

        scope = f"Credential={OWN_KEY}/20200101/{self._region}/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"
        with self._turn:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self._listening()[0])
            try:
                self._connection.request(method, path, body, {"Authorization": signed})
                response = self._connection.getresponse()
                answer = response.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                raise self._broken() from error
        if response.status not in fine:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
        return response.status, answer

    def _listening(self) -> tuple[int, int]:
        """Return the ports for whoever fills the lake and for functions."""
        with self._turn:
            if self._ports is None:
                assert self._process.stdout is not None  # noqa: S101 # it is a pipe
                line = self._process.stdout.readline()
                if not line:
                    raise self._broken()
                own, functions = line.split()
                self._ports = int(own), int(functions)
            return self._ports

    def _broken(self) -> LakeError:
        log = (self._folder / "log").read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(log) if line.strip()), "it said nothing")
        return LakeError(
            f"the lake's server does not run: {last}. What it needs comes with "
            "`pip install 'dorc-runtime[local]'`."
        )


def _path(bucket: str, key: str) -> str:
    from urllib.parse import quote

    return f"/{bucket}/{quote(key)}"


def _variables(region: str, folder: Path) -> dict[str, str]:
    """Return the server's environment: nobody's credentials, no home but its own folder."""
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
