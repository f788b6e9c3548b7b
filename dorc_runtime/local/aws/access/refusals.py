"""The responses with which services refuse a request.

It imports the standard library alone: the lake's server loads it by its path.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from xml.sax.saxutils import escape

UNSIGNED = "Access Denied"
_XML = "application/xml"
_INVALID = 400


class Refusal(NamedTuple):
    """A response of HTTP."""

    status: int
    content_type: str
    body: str


class _Form(NamedTuple):
    """How a service refuses: its status, its error, the version of its JSON ("" for XML)."""

    status: int
    error: str
    json: str


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
_FORMS: Mapping[str, _Form] = MappingProxyType(
    {
        "s3": _Form(403, "AccessDenied", ""),
        "dynamodb": _Form(400, "com.amazon.coral.service#AccessDeniedException", "1.0"),
        "events": _Form(400, "AccessDeniedException", "1.1"),
        "sns": _Form(403, "AuthorizationError", ""),
        "sqs": _Form(403, "AccessDenied", "1.0"),
        "ssm": _Form(400, "AccessDeniedException", "1.1"),
        "secretsmanager": _Form(400, "AccessDeniedException", "1.1"),
    }
)


def not_authorized(caller: str, action: str, resource: str) -> str:
    """Return AWS's message for a ``caller`` without permission; all three are AWS's own names."""
    named = f" on resource: {resource}" if resource else ""
    return (
        f"User: {caller} is not authorized to perform: {action}{named} because no identity-based "
        f"policy allows the {action} action"
    )


def refusal(service: str, message: str, *, error: str = "") -> Refusal:
    """Return the response with which ``service`` refuses a request.

    Without ``error`` it is the one for a request that no policy allows.
    """
    status, denied, version = _FORMS[service]
    if error:
        status = _INVALID
    error = error or denied
    if version:
        # DynamoDB's message has a capital letter; botocore reads both.
        name = "Message" if service == "dynamodb" else "message"
        body = json.dumps({"__type": error, name: message})
        return Refusal(status, f"application/x-amz-json-{version}", body)
    content = f"<Code>{error}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return Refusal(status, _XML, f"{head}<Error>{content}</Error>")
    return Refusal(
        status,
        "text/xml",
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
        f"<Error><Type>Sender</Type>{content}</Error>"
        "<RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ErrorResponse>",
    )
