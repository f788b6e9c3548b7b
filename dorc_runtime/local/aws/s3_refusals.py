"""The words in which S3 refuses a request that no policy allows.

It imports the standard library alone: the lake's server loads it by its path.
"""

from xml.sax.saxutils import escape

STATUS = 403
UNSIGNED = "Access Denied"


def not_authorized(caller: str, action: str, resource: str) -> str:
    """Return S3's message for a ``caller`` without permission; all three are AWS's own names."""
    return (
        f"User: {caller} is not authorized to perform: {action} on resource: "
        f'"{resource}" because no identity-based policy allows the {action} action'
    )


def body(message: str) -> str:
    """Return the body of S3's answer.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
        f"<Message>{escape(message)}</Message></Error>"
    )
