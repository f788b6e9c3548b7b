"""The lines that functions printed on AWS, with their times."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import chain, islice

from rich.cells import cell_len
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from dorc_runtime.operate.logs.log_groups import LogEvent
from dorc_runtime.tasks.drawings.console import console, has_width, is_unicode
from dorc_runtime.tasks.drawings.streams import can_write_output

# From this width on, times have milliseconds.
_WIDE = 100
_LEAST_TEXT = 20
# Lines that are printed at once, where nobody waits for each.
_BATCH = 500
_DIM, _RED = Style(dim=True), Style(color="red")
_COLORS = [Style(color=name) for name in ("cyan", "green", "magenta", "blue", "yellow")]
_LEVELS = {"ERROR": _RED, "CRITICAL": _RED, "WARNING": Style(color="yellow")}
# What colors a terminal, and what a line must not do to it.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def print_lines(lines: Iterable[LogEvent], labels: Mapping[str, str], *, at_once: bool) -> bool:
    """Print lines, and return whether there were any; ``labels`` are for the names of functions.

    With ``at_once``, each is printed when it comes. On a terminal, a long line continues below
    itself; elsewhere a line stays one, with its date.
    """
    drawing = _LogDrawing(labels)
    rows = (drawing.rows(line) for line in lines)
    printed = False
    for first in rows:
        drawing.read_width()
        more = () if at_once else islice(rows, _BATCH - 1)
        segments = Segments(chain(first, chain.from_iterable(more)))
        drawing.terminal.print(segments, soft_wrap=True, end="")
        printed = True
        if not can_write_output():
            break
    return printed


def print_lines_as_json(lines: Iterable[LogEvent], labels: Mapping[str, str]) -> None:
    """Print lines for programs, each as an object on a line of its own; times are in UTC."""
    escapes = not is_unicode(sys.stdout.encoding)
    for line in lines:
        time = datetime.fromtimestamp(line.at / 1000, UTC)
        value = {
            "time": time.isoformat(timespec="milliseconds"),
            "function": labels.get(line.function, line.function),
            "request_id": line.request_id or None,
            "stream": line.stream,
            "text": line.text,
        }
        sys.stdout.write(json.dumps(value, ensure_ascii=escapes) + "\n")
        if not can_write_output():
            break


def print_note(note: str) -> None:
    """Print a note on standard error."""
    console(stderr=True).print(Text(f"note: {note}", style="yellow"), soft_wrap=True)


class _LogDrawing:
    """Draws lines; the name of each function has a color of its own."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.terminal = console()
        self._labels = labels
        self._is_wrapped = has_width()
        # Names of functions of other pipelines are longer, and rarer.
        self._width = max((len(label) for label in labels.values() if "." not in label), default=0)
        self._colors: dict[str, Style] = {}
        self._columns = self.terminal.width
        self._day: date | None = None

    def read_width(self) -> None:
        """Ask for the width of the terminal, which takes too long to do it for each line."""
        self._columns = self.terminal.width

    def rows(self, line: LogEvent) -> Iterator[Segment]:
        """Yield what is printed for a line."""
        then = datetime.fromtimestamp(line.at / 1000).astimezone()
        if self._is_wrapped and then.date() != self._day:
            self._day = then.date()
            yield Segment(f"{then:%Y-%m-%d} {then.tzname()}\n", _DIM)
        time, name = self._time(then), self._labels.get(line.function, line.function)
        color = self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])
        name = f"{name:{self._width}} "
        style = _style(line)
        width = self._columns - len(time) - len(name) - 2
        for number, text in enumerate(self._texts(line.text, max(_LEAST_TEXT, width))):
            if number and self._is_wrapped:
                time, name = " " * len(time), " " * len(name)
            yield Segment(time, _DIM)
            yield Segment(name, color)
            yield Segment("│ ", _DIM)
            yield Segment(f"{text}\n", style)

    def _time(self, then: datetime) -> str:
        if not self._is_wrapped:
            return f"{then:%Y-%m-%d %H:%M:%S}.{then.microsecond // 1000:03} "
        milliseconds = f".{then.microsecond // 1000:03}" if self._columns >= _WIDE else ""
        return f"{then:%H:%M:%S}{milliseconds} "

    def _texts(self, text: str, width: int) -> Iterator[str]:
        """Yield a text in parts that fit, without what would change the terminal."""
        for line in text.splitlines() or [""]:
            if not line.isprintable():
                line = _ESCAPES.sub("", line).expandtabs()
                line = "".join(filter(str.isprintable, line))
            if self._is_wrapped and cell_len(line) > width:
                parts = Text(line).wrap(self.terminal, width, overflow="fold")
                yield from (part.plain.rstrip() for part in parts)
            else:
                yield line


def _style(line: LogEvent) -> Style | None:
    if line.kind in ("exception", "end"):
        return _RED
    return _LEVELS.get(line.text.partition(" ")[0])
