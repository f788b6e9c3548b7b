"""What failed in a distributed Map: Step Functions starts an execution for each of its items.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import (
    Execution,
    definition,
    find_execution,
    history,
)
from dorc_runtime.operate.execution_history import StateEvent, run_events
from dorc_runtime.runs.events import Event, ExecutionRedriven, StateFailed, Visit

# Of a page of ListExecutions.
_PAGE = 100


@dataclass(frozen=True)
class FailedItem:
    """The execution of an item, or of a batch, that failed, ``failed`` of ``total`` of its Map."""

    execution: Execution
    failed: int
    total: int


@dataclass(frozen=True)
class ExecutionEvents:
    """The events of an execution, with those of an item in each distributed Map that failed.

    ``log`` has the last lines that the call printed which failed it, where somebody asked for them.
    """

    events: tuple[Event, ...]
    failed_item: FailedItem | None = None
    log: tuple[str, ...] = ()

    @property
    def failed(self) -> StateFailed | None:
        """The failure of the innermost state since the last redrive, None for none."""
        newest = takewhile(
            lambda each: not isinstance(each, ExecutionRedriven), reversed(self.events)
        )
        failures = [event for event in newest if isinstance(event, StateFailed)]
        return min(failures, key=lambda each: (-len(each.visit.path), each.at), default=None)


def execution_events(
    environment: AwsEnvironment,
    execution: Execution,
    *,
    coming: Iterable[Mapping[str, Any]] | None = None,
    observe: Callable[[Event], None] = lambda event: None,
) -> ExecutionEvents:
    """Return the events of an execution as those of a run; ``observe`` gets each as it is read.

    The history is ``coming``, or else what AWS has now. Of a distributed Map that failed, AWS is
    asked for the executions of its items that failed, and for the history of the first.
    """
    items = _Items(environment, execution)
    machine = definition(environment, execution)
    if coming is None:
        coming = history(environment, execution)
    events = []
    for event in run_events(coming, machine, items=items.events):
        observe(event)
        events.append(event)
    return ExecutionEvents(tuple(events), items.found[-1] if items.found else None)


@dataclass
class _Items:
    environment: AwsEnvironment
    execution: Execution
    found: list[FailedItem] = field(default_factory=list)

    def events(self, map_run: str, visit: Visit, number: int) -> Iterator[StateEvent]:
        """Yield the events of the first item that failed in a map run."""
        item = self._first(map_run)
        if item is not None:
            self.found.append(item)
            events = run_events(
                history(self.environment, item.execution),
                definition(self.environment, item.execution),
                path=(*visit.path, visit.state, item.execution.name),
                number=number,
            )
            yield from (each for each in events if not isinstance(each, ExecutionRedriven))

    def _first(self, map_run: str) -> FailedItem | None:
        states = self.environment.states
        failed: list[dict[str, Any]] = []
        with aws_errors("states:ListExecutions"):
            for status in ("FAILED", "TIMED_OUT"):
                failed += states.list_executions(
                    mapRunArn=map_run, statusFilter=status, maxResults=_PAGE
                )["executions"]
        if not failed:
            # The Map could not read its items, or not write its results.
            return None
        with aws_errors("states:DescribeMapRun"):
            counts = states.describe_map_run(mapRunArn=map_run)["executionCounts"]
        first = min(failed, key=lambda each: (each["startDate"], each["stopDate"]))["executionArn"]
        child = find_execution(self.environment, [self.execution.pipeline], first)
        return FailedItem(child, counts["failed"] + counts["timedOut"], counts["total"])
