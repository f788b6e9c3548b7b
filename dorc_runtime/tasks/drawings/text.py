"""JSON, sizes and times as text that people read."""

import math
from datetime import datetime

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


def count_text(number: int, noun: str) -> str:
    """Return a number of things, ``noun``, in words."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


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


def duration_text(seconds: float) -> str:
    """Return a duration with its two largest units, rounded up to whole seconds."""
    left = math.ceil(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def clock_text(moment: float) -> str:
    """Return a time of today as a clock shows it, and another with its date."""
    then = datetime.fromtimestamp(moment).astimezone()
    is_today = then.date() == datetime.now(then.tzinfo).date()
    return f"{then:%H:%M:%S}" if is_today else f"{then:%Y-%m-%d %H:%M:%S}"
