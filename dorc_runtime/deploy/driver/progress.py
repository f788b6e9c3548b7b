"""What the engine does, as it happens, in values that tasks can show."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pulumi.automation.events import EngineEvent, StepEventMetadata

from dorc_runtime.deploy.driver.failures import Change, Diagnosis, stopped_error, user_error
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.stop import Stop
from dorc_runtime.errors import StoppedError

Action = Literal["create", "update", "replace", "delete", "read", "refresh", "same"]

# The engine replaces a resource in several steps; one of them is shown.
_ACTIONS: Mapping[str, Action] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "create-replacement": "replace",
    "import": "create",
    "refresh": "refresh",
}
INTERNAL_TYPES = ("pulumi:providers:", "pulumi:pulumi:", "dorc:")
"""Types that only group or serve other resources: users do not see them."""


@dataclass(frozen=True)
class Step:
    """An action on one resource: it starts, or it ended after ``seconds``.

    ``type`` is Pulumi's (``aws:sfn/stateMachine:StateMachine``), ``name`` is the name in the
    program, ``changed`` has the properties that differ.
    """

    action: Action
    type: str
    name: str
    changed: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Note:
    """A message of the engine or of a program."""

    text: str


OnProgress = Callable[[Step | Note], None]


@dataclass(frozen=True)
class Changes:
    """How many resources an operation created, updated, deleted and so on, or would."""

    counts: Mapping[Action, int]

    @property
    def total(self) -> int:
        """How many resources change."""
        return sum(count for action, count in self.counts.items() if action != "same")


class Watch:
    """Reads the engine's events: reports steps and messages, counts steps, and keeps the errors.

    As a context it turns an exception of Pulumi into an error for users; when ``stop`` is
    requested, it raises ``StoppedError``. ``change`` is what the operation does to AWS, if
    anything; with ``planning`` steps are counted when they start.
    """

    def __init__(
        self,
        instance: Instance,
        on_progress: OnProgress,
        stop: Stop,
        *,
        change: Change | None = None,
        planning: bool = False,
    ) -> None:
        self._instance = instance
        self._stop = stop
        self._planning = planning
        self._on_progress = on_progress
        self._start_times: dict[str, float] = {}
        self._counts: dict[Action, int] = {}
        self._diagnosis = Diagnosis(change)

    def __enter__(self) -> Self:
        self._check_stop()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            if self._stop.requested and not self._diagnosis.failed:
                # Ctrl-C also reaches the program, and the engine then reports that it failed.
                raise self._stopped() from error
            raise user_error(error, self._instance, self._diagnosis) from error
        if error is None:
            self._check_stop()

    @property
    def changes(self) -> Changes:
        """The changes so far."""
        return Changes(dict(self._counts))

    def handle(self, event: EngineEvent) -> None:
        """Handle one event of the engine."""
        self._stop.signal_new_engines()
        if event.resource_pre_event is not None:
            self._start(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._end(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self._diagnosis.failed.append(event.res_op_failed_event.metadata.urn)
        elif event.diagnostic_event is not None:
            diagnostic = event.diagnostic_event
            if note := self._diagnosis.add(
                diagnostic.severity, diagnostic.message, diagnostic.urn or ""
            ):
                self._on_progress(Note(note))

    def _check_stop(self) -> None:
        if self._stop.requested:
            raise self._stopped()

    def _stopped(self) -> StoppedError:
        return stopped_error(self._instance, self._diagnosis.change)

    def _start(self, step: StepEventMetadata) -> None:
        action = _action(step)
        if action is None or action == "refresh":
            return
        if self._planning or action == "same":
            self._count(action)
        if action != "same":
            self._start_times[step.urn] = time.monotonic()
            self._on_progress(Step(action, step.type, name_of(step.urn), _changed(step)))

    def _end(self, step: StepEventMetadata) -> None:
        action = _action(step)
        start_time = self._start_times.pop(step.urn, None)
        if action is None or action == "same" or self._planning:
            return
        if start_time is not None:
            self._count(action)
            seconds = time.monotonic() - start_time
            self._on_progress(Step(action, step.type, name_of(step.urn), _changed(step), seconds))
        elif _differs(step):
            # A refresh shows only the resources that differ.
            self._count("refresh")
            self._on_progress(Step("refresh", step.type, name_of(step.urn), _changed(step)))

    def _count(self, action: Action) -> None:
        self._counts[action] = self._counts.get(action, 0) + 1


def name_of(urn: str) -> str:
    """Return the name that a resource has in its program."""
    return urn.rpartition("::")[2]


def _action(step: StepEventMetadata) -> Action | None:
    """Return the action that users see, None for a step that they do not see."""
    if step.type.startswith(INTERNAL_TYPES):
        return None
    operation = str(getattr(step.op, "value", step.op))
    return "same" if operation == "same" else _ACTIONS.get(operation)


def _changed(step: StepEventMetadata) -> tuple[str, ...]:
    return tuple(sorted(step.diffs or ()))


def _differs(step: StepEventMetadata) -> bool:
    """Return whether a refresh found that the resource differs from the state, or is missing."""
    old, new = step.old and step.old.outputs, step.new and step.new.outputs
    return bool(step.diffs) or old != new
