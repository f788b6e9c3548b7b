"""The history of an execution, as AWS keeps it, turned into the events of a run.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.runs.events import (
    ExecutionRedriven,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    Visit,
)
from dorc_runtime.runs.failed_states import EXECUTION_FAILURES, event_details

_TASK_FAILURES = (
    "EvaluationFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut",
    "MapRunFailed",
    "TaskFailed",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "TaskTimedOut",
)
# These say nothing of their own: the error is that of what is inside.
_OUTER_FAILURES = ("MapStateFailed", "ParallelStateFailed")
_ATTEMPTS = (
    "LambdaFunctionScheduled",
    "MapStateStarted",
    "ParallelStateStarted",
    "TaskScheduled",
)


StateEvent = StateEntered | StateExited | StateRetried | StateCaught | StateFailed
# Takes the ARN of a map run, the visit of its Map, and the number of the last visit so far.
ItemEvents = Callable[[str, Visit, int], Iterable[StateEvent]]


@dataclass(frozen=True)
class _Scope:
    """What an event is in: the states that are open, the innermost last, and their items.

    ``path`` is that of a state which is entered now.
    """

    visits: tuple[Visit, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def visit(self) -> Visit | None:
        return self.visits[-1] if self.visits else None

    def item(self, state: str, index: int) -> "_Scope":
        return _Scope(self.visits, (*self.path, state, str(index)))

    def outside_item(self) -> "_Scope":
        """Return the scope of the Map that this item belongs to."""
        inside = len(self.path)
        while self.visits and len(self.visits[-1].path) >= inside:
            self = _Scope(self.visits[:-1], self.path)
        return _Scope(self.visits, self.path[:-2])


@dataclass(frozen=True)
class _Failed:
    at: float
    error: str
    cause: str


@dataclass
class _Reader:
    """Reads the events of a history one after the other."""

    branches: Mapping[str, int]
    items: ItemEvents
    start: _Scope = _Scope()
    scopes: dict[int, _Scope] = field(default_factory=dict)
    inputs: dict[int, JsonValue] = field(default_factory=dict)
    failures: dict[Visit, _Failed] = field(default_factory=dict)
    outer_failures: set[Visit] = field(default_factory=set)
    retries: dict[Visit, int] = field(default_factory=dict)
    map_runs: dict[Visit, str] = field(default_factory=dict)
    open: set[Visit] = field(default_factory=set)
    stopped: set[Visit] = field(default_factory=set)
    again: dict[Visit, Visit] = field(default_factory=dict)
    parallels: set[int] = field(default_factory=set)
    caught: dict[int, tuple[Visit, _Failed, StateExited]] = field(default_factory=dict)
    number: int = 0

    def events(self, event: Mapping[str, Any]) -> Iterator[StateEvent | ExecutionRedriven]:
        """Yield what ``event`` means."""
        kind, before = event["type"], event.get("previousEventId", 0)
        at, details = event["timestamp"].timestamp(), event_details(event)
        scope = self.scopes.get(before, self.start)
        yield from self._redriven(kind, at, details)
        scope = yield from self._entered_again(scope, kind, at, details)
        if before in self.parallels and scope.visit and kind.endswith("StateEntered"):
            scope = scope.item(scope.visit.state, self.branches[details["name"]])
        yield from self._continued(before, details if kind.endswith("StateEntered") else {})
        if kind.endswith("StateEntered"):
            visit = self._visit(scope, kind.removesuffix("StateEntered"), details)
            scope = _Scope((*scope.visits, visit), scope.path)
            yield self._enter(visit, at)
        elif kind.endswith("StateExited"):
            visits = _until(scope.visits, details["name"])
            scope = _Scope(visits[:-1], visits[-1].path)
            yield from self._exited(event["id"], visits[-1], at, _json(details.get("output")))
        elif kind in EXECUTION_FAILURES:
            yield from self._ended(scope, at, details)
        elif kind in _OUTER_FAILURES:
            scope = self._outer_failure(scope, kind.removesuffix("StateFailed"), at)
        elif kind.startswith("MapIteration"):
            started = kind == "MapIterationStarted"
            scope = (
                scope.item(details["name"], details["index"]) if started else scope.outside_item()
            )
        elif scope.visit:
            yield from self._attempt(kind, scope.visit, at, details)
        if kind == "ParallelStateStarted":
            self.parallels.add(event["id"])
        self.scopes[event["id"]] = scope

    def _visit(self, scope: _Scope, kind: str, details: Mapping[str, Any]) -> Visit:
        self.number += 1
        self.inputs[self.number] = _json(details.get("input"))
        return Visit(self.number, details["name"], kind, scope.path)

    def _enter(self, visit: Visit, at: float) -> StateEntered:
        self.open.add(visit)
        return StateEntered(at, visit, self.inputs[visit.number])

    def _redriven(
        self, kind: str, at: float, details: Mapping[str, Any]
    ) -> Iterator[ExecutionRedriven]:
        if kind == "ExecutionRedriven":
            # The states that are open run again, each once AWS has an event of it.
            self.stopped, self.open = self.open, set()
            yield ExecutionRedriven(at, details.get("redriveCount", 0))

    def _entered_again(
        self, scope: _Scope, kind: str, at: float, details: Mapping[str, Any]
    ) -> Generator[StateEntered, None, _Scope]:
        """Enter the states of ``scope`` that a redrive continues; return it with these visits."""
        if kind == "ExecutionRedriven" or not any(
            visit in self.stopped or visit in self.again for visit in scope.visits
        ):
            return scope
        visits = list(scope.visits)
        if kind.endswith("StateEntered") and visits[-1].state == details["name"]:
            # AWS enters it itself.
            visits.pop()
        for place, visit in enumerate(visits):
            if visit in self.stopped:
                self.stopped.remove(visit)
                self.number += 1
                self.inputs[self.number] = self.inputs[visit.number]
                self.again[visit] = replace(visit, number=self.number)
                if visit in self.map_runs:
                    self.map_runs[self.again[visit]] = self.map_runs[visit]
                yield self._enter(self.again[visit], at)
            while visit in self.again:
                visit = self.again[visit]
            visits[place] = visit
        return _Scope(tuple(visits), scope.path)

    def _exited(
        self, number: int, visit: Visit, at: float, output: JsonValue
    ) -> Iterator[StateEvent]:
        exited = StateExited(at, visit, output)
        self.open.discard(visit)
        if failed := self.failures.pop(visit, None):
            # A catcher took the error; the next event says where it continues.
            self.caught[number] = (visit, failed, exited)
        else:
            yield exited

    def _attempt(
        self, kind: str, visit: Visit, at: float, details: Mapping[str, Any]
    ) -> Iterator[StateEvent]:
        """Note that an attempt failed; yield a retry when another one follows."""
        if kind in ("MapRunStarted", "MapRunRedriven"):
            self.map_runs[visit] = details["mapRunArn"]
        if kind in _TASK_FAILURES:
            error = details.get("error") or ("States.Timeout" if "TimedOut" in kind else "")
            self.failures[visit] = _Failed(at, error, details.get("cause", ""))
        elif kind in _ATTEMPTS and (failed := self.failures.pop(visit, None)):
            self.outer_failures.discard(visit)
            self.retries[visit] = self.retries.get(visit, 0) + 1
            wait = round(at - failed.at, 1)
            yield StateRetried(
                failed.at, visit, failed.error, failed.cause, self.retries[visit], wait
            )

    def _continued(self, before: int, entered: Mapping[str, Any]) -> Iterator[StateEvent]:
        if found := self.caught.pop(before, None):
            visit, failed, exited = found
            to = entered.get("name", "the end")
            yield StateCaught(failed.at, visit, failed.error, failed.cause, to)
            yield exited

    def _outer_failure(self, scope: _Scope, kind: str, at: float) -> _Scope:
        """Note the failure of a Map or Parallel, the ``kind``; return its own scope."""
        inner = [visit for visit in scope.visits if visit in self.failures]
        outer = scope
        # What failed inside it may be a Map or Parallel too.
        while (visit := outer.visit) and (visit.kind != kind or visit in self.outer_failures):
            outer = outer.outside_item()
        if visit:
            cause = self.failures[inner[-1]] if inner else _Failed(at, "", "")
            self.failures[visit] = _Failed(at, cause.error, cause.cause)
            self.outer_failures.add(visit)
        return outer

    def _ended(self, scope: _Scope, at: float, details: Mapping[str, Any]) -> Iterator[StateEvent]:
        error, cause = details.get("error", ""), details.get("cause", "")
        last = scope.visit
        if last and last.kind == "Fail" and last not in self.failures:
            self.failures[last] = _Failed(at, error, cause)
        for visit, failed in sorted(self.failures.items(), key=lambda each: -each[0].number):
            if visit in self.map_runs:
                for event in self.items(self.map_runs[visit], visit, self.number):
                    if isinstance(event, StateEntered):
                        self.number = event.visit.number
                    yield event
            yield StateFailed(
                failed.at,
                visit,
                failed.error or error,
                failed.cause or cause,
                self.inputs[visit.number],
            )
        # A redrive may continue after this.
        self.failures.clear()


def run_events(
    history: Iterable[Mapping[str, Any]],
    definition: Mapping[str, Any],
    *,
    items: ItemEvents = lambda *_: (),
    path: tuple[str, ...] = (),
    number: int = 0,
) -> Iterator[StateEvent | ExecutionRedriven]:
    """Yield the events of a run that the events of AWS mean; ``history`` has the oldest first.

    ``definition`` is the state machine: AWS numbers the items of a Map, but no branches. ``items``
    gives the events in a distributed Map that failed, which has a history for each item. The
    states of an item are at ``path``, and the numbers of their visits follow ``number``.
    """
    reader = _Reader(dict(_branches(definition)), items, _Scope(path=path), number=number)
    for event in history:
        yield from reader.events(event)


def _branches(machine: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the first state of each branch of each Parallel, with the number of the branch."""
    for state in machine["States"].values():
        for number, branch in enumerate(state.get("Branches", ())):
            yield branch["StartAt"], number
            yield from _branches(branch)
        if "ItemProcessor" in state:
            yield from _branches(state["ItemProcessor"])


def _until(visits: tuple[Visit, ...], state: str) -> tuple[Visit, ...]:
    """Return the open visits up to that of ``state``, which is the innermost of this name."""
    end = max(number for number, visit in enumerate(visits, 1) if visit.state == state)
    return visits[:end]


def _json(text: str | None) -> JsonValue:
    value: JsonValue = json.loads(text) if text else None
    return value
