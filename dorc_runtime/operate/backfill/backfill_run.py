"""A backfill at work: it starts executions, follows them to their end, and stops them."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.backfill.backfill_items import Selection
from dorc_runtime.operate.backfill.backfill_plan import BackfillPlan, all_executions
from dorc_runtime.operate.deployed_executions import FAILED, Execution, find_execution
from dorc_runtime.operate.execution_control import start_execution, stop_execution

COMMAND = "invoke backfill"
STOP_COMMAND = f"{COMMAND} --stop"
# Seconds between two looks at what runs: longer and longer, mainly while nothing ends. AWS takes
# about five calls of ListExecutions in a second:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_FIRST_PAUSE, _USUAL_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.25, 1.0, 5.0, 1.5
# Clocks differ, and times have another precision here and there.
_TOLERANCE = timedelta(seconds=2)
# Of so many failures the error is asked for.
_MOST_ERRORS = 200
# Another process may start something until it sees what was stopped.
_LOOKS, _BETWEEN_LOOKS = 3, 1.0


@dataclass
class BackfillProgress:
    """How far a backfill is; ``total`` is what it starts and what ran before it.

    ``failures`` counts by error, ``failed`` has the executions that failed, at most 200 with their
    errors. ``is_stopped`` says that somebody has given the command with ``--stop``.
    """

    total: int
    started: int = 0
    running: int = 0
    succeeded: int = 0
    failed: list[Execution] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def ended(self) -> int:
        """How many have ended."""
        return self.succeeded + len(self.failed)

    @property
    def errors(self) -> Counter[str]:
        """How many executions failed with each error."""
        return Counter(each.error or each.status for each in self.failed)


@dataclass
class Backfill:
    """A backfill that starts what ``plan`` chose, ``at_once`` executions at a time.

    All running executions of the pipeline count, whoever started them. ``observe`` is called after
    each change. Killed at any moment, it has started nothing twice, and another one continues.
    """

    environment: AwsEnvironment
    plan: BackfillPlan
    at_once: int
    observe: Callable[[BackfillProgress], None]

    def __post_init__(self) -> None:
        """Take over what runs already."""
        running = [each for each in self.plan.known.values() if each.status == "RUNNING"]
        self._open = {each.name: each for each in running}
        self._left = deque(self.plan.chosen)
        self._names = {each.name for each in self.plan.selection.items}
        self._counted = {*self._open, *(each.name for each in self._left)}
        self._ended: set[str] = set()
        self.progress = BackfillProgress(len(running) + len(self._left))

    def run(self) -> BackfillProgress:
        """Start and follow executions until all have ended.

        Raises ``StackError`` or ``CredentialsError`` for what AWS refuses; what was started runs
        on.
        """
        pause = _FIRST_PAUSE
        while True:
            running = {
                each.name: each
                for each in all_executions(self.environment, self.plan.pipeline, status="RUNNING")
            }
            has_changed = self._close(running)
            self._adopt(running)
            has_changed |= self._start(self.at_once - len(running.keys() | self._open.keys()))
            self.progress.running = len(self._open)
            self.observe(self.progress)
            if not self._left and not self._open:
                return self.progress
            time.sleep(pause)
            pause = min(pause * _GROWTH, _USUAL_PAUSE if has_changed else _LONGEST_PAUSE)

    def _adopt(self, running: Mapping[str, Execution]) -> None:
        """Follow also what another process started, so that a stop of it is seen."""
        for name, each in running.items():
            if name in self._names and name not in self._open and name not in self._ended:
                self._open[name] = each
                self.progress.total += name not in self._counted
                self._counted.add(name)

    def _close(self, running: Mapping[str, Execution]) -> bool:
        """Take note of what has ended; return whether something has."""
        gone = {name: each for name, each in self._open.items() if name not in running}
        if not gone:
            return False
        oldest = min(each.started for each in gone.values()) - _TOLERANCE
        has_changed = False
        for each in all_executions(self.environment, self.plan.pipeline, since=oldest):
            # AWS may list a new execution a little later: it stays open until it is listed.
            if gone.pop(each.name, None) and each.status != "RUNNING":
                self._end(each)
                has_changed = True
        return has_changed

    def _end(self, execution: Execution) -> None:
        self._open.pop(execution.name, None)
        self._ended.add(execution.name)
        if execution.status not in FAILED:
            self.progress.succeeded += 1
            return
        if len(self.progress.failed) < _MOST_ERRORS:
            execution = find_execution(self.environment, [execution.pipeline], execution.arn)
        self.progress.failed.append(execution)
        if execution.status == "ABORTED" and STOP_COMMAND in execution.cause:
            self.progress.is_stopped = True
            self._left.clear()

    def _start(self, number: int) -> bool:
        started = 0
        while self._left and started < number:
            item = self._left.popleft()
            if item.name in self._open or item.name in self._ended:
                continue
            found = start_execution(
                self.environment, self.plan.pipeline, item.input, command=COMMAND, name=item.name
            )
            self.progress.started += found.is_new
            started += 1
            if found.execution.status == "RUNNING":
                self._open[item.name] = found.execution
            else:
                self._end(found.execution)
        return bool(started)


def running_items(
    environment: AwsEnvironment, name: str, selection: Selection
) -> tuple[Execution, ...]:
    """Return the executions of the pipeline ``name`` that run, of the items of ``selection``."""
    names = {each.name for each in selection.items}
    running = all_executions(environment, name, status="RUNNING")
    return tuple(each for each in running if each.name in names)


def stop_backfill(
    environment: AwsEnvironment, name: str, selection: Selection
) -> tuple[Execution, ...]:
    """Stop all running executions of the backfill, and return them.

    A process that carries out the backfill sees that they were stopped, and starts nothing else.
    What it starts until then is stopped too, for some seconds.
    """
    stopped: dict[str, Execution] = {}
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN_LOOKS)
        running = [
            each for each in running_items(environment, name, selection) if each.name not in stopped
        ]
        for each in running:
            stopped[each.name] = stop_execution(
                environment, each, command=STOP_COMMAND, reason="the whole backfill was stopped"
            )
        if look and not running:
            break
    return tuple(stopped.values())
