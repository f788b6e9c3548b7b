"""The terminal that everything is drawn on."""

import os
import sys

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Return the terminal to draw on; where nothing tells its width, lines have 100 columns."""
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, highlight=False, width=None if told else 100)
