"""Why a run failed: the rows of a failure on the terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from dorc_runtime.runs.failure import LABEL_WIDTH, FailureRow
from dorc_runtime.tasks.drawings.console import print_indented
from dorc_runtime.tasks.drawings.text import highlighted_json

_STYLES = {"state": "bold", "error": "bold red"}


def print_failure(terminal: Console, rows: Iterable[FailureRow]) -> None:
    """Print the rows of a failure, each with its label."""
    for label, text in rows:
        head = Text(f"  {label:{LABEL_WIDTH}} ", style="dim")
        shown = highlighted_json(text) if label == "input" else Text(text, _STYLES.get(label, ""))
        print_indented(terminal, head, shown)
