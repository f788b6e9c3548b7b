"""The lines of a run: states as they end, what functions print, failures, and waits."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.text import Text

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.events import (
    Event,
    ExecutionRedriven,
    FunctionLogged,
    FunctionMeasured,
    MapProgressed,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    StateWaiting,
    Visit,
)
from dorc_runtime.tasks.drawings.console import print_indented
from dorc_runtime.tasks.drawings.log_lines import LogLines
from dorc_runtime.tasks.drawings.run_status import RunStatus
from dorc_runtime.tasks.drawings.text import clock_text, duration_text

_NAME_WIDTH = 24
# Of the steps inside one Map, Parallel or Call, and of the rounds of a step in a Repeat. Of a large
# Map, each tenth of the items is drawn.
_MOST_STEPS = 20
# Others end at once.
_DRAWN_INSIDE = frozenset({"Task", "Map", "Parallel", "Wait"})
# Seconds from which on a line says until when a run waits.
_LONG_WAIT = 3
# A step outside all others, and whether lines are about what is inside it.
_Group = tuple[str, bool]


class StepLines:
    """Draws the events of one run on ``terminal``, each as a line, and keeps ``status``.

    ``log`` takes what ``functions`` print; without it they print themselves. With ``skip_waits``,
    nobody has to wait for the run.
    """

    def __init__(
        self,
        terminal: Console,
        functions: Mapping[str, LocalFunction],
        log: LogLines | None,
        status: RunStatus | None,
        *,
        skip_waits: bool,
    ) -> None:
        self._console = terminal
        self._functions = functions
        self._log = log
        self._status = status
        self._skip_waits = skip_waits
        self._began: dict[int, float] = {}
        self._drawn: Counter[tuple[_Group, str]] = Counter()
        self._tenths: dict[int, int] = {}
        self._memory: dict[str, int] = {}

    def event(self, event: Event) -> None:
        """Draw one event."""
        if isinstance(event, FunctionLogged):
            self._print_log(event)
            return
        if self._log is not None and self._status is not None:
            self._log.print()
            self._status.see(event)
        match event:
            case StateEntered():
                self._began[event.visit.number] = event.at
            case StateExited():
                self._leave(event)
            case StateFailed() | StateRetried() | StateCaught():
                self._fail(event)
            case StateWaiting():
                self._wait(event)
            case MapProgressed():
                self._progress(event)
            case ExecutionRedriven(at=at):
                when = f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}"  # of here
                self._line("↻ ", "redriven", f"{when}: what failed runs again", style="cyan")
            case FunctionMeasured(function=function, memory=memory):
                self._memory[function] = memory

    def _print_log(self, event: FunctionLogged) -> None:
        if self._log is not None and not self._log.is_full:
            name = _shortened(event.function)
            self._log.add(f"  {name:{_NAME_WIDTH}} │ ", event.text, below="│ ")

    def _leave(self, event: StateExited) -> None:
        visit = event.visit
        text = Text(f"{event.at - self._began.pop(visit.number):6.2f} s", style="dim")
        if visit.path:
            if visit.kind in _DRAWN_INSIDE and self._may_draw(visit, "✓ "):
                self._line("✓ ", visit.location, text, style="green")
            return
        if not self._may_draw(visit, "✓ "):
            self._say_more(visit, "✓ ", style="green")
            return
        if visit.kind == "Map" and isinstance(event.output, list):
            items = "1 item" if len(event.output) == 1 else f"{len(event.output):,} items"
            text.append(f"  {items}")
        elif visit.state in self._memory and visit.kind == "Task":
            of = self._functions[visit.state].memory
            text.append(f"  {self._memory[visit.state]} of {of} MiB")
        self._line("✓ ", _shortened(visit.state), text, style="green")

    def _fail(self, event: StateFailed | StateRetried | StateCaught) -> None:
        message, *_ = (*read_cause(event.cause).message.splitlines(), "")
        error = f"{event.error}: {message}" if message else event.error
        match event:
            case StateFailed(visit=visit):
                self._line_inside("✗ ", visit, event.error, style="red")
            case StateRetried(visit=visit, wait=wait):
                until = f", at {clock_text(event.at + wait)}" if self._is_long(wait) else ""
                again = f"again in {wait:.1f} s{until} (try {event.attempt + 1})"
                self._line_inside("↻ ", visit, f"{error}; {again}")
            case StateCaught(visit=visit, to=to):
                self._line_inside("! ", visit, f"{error}; caught: continues at {to}")

    def _line_inside(self, mark: str, visit: Visit, text: str, *, style: str = "yellow") -> None:
        if self._may_draw(visit, mark):
            self._line(mark, visit.location, text, style=style)
        else:
            self._say_more(visit, mark, style=style)

    def _say_more(self, visit: Visit, mark: str, *, style: str) -> None:
        group = _group(visit)
        if self._drawn[group, mark] == _MOST_STEPS + 1:
            self._line(mark, _shortened(group[0]), "and more, which are not drawn", style=style)

    def _may_draw(self, visit: Visit, mark: str) -> bool:
        """Count a line about what is inside a step, or about one more round of it.

        Return whether to draw it.
        """
        if not visit.path and mark == "✗ ":
            return True
        self._drawn[_group(visit), mark] += 1
        return self._drawn[_group(visit), mark] <= _MOST_STEPS

    def _wait(self, event: StateWaiting) -> None:
        """Draw until when a Wait lasts, where no last line of a terminal does."""
        seconds = event.until - event.at
        if self._is_long(seconds) and (self._status is None or not self._console.is_terminal):
            lasts = f"{duration_text(seconds)}, until {clock_text(event.until)}"
            text = f"waits {lasts}; --skip-waits skips it"
            self._line_inside("  ", event.visit, text, style="")

    def _is_long(self, seconds: float) -> bool:
        return seconds >= _LONG_WAIT and not self._skip_waits

    def _progress(self, event: MapProgressed) -> None:
        """Draw each tenth of the items, once there are too many steps to draw each."""
        visit = event.visit
        tenth = event.ended * 10 // event.items if event.items else 0
        if visit.path or tenth in (self._tenths.get(visit.number, 0), 10):
            return
        self._tenths[visit.number] = tenth
        if self._drawn[(visit.state, True), "✓ "] > _MOST_STEPS:
            text = f"{event.ended:,} of {event.items:,} items"
            self._line("  ", _shortened(visit.state), Text(text, style="dim"), style="")

    def _line(self, mark: str, name: str, text: str | Text, *, style: str) -> None:
        head = Text.assemble((mark, style), f"{name:{_NAME_WIDTH}} ")
        print_indented(self._console, head, Text.assemble(text))


def _group(visit: Visit) -> _Group:
    return (visit.path[0], True) if visit.path else (visit.state, False)


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"
