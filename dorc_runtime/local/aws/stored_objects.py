"""Many objects in one request: a WSGI layer around moto, for whoever fills and lists the lake.

S3 itself takes a request for each object, and lists a thousand at a time as XML. The lake's server
loads this module by its path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response

# Below moto's own address, which no bucket can have.
ADDRESS = "/moto-api/dorc/objects"
_UNREADABLE = 400
_NOT_FOUND = 404


def with_stored_objects(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with the address that takes files and lists objects.

    PUT takes a JSON list of ``[bucket, key, path of a file]``; 400 with the reason for a file that
    cannot be read. GET lists the objects of ``?bucket=`` by key, as a JSON list of ``[key, size,
    etag, last modified, time of the write]``; 404 without that bucket.
    """
    from werkzeug.wrappers import Request, Response

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path != ADDRESS:
            return application(environ, start)
        if request.method == "PUT":
            try:
                _put(json.loads(request.get_data()))
            except OSError as error:
                return Response(str(error), status=_UNREADABLE)(environ, start)
            return Response()(environ, start)
        return _listing(request.args["bucket"])(environ, start)

    return answer


def _put(files: Iterable[tuple[str, str, str]]) -> None:
    for bucket, key, path in files:
        backend = _backend(bucket)
        stored = backend.put_object(bucket, key, Path(path).read_bytes(), disable_notification=True)
        stored.set_metadata({"content-type": "binary/octet-stream"})


def _listing(bucket: str) -> Response:
    from moto.s3.models import s3_backends
    from werkzeug.wrappers import Response

    if bucket not in s3_backends.bucket_accounts:
        return Response(status=_NOT_FOUND)
    backend = _backend(bucket)
    found, *_ = backend.list_objects(backend.get_bucket(bucket), None, None, None, None)
    rows = [
        [
            item.name,
            item.size,
            item.etag.strip('"'),
            item.last_modified_ISO8601,
            item.last_modified.isoformat(),
        ]
        for item in found
    ]
    return Response(json.dumps(rows))


def _backend(bucket: str) -> Any:
    from moto.s3.models import s3_backends

    partition, account = s3_backends.bucket_accounts[bucket]
    return s3_backends[account][partition]
