"""JSON and sizes as text that people read."""

import json

from pydantic import JsonValue
from rich.json import JSON
from rich.text import Text

_LONGEST_JSON = 30
_LONGEST_LINE = 70


def json_text(value: JsonValue) -> Text:
    """Return JSON on as few lines as it needs, cut where it would fill the screen."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_LINE:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    lines = text.splitlines()
    if len(lines) > _LONGEST_JSON:
        left = len(lines) - _LONGEST_JSON
        return Text("\n".join((*lines[:_LONGEST_JSON], f"... and {left} more lines")))
    shown = JSON(text, indent=None if len(lines) == 1 else 2).text
    # rich would cut its lines at the edge of the terminal.
    shown.no_wrap, shown.overflow = False, "fold"
    return shown


def size_text(number: int) -> str:
    """Return a number of bytes in its largest unit."""
    if number < 1000:
        return f"{number} bytes"
    size = number / 1000
    for unit in ("kB", "MB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
