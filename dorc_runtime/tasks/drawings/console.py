"""The terminal: what draws on it, lines, and JSON for machines."""

import json
import os
import sys
from collections.abc import Sequence

from pydantic import JsonValue
from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Return the terminal to draw on; lines have 100 columns where its width is not known."""
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, highlight=False, width=None if has_width else 100)


def print_json(value: JsonValue | Sequence[JsonValue]) -> None:
    """Print a value for machines, on standard output."""
    escapes = not is_unicode(sys.stdout.encoding)
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=escapes) + "\n")


def is_unicode(encoding: str | None) -> bool:
    """Return whether an encoding has all characters; a stream without one takes them all."""
    return encoding is None or encoding.lower().startswith("utf")
