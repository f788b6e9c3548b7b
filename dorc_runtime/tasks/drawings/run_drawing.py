"""What people see of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.runs.events import Event
from dorc_runtime.runs.function_events import failed_call
from dorc_runtime.runs.result import RunResult
from dorc_runtime.tasks.drawings.console import console, is_unicode, print_indented
from dorc_runtime.tasks.drawings.failure_drawing import print_failure
from dorc_runtime.tasks.drawings.log_lines import LogLines
from dorc_runtime.tasks.drawings.memory_line import memory_line
from dorc_runtime.tasks.drawings.run_status import RunStatus
from dorc_runtime.tasks.drawings.step_lines import StepLines
from dorc_runtime.tasks.drawings.text import json_text, size_text

_MOST_OBJECTS = 20
_SIZE_WIDTH = 9


class RunDrawing:
    """Draws one run as it happens, and how it ended.

    An ``inline`` run shares the terminal with its functions, which print there themselves, and
    maybe with a debugger: it has no status line. With ``trace``, a failure has all frames of its
    stack trace. With ``skip_waits``, nobody has to wait for the run.
    """

    def __init__(
        self,
        terminal: Console,
        *,
        root: Path,
        json: bool,
        inline: bool,
        trace: bool = False,
        skip_waits: bool = False,
    ) -> None:
        self._console = terminal
        self._root = root
        self._json = json
        self._inline = inline
        self._trace = trace
        self._skip_waits = skip_waits
        self._steps: StepLines | None = None

    @classmethod
    def on_terminal(
        cls, *, root: Path, json: bool, inline: bool, trace: bool = False, skip_waits: bool = False
    ) -> "RunDrawing":
        """Return a drawing on standard output; with ``json`` on standard error."""
        return cls(
            console(stderr=json),
            root=root,
            json=json,
            inline=inline,
            trace=trace,
            skip_waits=skip_waits,
        )

    def installing(self) -> None:
        """Draw that packages are being installed, which takes a while."""
        self._console.print(Text("installing the packages of the requirements files", style="dim"))

    @contextmanager
    def running(self, planned: Plan) -> Iterator[None]:
        """Draw events, and in a last line that changes what runs at the moment."""
        if self._json:
            yield
            return
        status = None if self._inline else RunStatus()
        log = None if self._inline else LogLines(self._console)
        self._steps = StepLines(
            self._console, planned.functions, log, status, skip_waits=self._skip_waits
        )
        self._console.print(
            Text.assemble((planned.title, "bold"), ("  from ", "dim"), planned.start.origin)
        )
        if self._inline:
            note = "inline: no time or memory limits, and functions can write files and reach AWS"
            self._console.print(Text(note, style="yellow"))
        if self._skip_waits:
            note = "waits and the pauses before retries are skipped"
            self._console.print(Text(note, style="yellow"))
        self._console.print()
        if status is None or log is None:
            yield
            return
        spinner = "dots" if is_unicode(self._console.encoding) else "line"
        with self._console.status(status, spinner=spinner), log.printing():
            yield

    def event(self, event: Event) -> None:
        """Draw one event."""
        if self._steps is not None:
            self._steps.event(event)

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
        if line := memory_line(result):
            print_indented(terminal, Text("memory: ", style="dim"), Text(line, style="dim"))
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


def _print_objects(terminal: Console, result: RunResult) -> None:
    shown = list(result.written.items())[:_MOST_OBJECTS]
    width = min(max(len(key) for key, _ in shown), terminal.width - _SIZE_WIDTH - 4)
    for key, body in shown:
        size = size_text(len(body)).rjust(_SIZE_WIDTH)
        # Long keys often differ only at their ends.
        start = key if len(key) <= width else f"…{key[1 - width :]}"
        terminal.print(Text.assemble(f"  {start:{width}}  ", (size, "dim")))
    left = len(result.written) - len(shown)
    if left:
        terminal.print(Text(f"  and {left} more", style="dim"))
