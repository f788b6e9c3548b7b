"""What people see of a run: drawn here with rich, and nowhere else."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.json import JSON
from rich.status import Status
from rich.text import Text

from dorc_runtime.local.run_plan import Plan
from dorc_runtime.project.tools import Finding
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
from dorc_runtime.tasks.drawings.console import console

_LONGEST_JSON = 30
_LONGEST_LINE = 70
_MOST_OBJECTS = 20
_NAME_WIDTH = 24
_FRAME = re.compile(
    r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>.+)\n?(?P<code>.*)'
)


class RunDrawing:
    """Draws one run as it happens, and how it ended.

    An ``inline`` run shares the terminal with its functions, and maybe with a debugger: what they
    print is there already, and no line lives.
    """

    def __init__(self, screen: Console, *, root: Path, json: bool, inline: bool) -> None:
        self._screen = screen
        self._root = root
        self._json = json
        self._inline = inline
        self._began: dict[int, float] = {}
        self._running: Counter[str] = Counter()
        self._items: Counter[str] = Counter()
        self._status: Status | None = None

    @classmethod
    def on_terminal(cls, *, root: Path, json: bool, inline: bool) -> "RunDrawing":
        """Return a drawing on standard output; with ``json`` that stays free for the JSON."""
        return cls(console(stderr=json), root=root, json=json, inline=inline)

    def installing(self) -> None:
        """Say that packages are being installed, which takes a while."""
        self._screen.print(Text("installing the packages of the requirements files", style="dim"))

    @contextmanager
    def following(self, planned: Plan) -> Iterator[None]:
        """Draw what ``see`` is told, with what runs at the moment in a last, living line."""
        if self._json:
            yield
            return
        self._screen.print(
            Text.assemble((planned.source.id, "bold"), ("  from ", "dim"), planned.start.origin)
        )
        if self._inline:
            note = "inline: no time or memory limits, and nothing keeps a function from AWS"
            self._screen.print(Text(note, style="yellow"))
        self._screen.print()
        if self._inline:
            yield
            return
        with self._screen.status("starting", spinner="dots") as self._status:
            yield

    def see(self, event: Event) -> None:
        """Draw one event."""
        if self._json:
            return
        match event:
            case StateEntered():
                self._began[event.visit.number] = event.at
                self._running[event.visit.state] += 1
            case StateExited():
                self._leave(event)
            case StateFailed():
                self._running[event.visit.state] -= 1
                self._line("✗ ", _place(event.visit), "", event.error, style="red")
            case StateRetried():
                again = f"again in {event.wait:.1f} s (try {event.attempt + 1})"
                self._trouble("↻ ", event, again)
            case StateCaught():
                self._trouble("! ", event, f"caught: goes on at {event.to}")
            case FunctionLogged() if not self._inline:
                self._line("  ", event.function, "│ ", event.text, style="dim")
        if self._status is not None:
            self._status.update(Text(self._now(), style="dim"))

    def end(self, result: RunResult, *, kept: Path) -> None:
        """Draw how the run ended, what it wrote, and where that is kept."""
        if self._json:
            return
        screen = self._screen
        screen.print()
        if result.written:
            screen.print("wrote to the lake")
            _objects(screen, result)
            screen.print()
        if result.ending.status == "SUCCEEDED":
            screen.print("output")
            _hang(screen, Text("  "), _json(result.ending.output))
            word = Text("succeeded", style="bold green")
        else:
            self._failure(result.ending)
            word = Text("failed", style="bold red")
        screen.print()
        screen.print(Text.assemble(word, f" in {result.seconds:.2f} s"))
        place = kept.relative_to(self._root).as_posix()
        screen.print(Text(f"kept in {place}", style="dim"))

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
        message, _ = _cause(event.cause, self._root)
        text = f"{event.error}: {message}" if message else event.error
        self._line(mark, _place(event.visit), "", f"{text}; {what_now}", style="yellow")

    def _line(self, mark: str, name: str, middle: str, text: str, *, style: str) -> None:
        dim = style if mark.isspace() else ""
        shown = name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"
        head = Text.assemble((mark, style), (shown.ljust(_NAME_WIDTH), dim), (middle, "dim"))
        _hang(self._screen, head, Text(text, style=dim), below=middle if mark.isspace() else "")

    def _failure(self, ending: Ending) -> None:
        cause, frames = _cause(ending.cause, self._root)
        rows = [("error", Text(ending.error, style="bold red"))]
        if ending.failed is not None:
            rows.insert(0, ("state", Text(_place(ending.failed.visit), style="bold")))
        if cause:
            rows.append(("cause", Text(cause)))
        if frames:
            rows.append(("trace", frames))
        if ending.failed is not None:
            rows.append(("input", _json(ending.failed.input)))
        for name, text in rows:
            _hang(self._screen, Text(f"  {name:7}", style="dim"), text)


def show_runs(results: Sequence[RunResult]) -> None:
    """Draw in a line how all runs went together that one has led to."""
    failed = [result.pipeline for result in results if result.ending.status != "SUCCEEDED"]
    number = f"{len(results)} run" + ("" if len(results) == 1 else "s")
    if failed:
        told = Text.assemble(f"{number}, ", (f"{len(failed)} failed", "bold red"))
        told.append(f": {', '.join(dict.fromkeys(failed))}")
    else:
        told = Text.assemble(f"{number}, ", ("none failed", "bold green"))
    screen = console()
    screen.print()
    screen.print(told)


def show_findings(findings: Sequence[Finding]) -> None:
    """Draw what is installed and what is not, with the tasks that need it."""
    screen = console()
    for finding in findings:
        style = "yellow" if finding.optional else "red"
        mark = ("! " if finding.optional else "✗ ", style) if finding.missing else ("✓ ", "green")
        text = Text(finding.missing or finding.found)
        text.append(f"  (for {finding.needed_for})", style="dim")
        _hang(screen, Text.assemble(mark, finding.name.ljust(16)), text)


def _hang(screen: Console, head: Text, text: Text, *, below: str = "") -> None:
    """Print ``text`` behind ``head``; what does not fit goes on below itself, behind ``below``."""
    width = max(20, screen.width - len(head))
    for line in text.wrap(screen, width) or [Text()]:
        whole = head + line
        whole.rstrip()
        screen.print(whole)
        head = Text(below.rjust(len(head)), style="dim")


def _place(visit: Visit) -> str:
    """Return a state's name and, inside a Map or Parallel, in which item or branch it was."""
    if not visit.path:
        return visit.state
    pairs = zip(visit.path[::2], visit.path[1::2], strict=True)
    return f"{visit.state} in " + ", ".join(f"{name}[{index}]" for name, index in pairs)


def _objects(screen: Console, result: RunResult) -> None:
    shown = list(result.written.items())[:_MOST_OBJECTS]
    width = max(len(key) for key, _ in shown)
    for key, body in shown:
        screen.print(Text.assemble(f"  {key:{width}}  ", (_size(len(body)).rjust(9), "dim")))
    left = len(result.written) - len(shown)
    if left:
        screen.print(Text(f"  and {left} more", style="dim"))


def _json(value: JsonValue) -> Text:
    """Return JSON over as few lines as it needs, cut where it would fill the screen."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_LINE:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    lines = text.splitlines()
    if len(lines) > _LONGEST_JSON:
        left = len(lines) - _LONGEST_JSON
        return Text("\n".join((*lines[:_LONGEST_JSON], f"... and {left} more lines")))
    shown = JSON(text, indent=None if len(lines) == 1 else 2).text
    # Meant to be cut at the terminal's edge otherwise.
    shown.no_wrap, shown.overflow = False, "fold"
    return shown


def _cause(cause: str, root: Path) -> tuple[str, Text | None]:
    """Return the cause in words, and the function's stack trace cut to the user's files."""
    try:
        answer = json.loads(cause)
        message, trace = str(answer["errorMessage"]), answer.get("stackTrace") or []
    except (ValueError, KeyError, TypeError):
        return cause, None
    frames = []
    for frame in trace:
        found = _FRAME.match(frame)
        file = Path(found["file"]) if found else root
        if found and any(file.is_relative_to(root / own) for own in ("src", "lib")):
            place = f"{file.relative_to(root).as_posix()}:{found['line']} in {found['name']}"
            frames.append(f"{place}\n    {found['code'].strip()}")
    return message, Text("\n".join(frames)) if frames else None


def _size(number: int) -> str:
    if number < 1000:
        return f"{number} bytes"
    size = number / 1000
    for unit in ("kB", "MB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
