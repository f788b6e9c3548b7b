"""What pytest shows of values with secrets: redacted before pytest shortens or splits them."""

from collections.abc import Collection
from typing import Any

import pytest
from _pytest._io.saferepr import SafeRepr, safeformat

from dorc_runtime.runs.redaction import Redaction


class _Text:
    """A value that is shown as ``text``."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def redacted_value(value: Any, redactions: Collection[Redaction]) -> Any:
    """Return what to show of ``value``: the value itself where it has no secret."""
    for redaction in redactions:
        value = _redacted(value, redaction)
    return value


def redact_reports(config: pytest.Config, redactions: Collection[Redaction]) -> None:
    """Let pytest redact values before it shortens them, until ``config`` ends.

    A part of a secret that was cut could not be found later. pytest has no public way to say this,
    except for comparisons.
    """
    short, long = SafeRepr.repr, safeformat
    patch = pytest.MonkeyPatch()
    patch.setattr(
        SafeRepr, "repr", lambda self, value: short(self, redacted_value(value, redactions))
    )
    patch.setattr(
        "_pytest._code.code.safeformat", lambda value: long(redacted_value(value, redactions))
    )
    config.add_cleanup(patch.undo)


def _redacted(value: Any, redaction: Redaction) -> Any:
    if isinstance(value, str):
        return redaction.text(value)
    try:
        shown = repr(value)
    except Exception:  # pytest shows what is wrong with it
        return value
    text = redaction.text(shown)
    if text == shown:
        return value
    try:
        redacted = redaction.value(value)
    except (TypeError, ValueError):  # It is no JSON.
        return _Text(text)
    return _Text(text) if redacted is value else redacted
