"""Holds functions to their roles: a WSGI layer around moto's S3 and STS.

The lake's server loads it by its path, and puts its two neighbours into ``sys.modules`` first.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response

    from dorc_runtime.local.aws import s3_permissions, s3_refusals
else:
    import _s3_permissions as s3_permissions
    import _s3_refusals as s3_refusals

# Below moto's own address, which no bucket can have.
ADDRESS = "/moto-api/dorc/access"
_ACCOUNT = "123456789012"
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult>
<Arn>{{caller}}</Arn><UserId>AROA3XFRBF535PLBIFPI4:{{session}}</UserId><Account>{_ACCOUNT}</Account>
</GetCallerIdentityResult>
<ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"""
_WITHOUT_BUCKET = ("s3:CreateBucket", "s3:ListAllMyBuckets")
_NOT_FOUND = 404


class AccessControl:
    """Allows a function in S3 what its policy allows, and keeps a list of what it refused.

    A caller with another access key may do everything: a function that assumes another role may do
    what that role may, which is not known here.
    """

    def __init__(self) -> None:
        self._partition = ""
        self._buckets: dict[str, str] = {}
        self._policies: dict[str, dict[str, Any]] = {}
        self._sessions: dict[str, str] = {}
        self._refusals: list[dict[str, str]] = []

    def with_settings(self, application: WSGIApplication) -> WSGIApplication:
        """Return ``application`` with the address that takes policies and returns refusals."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            if request.path != ADDRESS:
                return application(environ, start)
            if request.method == "PUT":
                settings = json.loads(request.get_data())
                self._partition, self._buckets = settings["partition"], settings["buckets"]
                self._policies, self._sessions = settings["policies"], settings["sessions"]
                self._refusals = []
            return Response(json.dumps(self._refusals))(environ, start)

        return answer

    def protected(self, s3: WSGIApplication) -> WSGIApplication:
        """Return ``s3`` with the rules for functions."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            query = request.args.to_dict()
            headers = {name.lower(): text for name, text in request.headers}
            key = s3_permissions.access_key(headers, query)
            if key is None:
                return _refusal(s3_refusals.UNSIGNED)(environ, start)
            if (policy := self._policies.get(key)) is None:
                return s3(environ, start)
            refuse = partial(self._refuse, key, policy, s3)
            body = b""
            if request.method == "POST" and "delete" in query:
                body = request.get_data()
                environ["wsgi.input"] = io.BytesIO(body)
            needs = s3_permissions.needs(request.method, request.path, query, headers, body)
            if refusal := refuse(needs):
                return refusal(environ, start)
            response = Response.from_app(s3, environ)
            if response.status_code == _NOT_FOUND:
                response = refuse(need.listing for need in needs if need.listing) or response
            return response(environ, start)

        return answer

    def _refuse(
        self,
        key: str,
        policy: dict[str, Any],
        s3: WSGIApplication,
        needs: Iterable[s3_permissions.Need],
    ) -> Response | None:
        """Return the refusal of the first of ``needs`` that is not allowed, None if all are.

        S3 itself says to every caller that a bucket does not exist.
        """
        for need in needs:
            on_aws = need._replace(bucket=self._buckets.get(need.bucket, need.bucket))
            allowed = s3_permissions.allows(policy, on_aws, partition=self._partition)
            if allowed or (need.action not in _WITHOUT_BUCKET and not _exists(need.bucket, s3)):
                continue
            resource = need.resource(self._partition)
            self._refusals.append({"function": key, "action": need.action, "resource": resource})
            message = s3_refusals.not_authorized(self._caller(key), need.action, resource)
            return _refusal(message)
        return None

    def identified(self, sts: WSGIApplication) -> WSGIApplication:
        """Return ``sts`` with the role of each function as its identity."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            headers = {name.lower(): text for name, text in request.headers}
            key = s3_permissions.access_key(headers, request.args.to_dict())
            body = request.get_data()
            environ["wsgi.input"] = io.BytesIO(body)
            if key not in self._policies or b"Action=GetCallerIdentity" not in body:
                return sts(environ, start)
            caller = self._caller(key)
            text = _IDENTITY.format(caller=caller, session=caller.rpartition("/")[2])
            return Response(text, mimetype="text/xml")(environ, start)

        return answer

    def _caller(self, key: str) -> str:
        session = self._sessions.get(key, f"{key}/{key}")
        return f"arn:{self._partition}:sts::{_ACCOUNT}:assumed-role/{session}"


def _exists(bucket: str, s3: WSGIApplication) -> bool:
    from werkzeug.test import Client

    return Client(s3).head(f"/{quote(bucket)}").status_code != _NOT_FOUND


def _refusal(message: str) -> Response:
    from werkzeug.wrappers import Response

    return Response(
        s3_refusals.body(message), status=s3_refusals.STATUS, mimetype="application/xml"
    )
