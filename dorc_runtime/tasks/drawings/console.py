"""The terminal: what draws on it, lines, and JSON for machines."""

import json
import os
import sys
from collections.abc import Sequence

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

# A text beside a head has at least so many columns.
_NARROWEST = 20


def console(*, stderr: bool = False) -> Console:
    """Return the terminal to draw on; lines have 100 columns where its width is not known."""
    return Console(stderr=stderr, highlight=False, width=None if has_width() else 100)


def has_width() -> bool:
    """Return whether lines have a width that somebody set: a terminal, or ``COLUMNS``."""
    return sys.stdout.isatty() or "COLUMNS" in os.environ


def print_json(value: JsonValue | Sequence[JsonValue]) -> None:
    """Print a value for machines, on standard output."""
    escapes = not is_unicode(sys.stdout.encoding)
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=escapes) + "\n")


def print_pause(seconds: float) -> None:
    """Say that the command waits because AWS gets too many calls."""
    sys.stderr.write(f"AWS gets too many calls; waiting {seconds:.0f} s\n")
    sys.stderr.flush()


def is_unicode(encoding: str | None) -> bool:
    """Return whether an encoding has all characters; a stream without one takes them all."""
    return encoding is None or encoding.lower().startswith("utf")


def print_indented(terminal: Console, head: Text, text: Text) -> None:
    """Print ``text`` after ``head``; lines that do not fit continue below it, as indented.

    Below a long head, the text has a line of its own.
    """
    if len(text) and len(head) > terminal.width - _NARROWEST:
        head.rstrip()
        terminal.print(head, overflow="fold")
        head = Text("    ")
    width = max(_NARROWEST, terminal.width - len(head))
    for line in text.split(allow_blank=True) or [Text()]:
        indent = min(len(line.plain) - len(line.plain.lstrip()), width - _NARROWEST)
        for part in line[indent:].wrap(terminal, width - indent) or [Text()]:
            whole = Text.assemble(head, " " * indent, part)
            whole.rstrip()
            terminal.print(whole)
            head = Text(" " * len(head))
