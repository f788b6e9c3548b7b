"""Allows functions and state machines what their roles allow: a WSGI layer around moto's services.

The lake's server loads it by its path, and puts the modules next to it into ``sys.modules`` first.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response

    from dorc_runtime.local.aws.access import (
        policy_evaluation,
        refusals,
        s3_permissions,
        service_permissions,
        service_rules,
    )
else:
    import _policy_evaluation as policy_evaluation
    import _refusals as refusals
    import _s3_permissions as s3_permissions
    import _service_permissions as service_permissions
    import _service_rules as service_rules

# Below moto's own address, which no bucket can have.
ADDRESS = "/moto-api/dorc/access"
CALLS = "/moto-api/dorc/calls"
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
_FAILED = 400


class AccessControl:
    """Allows a caller what its policy allows, and keeps a list of what it refused.

    It also lists the calls of services other than S3 that succeeded. A caller with another access
    key may do everything, and its calls are not listed: a function that assumes another role may do
    what that role may, which is not known here.
    """

    def __init__(self) -> None:
        self._partition = ""
        self._buckets: dict[str, str] = {}
        self._policies: dict[str, dict[str, Any]] = {}
        self._sessions: dict[str, str] = {}
        self._refusals: list[dict[str, str]] = []
        self._calls: list[dict[str, Any]] = []

    def with_settings(self, application: WSGIApplication) -> WSGIApplication:
        """Return ``application`` with the addresses that take policies, and return the lists."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            if request.path == CALLS:
                return Response(json.dumps(self._calls))(environ, start)
            if request.path != ADDRESS:
                return application(environ, start)
            if request.method == "PUT":
                settings = json.loads(request.get_data())
                self._partition, self._buckets = settings["partition"], settings["buckets"]
                self._policies, self._sessions = settings["policies"], settings["sessions"]
                self._refusals, self._calls = [], []
            return Response(json.dumps(self._refusals))(environ, start)

        return answer

    def protected(self, name: str, service: WSGIApplication) -> WSGIApplication:
        """Return ``service``, which AWS calls ``name``, with the rules for callers."""
        match name:
            case "s3":
                return self._protected_s3(service)
            case "sts":
                return self._identified(service)
            case _:
                return self._protected_service(name, service)

    def _protected_s3(self, s3: WSGIApplication) -> WSGIApplication:
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            query = request.args.to_dict()
            headers = _headers(request)
            key = service_permissions.access_key(headers, query)
            if key is None:
                return _response("s3", refusals.UNSIGNED)(environ, start)
            if key not in self._policies:
                return s3(environ, start)
            body = b""
            if request.method == "POST" and "delete" in query:
                body = _body(request, environ)
            needs = s3_permissions.needs(request.method, request.path, query, headers, body)
            if refusal := self._refuse_objects(key, s3, needs):
                return refusal(environ, start)
            response = Response.from_app(s3, environ)
            if response.status_code == _NOT_FOUND:
                listings = [need.listing for need in needs if need.listing]
                response = self._refuse_objects(key, s3, listings) or response
            return response(environ, start)

        return answer

    def _refuse_objects(
        self, key: str, s3: WSGIApplication, needs: Iterable[s3_permissions.Need]
    ) -> Response | None:
        """Return the refusal of the first of ``needs`` that is not allowed, None if all are.

        S3 itself says to every caller that a bucket does not exist.
        """
        for need in needs:
            on_aws = need._replace(bucket=self._buckets.get(need.bucket, need.bucket))
            resource = need.resource(self._partition)
            if self._allows(key, need.action, on_aws.resource(self._partition), need.prefix):
                continue
            if need.action not in _WITHOUT_BUCKET and not _exists(need.bucket, s3):
                # Libraries do not always name a bucket that does not exist.
                self._note_refusal(key, need.action, resource)
                continue
            return self._refusal("s3", key, need.action, resource, shown=f'"{resource}"')
        return None

    def _protected_service(self, name: str, service: WSGIApplication) -> WSGIApplication:
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            headers = _headers(request)
            key = service_permissions.access_key(headers, {})
            if key is None or key not in self._policies:
                return service(environ, start)
            sent = service_permissions.request_of(name, headers, _body(request, environ))
            if sent is None:
                return service(environ, start)
            place = service_permissions.Place(
                self._partition, service_permissions.region(headers), _ACCOUNT
            )
            for need in service_permissions.needs(sent, place):
                if not self._allows(key, need.action, need.resource):
                    refusal = self._refusal(name, key, need.action, need.resource, shown=need.shown)
                    return refusal(environ, start)
            if broken := service_rules.violation(*sent, place.region):
                return _response(name, broken.message, error=broken.error)(environ, start)
            try:
                response = Response.from_app(service, environ)
            except Exception:
                # moto fails where it cannot parse an expression.
                broken = service_rules.syntax_violation(sent.arguments)
                if broken is None:
                    raise
                return _response(name, broken.message, error=broken.error)(environ, start)
            if response.status_code < _FAILED:
                self._calls.append({"caller": key, **sent._asdict()})
            return response(environ, start)

        return answer

    def _allows(self, key: str, action: str, resource: str, prefix: str | None = None) -> bool:
        return policy_evaluation.allows(self._policies[key], action, resource, prefix=prefix)

    def _refusal(
        self, service: str, key: str, action: str, resource: str, *, shown: str
    ) -> Response:
        self._note_refusal(key, action, resource)
        return _response(service, refusals.not_authorized(self._caller(key), action, shown))

    def _note_refusal(self, key: str, action: str, resource: str) -> None:
        self._refusals.append({"function": key, "action": action, "resource": resource})

    def _identified(self, sts: WSGIApplication) -> WSGIApplication:
        """Return ``sts`` with the role of each caller as its identity."""
        from werkzeug.wrappers import Request, Response

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            key = service_permissions.access_key(_headers(request), request.args.to_dict())
            body = _body(request, environ)
            if key not in self._policies or b"Action=GetCallerIdentity" not in body:
                return sts(environ, start)
            caller = self._caller(key)
            text = _IDENTITY.format(caller=caller, session=caller.rpartition("/")[2])
            return Response(text, mimetype="text/xml")(environ, start)

        return answer

    def _caller(self, key: str) -> str:
        session = self._sessions.get(key, f"{key}/{key}")
        return f"arn:{self._partition}:sts::{_ACCOUNT}:assumed-role/{session}"


def _headers(request: Any) -> dict[str, str]:
    return {name.lower(): text for name, text in request.headers}


def _body(request: Any, environ: WSGIEnvironment) -> bytes:
    """Return the body of ``request``, and leave it for the next reader."""
    body: bytes = request.get_data()
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _exists(bucket: str, s3: WSGIApplication) -> bool:
    from werkzeug.test import Client

    return Client(s3).head(f"/{quote(bucket)}").status_code != _NOT_FOUND


def _response(service: str, message: str, *, error: str = "") -> Response:
    from werkzeug.wrappers import Response

    status, content_type, body = refusals.refusal(service, message, error=error)
    return Response(body, status=status, mimetype=content_type)
