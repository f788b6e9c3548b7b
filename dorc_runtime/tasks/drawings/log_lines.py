"""What functions print, drawn in batches: a terminal shows no more than some lines at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

# Of a run: more would only scroll by.
MOST_LINES = 10_000
# Seconds between two batches.
_INTERVAL = 0.05


class LogLines:
    """Prints lines on ``terminal``, at most 20 times a second and ``MOST_LINES`` of a run.

    ``is_full`` says that no more lines are printed.
    """

    def __init__(self, terminal: Console) -> None:
        self.is_full = False
        self._console = terminal
        # It can change at any time; asking the terminal for each line takes too long.
        self._width = terminal.width
        self._pending: list[str] = []
        self._count = 0
        self._lock = threading.RLock()

    def add(self, head: str, text: str, *, below: str) -> None:
        """Take one line, which is printed within a twentieth of a second.

        Where it is longer than the terminal is wide, it continues after ``below``.
        """
        if self.is_full:
            return
        self._count += 1
        if self._count > MOST_LINES:
            self._append(f"  and more lines than {MOST_LINES:,}: all are in log.txt")
            self.is_full = True
            return
        width = max(20, self._width - len(head))
        if cell_len(text) <= width and text.isprintable():
            self._append((head + text).rstrip())
            return
        for row in Text(text).wrap(self._console, width) or [Text()]:
            self._append((head + row.plain).rstrip())
            head = below.rjust(len(head))

    def print(self) -> None:
        """Print what waits, before anything else is printed."""
        with self._lock:
            if self._pending:
                self._width = self._console.width
                text = Text("\n".join(self._pending), style="dim")
                self._pending.clear()
                self._console.print(text, soft_wrap=True)

    @contextmanager
    def printing(self) -> Iterator[None]:
        """Print what waits at intervals, for as long as the context lasts."""
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(_INTERVAL):
                self.print()

        thread = threading.Thread(target=repeat, name="log lines", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.print()

    def _append(self, line: str) -> None:
        with self._lock:
            self._pending.append(line)
