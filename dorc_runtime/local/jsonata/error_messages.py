"""The messages of JSONata's errors, as the JavaScript library and Step Functions print them.

jsonata-python's own texts put other words for "function", leave placeholders open, and quote values
that are no text: https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js, "errorCodes".
"""

import math
import re
from typing import Any

from jsonata.jexception import JException

from dorc_runtime.local.jsonata.values import string

# What Step Functions says of its own limits, which have no code.
DEEP = (
    ": Stack overflow error: Check for non-terminating recursive function. Consider rewriting as "
    "tail-recursive"
)
_LIMITS = {
    "D1011": DEEP,
    "D1012": ": Expression evaluation timeout: Check for infinite loop",
    "D2014": ": Expression evaluation memory limit exceeded: Check for excessive memory usage",
}
_TYPES = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
_OBJECT = re.compile(" Object(?! representing)")
_PLACEHOLDER = re.compile(r"\{\{\{\w+\}\}\}|\{\{\w+\}\}")


def ending_of(error: JException) -> str:
    """Return what follows "threw an error during evaluation" for ``error``."""
    if error.error in _LIMITS:
        return _LIMITS[error.error]
    return f". {error.error}: {message_of(error)}"


def message_of(error: JException) -> str:
    """Return the message of ``error``, with its values as JSON."""
    template = JException.error_codes.get(error.error)
    if template is None:
        return str(error)
    values = iter(_values(error))

    def filled(match: re.Match[str]) -> str:
        value = next(values, None)
        return str(value) if match[0].startswith("{{{") else _json(value)

    return _PLACEHOLDER.sub(filled, _OBJECT.sub(" function", template))


def _values(error: JException) -> tuple[Any, ...]:
    """Return the values for the placeholders of the message, in their order."""
    match error.error:
        case "D1002":
            return (error.expected,)
        case "D3100":
            return (error.location,)
        case "T0412":
            return (error.current, error.expected, _TYPES.get(error.extra, error.extra))
        case "T2007":
            # Python's sort compares a value with the one before it.
            return (error.expected, error.current)
        case _:
            return (error.current, error.expected, error.extra)


def _json(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    text = string(value)
    if text is None:
        return "undefined"
    if not isinstance(value, str):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
