"""What people see of a run."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.runs.events import (
    Ending,
    Event,
    FunctionLogged,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    Visit,
)
from dorc_runtime.runs.result import RunResult
from dorc_runtime.tasks.drawings.console import console, is_unicode, print_indented
from dorc_runtime.tasks.drawings.log_lines import LogLines
from dorc_runtime.tasks.drawings.stack_trace import message_and_frames
from dorc_runtime.tasks.drawings.text import json_text, size_text

_MOST_OBJECTS = 20
_NAME_WIDTH = 24


class RunDrawing:
    """Draws one run as it happens, and how it ended.

    An ``inline`` run shares the terminal with its functions, which print there themselves, and
    maybe with a debugger: it has no status line.
    """

    def __init__(self, terminal: Console, *, root: Path, json: bool, inline: bool) -> None:
        self._console = terminal
        self._root = root
        self._json = json
        self._inline = inline
        self._began: dict[int, float] = {}
        self._running: Counter[str] = Counter()
        self._items: Counter[str] = Counter()
        self._status: Status | None = None
        self._log = LogLines(terminal)
        self._functions: Mapping[str, LocalFunction] = {}

    @classmethod
    def on_terminal(cls, *, root: Path, json: bool, inline: bool) -> "RunDrawing":
        """Return a drawing on standard output; with ``json`` on standard error."""
        return cls(console(stderr=json), root=root, json=json, inline=inline)

    def installing(self) -> None:
        """Draw that packages are being installed, which takes a while."""
        self._console.print(Text("installing the packages of the requirements files", style="dim"))

    @contextmanager
    def running(self, planned: Plan) -> Iterator[None]:
        """Draw events, and in a last line that changes what runs at the moment."""
        self._functions = planned.functions
        if self._json:
            yield
            return
        self._console.print(
            Text.assemble((planned.title, "bold"), ("  from ", "dim"), planned.start.origin)
        )
        if self._inline:
            note = "inline: no time or memory limits, and functions can write files and reach AWS"
            self._console.print(Text(note, style="yellow"))
        self._console.print()
        if self._inline:
            yield
            return
        spinner = "dots" if is_unicode(self._console.encoding) else "line"
        status = self._console.status("starting", spinner=spinner)
        with status as self._status, self._log.printing():
            yield

    def event(self, event: Event) -> None:
        """Draw one event."""
        if self._json:
            return
        if isinstance(event, FunctionLogged):
            if not self._inline and not self._log.is_full:
                name = _shortened(event.function).ljust(_NAME_WIDTH)
                self._log.add(f"  {name}│ ", event.text, below="│ ")
            return
        self._log.print()
        match event:
            case StateEntered():
                self._began[event.visit.number] = event.at
                self._running[event.visit.state] += 1
            case StateExited():
                self._leave(event)
            case StateFailed():
                self._running[event.visit.state] -= 1
                self._line("✗ ", _location(event.visit), "", event.error, style="red")
            case StateRetried():
                again = f"again in {event.wait:.1f} s (try {event.attempt + 1})"
                self._trouble("↻ ", event, again)
            case StateCaught():
                self._trouble("! ", event, f"caught: continues at {event.to}")
        if self._status is not None:
            self._status.update(Text(self._now(), style="dim"))

    def ended(self, result: RunResult, *, folder: Path) -> None:
        """Draw how the run ended, what it wrote, and the folder that it is saved in."""
        if self._json:
            return
        terminal = self._console
        terminal.print()
        if result.written:
            terminal.print("written to the lake")
            _print_objects(terminal, result)
            terminal.print()
        if result.ending.status == "SUCCEEDED":
            terminal.print("output")
            print_indented(terminal, Text("  "), json_text(result.ending.output))
            word = Text("succeeded", style="bold green")
        else:
            self._failure(result.ending)
            word = Text("failed", style="bold red")
        terminal.print()
        terminal.print(Text.assemble(word, f" in {result.seconds:.2f} s"))
        for note in result.notes:
            terminal.print(Text(f"note: {note}", style="yellow"))
        shown = folder.relative_to(self._root).as_posix()
        terminal.print(Text(f"saved in {shown}", style="dim"))

    def _leave(self, event: StateExited) -> None:
        visit = event.visit
        self._running[visit.state] -= 1
        if visit.path:
            self._items[visit.path[0]] += visit.kind == "Task"
            return
        seconds = event.at - self._began[visit.number]
        more = ""
        if visit.kind == "Map" and isinstance(event.output, list):
            more = f"{len(event.output)} item" + ("" if len(event.output) == 1 else "s")
        self._line("✓ ", visit.state, f"{seconds:6.2f} s  ", more, style="green")

    def _now(self) -> str:
        running = [
            f"{name} x{number}" if number > 1 else name
            for name, number in self._running.items()
            if number > 0
        ]
        done = [f"{number} done in {name}" for name, number in self._items.items()]
        return ", ".join((*running, *done)) or "ending"

    def _trouble(self, mark: str, event: StateRetried | StateCaught, what_now: str) -> None:
        message, _ = message_and_frames(event.cause, self._root, None)
        text = f"{event.error}: {message}" if message else event.error
        self._line(mark, _location(event.visit), "", f"{text}; {what_now}", style="yellow")

    def _line(self, mark: str, name: str, middle: str, text: str, *, style: str) -> None:
        head = Text.assemble((mark, style), _shortened(name).ljust(_NAME_WIDTH), (middle, "dim"))
        print_indented(self._console, head, Text(text))

    def _failure(self, ending: Ending) -> None:
        state = ending.failed.visit.state if ending.failed else ""
        cause, frames = message_and_frames(ending.cause, self._root, self._functions.get(state))
        rows = [("error", Text(ending.error, style="bold red"))]
        if ending.failed is not None:
            rows.insert(0, ("state", Text(_location(ending.failed.visit), style="bold")))
        if cause:
            rows.append(("cause", Text(cause)))
        if ending.advice:
            rows.append(("advice", Text(ending.advice)))
        if frames:
            rows.append(("trace", frames))
        if ending.failed is not None:
            rows.append(("input", json_text(ending.failed.input)))
        for name, text in rows:
            print_indented(self._console, Text(f"  {name:7}", style="dim"), text)


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"


def _location(visit: Visit) -> str:
    """Return a state's name and, inside a Map or Parallel, its item or branch."""
    if not visit.path:
        return visit.state
    pairs = zip(visit.path[::2], visit.path[1::2], strict=True)
    return f"{visit.state} in " + ", ".join(f"{name}[{index}]" for name, index in pairs)


def _print_objects(terminal: Console, result: RunResult) -> None:
    shown = list(result.written.items())[:_MOST_OBJECTS]
    width = max(len(key) for key, _ in shown)
    for key, body in shown:
        terminal.print(Text.assemble(f"  {key:{width}}  ", (size_text(len(body)).rjust(9), "dim")))
    left = len(result.written) - len(shown)
    if left:
        terminal.print(Text(f"  and {left} more", style="dim"))
