"""What people see of a deployment: drawn here with rich, and nowhere else."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import JsonValue
from rich.console import Console
from rich.status import Status
from rich.text import Text

from dorc_runtime.deploy.driver.engine import Output
from dorc_runtime.deploy.driver.progress import Action, Changes, Note, Step
from dorc_runtime.tasks.drawings.console import console

_MARKS: Mapping[Action, tuple[str, str]] = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "refresh": ("~", "yellow"),
}
_DONE: Mapping[Action, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "refresh": "changed on AWS",
}
_KIND_WIDTH = 26
_MOST_CHANGED = 4


class DeployDrawing:
    """Draws deployments as they happen, several side by side when it comes to it.

    With ``json`` standard output stays free, and nothing but errors is drawn.
    """

    def __init__(self, *, json: bool) -> None:
        self._screen = console(stderr=json)
        self._json = json
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str, str], None] = {}
        self._status: Status | None = None

    def title(self, text: str) -> None:
        """Say what is about to be done."""
        self._print(Text(text, style="bold"))

    def note(self, text: str) -> None:
        """Say something by the way."""
        self._print(Text(text, style="dim"))

    def problem(self, text: str) -> None:
        """Tell of a failure beside the one that the command ends with."""
        console(stderr=True).print(Text(f"error: {text}"), soft_wrap=True)

    @contextmanager
    def living(self) -> Iterator[None]:
        """Show what is under way in a last, living line, where there is a terminal."""
        if self._json or not self._screen.is_terminal:
            yield
            return
        with Status("", console=self._screen) as self._status:
            yield
        self._status = None

    def planned(self, instance: str, *, named: bool = False) -> "Seen":
        """Return what draws the steps of a preview; ``named`` puts the instance before each."""
        return Seen(self, instance if named else "", planning=True)

    def done(self, instance: str, *, named: bool = False) -> "Seen":
        """Return what draws steps as they end; ``named`` puts the instance before each."""
        return Seen(self, instance if named else "", planning=False)

    def notes(self, seen: Step | Note) -> None:
        """Draw what a program has to say, and no steps."""
        if isinstance(seen, Note):
            self.note(f"  {seen.text}")

    def changes(self, instance: str, changes: Changes, *, planning: bool = False) -> None:
        """Sum up what was changed, or with ``planning`` would be."""
        self._print(Text(f"{instance}: {summed_up(changes, planning=planning)}"))

    def outputs(self, outputs: Mapping[str, Output]) -> None:
        """Show what a stack tells of what it made."""
        for name, output in outputs.items():
            if isinstance(output.value, dict):
                self._print(Text(f"  {name}", style="cyan"))
                for key, value in output.value.items():
                    self._print(Text.assemble((f"    {key}  ", "cyan"), _text(value)))
            else:
                shown = "[secret]" if output.secret else _text(output.value)
                self._print(Text.assemble((f"  {name}  ", "cyan"), shown))

    def step(self, prefix: str, step: Step, *, planning: bool) -> None:
        """Draw a step: at once in a preview, else when it ends."""
        key = (prefix, step.type, step.name)
        with self._lock:
            if not planning and step.seconds is None:
                self._running[key] = None
            else:
                self._running.pop(key, None)
                self._line(prefix, step)
            if self._status is not None:
                names = [f"{_kind(type_)} {name}" for _, type_, name in self._running]
                self._status.update(Text(", ".join(names[:3]), overflow="ellipsis", no_wrap=True))

    def _line(self, prefix: str, step: Step) -> None:
        mark, style = _MARKS[step.action]
        text = Text(f"{prefix} " if prefix else "", style="dim")
        text.append(f"  {mark} {step.action:<8}", style=style)
        text.append(f"{_kind(step.type):<{_KIND_WIDTH}} {step.name}")
        if step.changed:
            shown = ", ".join(step.changed[:_MOST_CHANGED])
            more = ", …" if len(step.changed) > _MOST_CHANGED else ""
            text.append(f" ({shown}{more})", style="dim")
        if step.seconds is not None:
            text.append(f"  {step.seconds:.1f} s", style="dim")
        self._print(text)

    def _print(self, text: Text) -> None:
        if not self._json:
            self._screen.print(text, soft_wrap=True)


class Seen:
    """What an operation tells of its steps, on its way to a drawing."""

    def __init__(self, drawing: DeployDrawing, prefix: str, *, planning: bool) -> None:
        self._drawing = drawing
        self._prefix = prefix
        self._planning = planning

    def __call__(self, seen: Step | Note) -> None:
        """Take in a step, or what a program has to say."""
        self._drawing.notes(seen)
        if isinstance(seen, Step):
            self._drawing.step(self._prefix, seen, planning=self._planning)


def summed_up(changes: Changes, *, planning: bool = False) -> str:
    """Return changes in counts: ``3 created, 1 updated, 12 unchanged``."""
    parts = [
        f"{count} to {action}" if planning else f"{count} {_DONE[action]}"
        for action, count in changes.counts.items()
        if action in _DONE and count
    ]
    same = changes.counts.get("same", 0)
    if not parts:
        return f"no changes, {same} unchanged" if same else "no changes"
    return ", ".join([*parts, f"{same} unchanged"] if same else parts)


def print_json(value: JsonValue) -> None:
    """Print a value for machines, on standard output."""
    Console(highlight=False, soft_wrap=True).out(json.dumps(value, indent=2), highlight=False)


def as_json(outputs: Mapping[str, Output]) -> dict[str, JsonValue]:
    """Return outputs for machines; a secret's value is not among them."""
    return {name: "[secret]" if one.secret else one.value for name, one in outputs.items()}


def counted(changes: Changes) -> dict[str, JsonValue]:
    """Return changes for machines."""
    return dict(changes.counts.items())


def _kind(type_: str) -> str:
    """Return the kind of a resource in words: ``aws:sfn/stateMachine:StateMachine``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type_.rpartition(":")[2]).lower()
    return words.removesuffix(" configuration").replace(" server side", "")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
