"""What people see of a deployment."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from pydantic import JsonValue
from rich.status import Status
from rich.text import Text

from dorc_runtime.deploy.destroy import Destroyed
from dorc_runtime.deploy.driver.engine import Applied, Output
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Action, Changes, Note, OnProgress, Step
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
_MOST_OUTPUT_LINES = 10


class DeployDrawing:
    """Draws deployments as they happen, also several at the same time.

    With ``json`` standard output stays free, and only errors are drawn.
    """

    def __init__(self, *, json: bool) -> None:
        self._console = console(stderr=json)
        self._json = json
        self._lock = threading.RLock()
        self._running: Counter[str] = Counter()
        self._status: Status | None = None

    def title(self, text: str) -> None:
        """Draw what starts now."""
        self._print(Text(text, style="bold"))

    def note(self, text: str) -> None:
        """Draw something that the user should know."""
        self._print(Text(text, style="dim"))

    def problem(self, text: str) -> None:
        """Draw a failure that is not the one that the command ends with."""
        console(stderr=True).print(Text(f"error: {text}"), soft_wrap=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Show what is done at the moment in a last line that changes, on a terminal."""
        if self._json or not self._console.is_terminal:
            yield
            return
        with Status("", console=self._console) as self._status:
            yield
        self._status = None

    @contextmanager
    def part(self) -> Iterator["DeployDrawing"]:
        """Yield a drawing of one of several instances; what it draws appears at the end."""
        part = _Part(json=self._json, show_running=self._show_running)
        try:
            yield part
        finally:
            with self._lock:
                for line in part.lines:
                    self._print(line)

    def steps(self, *, planning: bool = False) -> OnProgress:
        """Return what draws steps: at once with ``planning``, else when they end."""
        return partial(self._progress, planning=planning)

    def changes(self, instance: str, changes: Changes, *, planning: bool = False) -> None:
        """Draw how much was changed, or with ``planning`` would be."""
        self._print(Text(f"{instance}: {_summary_of(changes, planning=planning)}"))

    def outputs(self, instance: Instance, outputs: Mapping[str, Output]) -> None:
        """Draw the outputs of an instance in few lines, each as wide as the terminal at most."""
        lines = list(_output_lines(outputs))
        more = len(lines) > _MOST_OUTPUT_LINES
        for name, value in lines[: _MOST_OUTPUT_LINES - 1] if more else lines:
            room = self._console.width - len(name)
            self._print(Text.assemble((name, "cyan"), _shortened(value, room)))
        if more:
            count = len(lines) - _MOST_OUTPUT_LINES + 1
            self.note(f"  … {count} more lines: `invoke outputs {instance.options}`")

    def all_outputs(self, outputs: Mapping[str, Output]) -> None:
        """Draw the outputs of a stack, all and in full."""
        for name, value in _output_lines(outputs):
            self._print(Text.assemble((name, "cyan"), value))

    def unchanged(self, instances: Sequence[Instance]) -> None:
        """Draw in one line which instances were not evaluated."""
        names = [each.id for each in instances if each.kind != "pipeline"]
        if pipelines := len(instances) - len(names):
            names.append(f"{pipelines} pipeline" + ("" if pipelines == 1 else "s"))
        if names:
            self._print(Text(f"{', '.join(names)} unchanged (--full evaluates everything)"))

    def _progress(self, progress: Step | Note, *, planning: bool) -> None:
        if isinstance(progress, Note):
            self.note(f"  {progress.text}")
            return
        ends = planning or progress.seconds is not None
        if ends:
            self._print(_step_line(progress))
        if not planning:
            self._show_running(f"{_kind(progress.type)} {progress.name}", ends=ends)

    def _show_running(self, resource: str, *, ends: bool) -> None:
        """Add a resource to the last line, or remove it when its step ends."""
        with self._lock:
            self._running[resource] += -1 if ends else 1
            if self._status is not None:
                names = list(+self._running)
                self._status.update(Text(", ".join(names[:3]), overflow="ellipsis", no_wrap=True))

    def _print(self, text: Text) -> None:
        if not self._json:
            self._console.print(text, soft_wrap=True)


class _Part(DeployDrawing):
    """A drawing of one instance: it collects ``lines``, and leaves the last line to another."""

    def __init__(self, *, json: bool, show_running: Callable[..., None]) -> None:
        super().__init__(json=json)
        self.lines: list[Text] = []
        self._show_elsewhere = show_running

    @contextmanager
    def working(self) -> Iterator[None]:
        """Show nothing."""
        yield

    def _show_running(self, resource: str, *, ends: bool) -> None:
        self._show_elsewhere(resource, ends=ends)

    def _print(self, text: Text) -> None:
        self.lines.append(text)


def _step_line(step: Step) -> Text:
    mark, style = _MARKS[step.action]
    text = Text()
    text.append(f"  {mark} {step.action:<8}", style=style)
    text.append(f"{_kind(step.type):<{_KIND_WIDTH}} {step.name}")
    if step.changed:
        shown = ", ".join(step.changed[:_MOST_CHANGED])
        more = ", …" if len(step.changed) > _MOST_CHANGED else ""
        text.append(f" ({shown}{more})", style="dim")
    if step.seconds is not None:
        text.append(f"  {step.seconds:.1f} s", style="dim")
    return text


def _summary_of(changes: Changes, *, planning: bool) -> str:
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


def outputs_as_json(outputs: Mapping[str, Output]) -> dict[str, JsonValue]:
    """Return outputs for machines; the value of a secret is not among them."""
    return {name: "[secret]" if each.secret else each.value for name, each in outputs.items()}


def changes_as_json(changes: Changes) -> dict[str, JsonValue]:
    """Return changes for machines."""
    return dict(changes.counts.items())


def applied_as_json(applied: Applied) -> dict[str, JsonValue]:
    """Return for machines what an apply did."""
    return {
        "changes": changes_as_json(applied.changes),
        "outputs": outputs_as_json(applied.outputs),
    }


def destroyed_as_json(destroyed: Destroyed) -> dict[str, JsonValue]:
    """Return for machines what was removed, and the URNs of what stays."""
    urns: list[JsonValue] = [*sorted(held.urn for held in destroyed.protected)]
    return {**changes_as_json(destroyed.changes), "kept": urns}


def _output_lines(outputs: Mapping[str, Output]) -> Iterator[tuple[str, str]]:
    """Return the lines that show outputs, each as a name with its indent, and a value."""
    for name, output in outputs.items():
        if isinstance(output.value, dict):
            yield f"  {name}", ""
            yield from ((f"    {key}  ", _text(value)) for key, value in output.value.items())
        else:
            yield f"  {name}  ", "[secret]" if output.secret else _text(output.value)


def _shortened(text: str, room: int) -> str:
    """Return the text without its middle if it is too long: an ARN ends with what it names."""
    if len(text) <= room:
        return text
    start = max(room // 3, 1)
    return f"{text[:start]}…{text[len(text) - max(room - start - 1, 1) :]}"


def _kind(type_: str) -> str:
    """Return the kind of a resource in words: ``aws:sfn/stateMachine:StateMachine``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type_.rpartition(":")[2]).lower()
    return words.removesuffix(" configuration").replace(" server side", "")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
