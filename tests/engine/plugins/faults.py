"""Faults that a test injects through environment variables.

``DORC_ENGINE_FAIL`` and ``DORC_ENGINE_HANG`` each contain a part of a resource's URN: creating or
changing the resource fails with an error of AWS, or waits. While it waits, the file in
``DORC_ENGINE_HANGING`` exists: a test deletes the file to end the wait.
"""

import os
import time
from pathlib import Path

_LONG = 600.0


def inject_fault(urn: str) -> None:
    """Fail or wait, if a variable names the resource."""
    if _named("DORC_ENGINE_HANG", urn):
        _hang()
    if _named("DORC_ENGINE_FAIL", urn):
        raise PermissionError(
            "https response error StatusCode: 403, api error AccessDeniedException: User: "
            "arn:aws:iam::123456789012:user/tester is not authorized to perform this operation"
        )


def _hang() -> None:
    mark = Path(os.environ["DORC_ENGINE_HANGING"])
    mark.touch()
    end = time.monotonic() + _LONG
    while mark.exists() and time.monotonic() < end:
        time.sleep(0.05)


def _named(variable: str, urn: str) -> bool:
    part = os.environ.get(variable)
    return part is not None and part in urn
