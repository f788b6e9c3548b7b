"""JSON and sizes as text that people read."""

from pydantic import JsonValue
from rich.highlighter import JSONHighlighter
from rich.text import Text

from dorc_runtime.runs.failure import json_lines


def json_text(value: JsonValue) -> Text:
    """Return JSON on as few lines as it needs, cut where it would fill the screen."""
    return highlighted_json(json_lines(value))


def highlighted_json(text: str) -> Text:
    """Return a text of JSON, or the beginning of one, with colours."""
    shown = Text(text, overflow="fold")
    JSONHighlighter().highlight(shown)
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
