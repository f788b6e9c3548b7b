"""What the engine does, as it happens, in values that people are told of."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pulumi.automation.events import EngineEvent, StepEventMetadata

from dorc_runtime.deploy.driver.failures import Change, Diagnosis, explained, stopped
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.stop import Stop

Action = Literal["create", "update", "replace", "delete", "read", "refresh", "same"]

# What the engine does in several steps is told as one.
_ACTIONS: Mapping[str, Action] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "create-replacement": "replace",
    "import": "create",
    "refresh": "refresh",
}
PARTS_OF_OTHERS = ("pulumi:providers:", "pulumi:pulumi:", "dorc:")
"""Types that come with other resources: nobody asked for them by themselves."""


@dataclass(frozen=True)
class Step:
    """What is done to one resource: begun, or ended after ``seconds``.

    ``type`` is Pulumi's (``aws:sfn/stateMachine:StateMachine``), ``name`` the one in the program,
    ``changed`` the properties that differ.
    """

    action: Action
    type: str
    name: str
    changed: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Note:
    """What a program has to say."""

    text: str


See = Callable[[Step | Note], None]


@dataclass(frozen=True)
class Changes:
    """How many resources were, or would be, made, changed and removed."""

    counts: Mapping[Action, int]

    @property
    def total(self) -> int:
        """All but those that stay the same."""
        return sum(count for action, count in self.counts.items() if action != "same")


class Watch:
    """Sees the engine's events: hands on what people want to know, and keeps what went wrong.

    As a context it turns what Pulumi raises into the error that it means to the user, and ends so
    too when ``stop`` was asked. ``change`` is what is done to AWS, if anything; with ``planning``
    steps are counted when they begin.
    """

    def __init__(
        self,
        instance: Instance,
        see: See,
        stop: Stop,
        *,
        change: Change | None = None,
        planning: bool = False,
    ) -> None:
        self._instance = instance
        self._stop = stop
        self._planning = planning
        self._tell = see
        self._began: dict[str, float] = {}
        self._counts: dict[Action, int] = {}
        self._diagnosis = Diagnosis(change)

    def __enter__(self) -> Self:
        self._end_if_stopped()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            raise explained(error, self._instance, self._diagnosis) from error
        if error is None:
            self._end_if_stopped()

    @property
    def changes(self) -> Changes:
        """What was done so far."""
        return Changes(dict(self._counts))

    def see(self, event: EngineEvent) -> None:
        """Take in one event."""
        self._stop.pass_on()
        if event.resource_pre_event is not None:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._end(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self._diagnosis.failed.append(event.res_op_failed_event.metadata.urn)
        elif event.diagnostic_event is not None:
            told = event.diagnostic_event
            if note := self._diagnosis.take(told.severity, told.message, told.urn or ""):
                self._tell(Note(note))

    def _end_if_stopped(self) -> None:
        if self._stop.asked:
            raise stopped(self._instance, self._diagnosis.change)

    def _begin(self, step: StepEventMetadata) -> None:
        action = _action(step)
        if action is None or action == "refresh":
            return
        if self._planning or action == "same":
            self._count(action)
        if action != "same":
            self._began[step.urn] = time.monotonic()
            self._tell(Step(action, step.type, name_of(step.urn), _changed(step)))

    def _end(self, step: StepEventMetadata) -> None:
        action = _action(step)
        began = self._began.pop(step.urn, None)
        if action is None or action == "same" or self._planning:
            return
        if began is not None:
            self._count(action)
            seconds = time.monotonic() - began
            self._tell(Step(action, step.type, name_of(step.urn), _changed(step), seconds))
        elif _is_other(step):
            # Of a refresh only what it found is told.
            self._count("refresh")
            self._tell(Step("refresh", step.type, name_of(step.urn), _changed(step)))

    def _count(self, action: Action) -> None:
        self._counts[action] = self._counts.get(action, 0) + 1


def name_of(urn: str) -> str:
    """Return the name that a resource has in its program."""
    return urn.rpartition("::")[2]


def _action(step: StepEventMetadata) -> Action | None:
    """Return what people call a step, None for one that is not theirs to know."""
    if step.type.startswith(PARTS_OF_OTHERS):
        return None
    operation = str(getattr(step.op, "value", step.op))
    return "same" if operation == "same" else _ACTIONS.get(operation)


def _changed(step: StepEventMetadata) -> tuple[str, ...]:
    return tuple(sorted(step.diffs or ()))


def _is_other(step: StepEventMetadata) -> bool:
    """Tell whether a refresh found the resource otherwise than the state has it, or not at all."""
    old, new = step.old and step.old.outputs, step.new and step.new.outputs
    return bool(step.diffs) or old != new
