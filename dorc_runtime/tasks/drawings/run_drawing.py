"""What people see of a run."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.events import (
    Event,
    FunctionLogged,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
)
from dorc_runtime.runs.function_events import failed_call
from dorc_runtime.runs.result import RunResult
from dorc_runtime.tasks.drawings.console import console, is_unicode, print_indented
from dorc_runtime.tasks.drawings.failure_drawing import print_failure
from dorc_runtime.tasks.drawings.log_lines import LogLines
from dorc_runtime.tasks.drawings.text import json_text, size_text

_MOST_OBJECTS = 20
_NAME_WIDTH = 24
_SIZE_WIDTH = 9


class RunDrawing:
    """Draws one run as it happens, and how it ended.

    An ``inline`` run shares the terminal with its functions, which print there themselves, and
    maybe with a debugger: it has no status line. With ``trace``, a failure has all frames of its
    stack trace.
    """

    def __init__(
        self, terminal: Console, *, root: Path, json: bool, inline: bool, trace: bool = False
    ) -> None:
        self._console = terminal
        self._root = root
        self._json = json
        self._inline = inline
        self._trace = trace
        self._began: dict[int, float] = {}
        self._running: Counter[str] = Counter()
        self._items: Counter[str] = Counter()
        self._status: Status | None = None
        self._log = LogLines(terminal)

    @classmethod
    def on_terminal(
        cls, *, root: Path, json: bool, inline: bool, trace: bool = False
    ) -> "RunDrawing":
        """Return a drawing on standard output; with ``json`` on standard error."""
        return cls(console(stderr=json), root=root, json=json, inline=inline, trace=trace)

    def installing(self) -> None:
        """Draw that packages are being installed, which takes a while."""
        self._console.print(Text("installing the packages of the requirements files", style="dim"))

    @contextmanager
    def running(self, planned: Plan) -> Iterator[None]:
        """Draw events, and in a last line that changes what runs at the moment."""
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
                name = _shortened(event.function)
                self._log.add(f"  {name:{_NAME_WIDTH}} │ ", event.text, below="│ ")
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
                self._line("✗ ", event.visit.location, event.error, style="red")
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
            self._failure(result)
            word = Text("failed", style="bold red")
        terminal.print()
        terminal.print(Text.assemble(word, f" in {result.seconds:.2f} s"))
        for note in result.notes:
            terminal.print(Text(f"note: {note}", style="yellow"))
        shown = folder.relative_to(self._root).as_posix()
        # Not broken into lines, so that they can be copied.
        terminal.print(Text(f"saved in {shown}", style="dim"), soft_wrap=True)
        if not result.function and (failed := failed_call(result)):
            pipeline, function = failed
            command = f"invoke run {pipeline} --function {function} --event last"
            terminal.print(Text(f"call it again: {command}", style="dim"), soft_wrap=True)

    def _failure(self, result: RunResult) -> None:
        failure = result.failure
        if failure is None:
            return
        # The command's last line has the advice where the code has a mistake.
        without = {"advice"} if failure.is_mistake else set()
        # Where one call follows the other, its lines are right above.
        without |= set() if "›" in failure.path else {"log"}
        print_failure(
            self._console,
            failure.rows(
                result.pipeline, all_frames=self._trace, option="--trace", without=without
            ),
        )

    def _leave(self, event: StateExited) -> None:
        visit = event.visit
        self._running[visit.state] -= 1
        if visit.path:
            self._items[visit.path[0]] += visit.kind == "Task"
            return
        text = Text(f"{event.at - self._began[visit.number]:6.2f} s", style="dim")
        if visit.kind == "Map" and isinstance(event.output, list):
            items = "1 item" if len(event.output) == 1 else f"{len(event.output)} items"
            text = Text.assemble(text, f"  {items}")
        self._line("✓ ", _shortened(visit.state), text, style="green")

    def _now(self) -> str:
        running = [
            f"{name} x{number}" if number > 1 else name
            for name, number in self._running.items()
            if number > 0
        ]
        done = [f"{number} done in {name}" for name, number in self._items.items()]
        return ", ".join((*running, *done)) or "ending"

    def _trouble(self, mark: str, event: StateRetried | StateCaught, what_now: str) -> None:
        message, *_ = (*read_cause(event.cause).message.splitlines(), "")
        text = f"{event.error}: {message}" if message else event.error
        self._line(mark, event.visit.location, f"{text}; {what_now}", style="yellow")

    def _line(self, mark: str, name: str, text: str | Text, *, style: str) -> None:
        head = Text.assemble((mark, style), f"{name:{_NAME_WIDTH}} ")
        print_indented(self._console, head, Text.assemble(text))


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"


def _print_objects(terminal: Console, result: RunResult) -> None:
    shown = list(result.written.items())[:_MOST_OBJECTS]
    width = min(max(len(key) for key, _ in shown), terminal.width - _SIZE_WIDTH - 4)
    for key, body in shown:
        size = size_text(len(body)).rjust(_SIZE_WIDTH)
        # The end of a key tells it from others.
        start = key if len(key) <= width else f"…{key[1 - width :]}"
        terminal.print(Text.assemble(f"  {start:{width}}  ", (size, "dim")))
    left = len(result.written) - len(shown)
    if left:
        terminal.print(Text(f"  and {left} more", style="dim"))
