"""Failures on demand: of what is named by variables of the environment.

``DORC_ENGINE_FAIL`` and ``DORC_ENGINE_HANG`` hold a part of a resource's URN each: making or
changing the resource fails as AWS would refuse it, or takes longer than anyone waits. While it
hangs, the file is there that ``DORC_ENGINE_HANGING`` names: who removes it ends the wait.
"""

import os
import time
from pathlib import Path

_LONG = 600.0


def strike(urn: str) -> None:
    """Fail, or hang, when that is asked of the resource."""
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
