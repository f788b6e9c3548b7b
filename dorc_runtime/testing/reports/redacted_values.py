"""What pytest shows of values with secrets.

A part of a secret cannot be found by the value of it. So comparisons and local variables are
redacted before they are shortened or split, and parts are looked for where pytest has cut a value.
"""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from dorc_runtime.runs.redaction import SHORTEST, Redaction

_CUT = "..."
# The length to which pytest cuts values, too.
_LONGEST = 240


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


def redacted_text(text: str, redactions: Collection[Redaction]) -> str:
    """Return ``text`` without secrets, and without parts of them next to ``...``."""
    for redaction in redactions:
        first, *others = redaction.text(text).split(_CUT)
        pieces = [first]
        for piece in others:
            pieces[-1] = _without_end(pieces[-1], redaction)
            pieces.append(_without_start(piece, redaction))
        text = _CUT.join(pieces)
    return text


def local_variables(
    excinfo: pytest.ExceptionInfo[BaseException], redactions: Collection[Redaction]
) -> Iterator[tuple[str, str]]:
    """Yield the local variables of each frame, with its place."""
    for entry in excinfo.traceback:
        if entry.ishidden(excinfo):
            continue
        lines = [
            f"{name:<10} = {_short(repr(redacted_value(value, redactions)))}"
            for name, value in sorted(entry.locals.items())
            if not name.startswith(("__", "@"))
        ]
        yield f"local variables, {entry.path}:{entry.lineno + 1}", "\n".join(lines)


def _short(text: str) -> str:
    half = (_LONGEST - len(_CUT)) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}{_CUT}{text[-half:]}"


def _without_end(text: str, redaction: Redaction) -> str:
    """Return ``text`` without the longest part of a secret that it ends with."""
    for form, name in redaction.forms.items():
        length = 0
        while length < len(text) and text[-length - 1 :] in form:
            length += 1
        if length >= SHORTEST:
            return f"{text[:-length]}[secret {name}]"
    return text


def _without_start(text: str, redaction: Redaction) -> str:
    """Return ``text`` without the longest part of a secret that it starts with."""
    for form, name in redaction.forms.items():
        length = 0
        while length < len(text) and text[: length + 1] in form:
            length += 1
        if length >= SHORTEST:
            return f"[secret {name}]{text[length:]}"
    return text


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
