"""All calls of functions by an execution, also those in what it called, and in distributed Maps."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice

from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import Execution, history
from dorc_runtime.operate.logs.lambda_calls import FunctionCall, StartedCalls, calls_in
from dorc_runtime.operate.logs.log_groups import LogEvent

MOST_EXECUTIONS = 100
"""How many executions are read for the calls of one."""

LOADING = timedelta(seconds=20)
"""How long before a call its function may print: a new instance first loads the handler."""

# How long a function may run on after its execution was stopped, and how far clocks differ.
_LONGEST_CALL, _SKEW = timedelta(minutes=15), timedelta(seconds=2)


@dataclass(frozen=True)
class ExecutionCalls:
    """Calls of functions by one execution, out of so many ``histories``.

    ``are_all`` says that no history was left out.
    """

    calls: Sequence[FunctionCall]
    histories: int
    are_all: bool

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the Lambda functions that were called."""
        return tuple(sorted({call.function for call in self.calls}))

    @cached_property
    def unanswered(self) -> tuple[FunctionCall, ...]:
        """The calls without a request ID."""
        return tuple(call for call in self.calls if not call.request_id)

    @cached_property
    def _request_ids(self) -> frozenset[str]:
        return frozenset(call.request_id for call in self.calls if call.request_id)

    @property
    def end(self) -> datetime:
        """The time after which these functions print nothing; there must be a call."""
        return max(
            (call.ended or datetime.now(UTC)) + (_SKEW if call.request_id else _LONGEST_CALL)
            for call in self.calls
        )

    def include(self, event: LogEvent) -> bool:
        """Return whether the request that ``event`` belongs to is one of the calls.

        A call without a request ID may be any request of its function that starts in its time.
        """
        if event.request_id in self._request_ids:
            return True
        at = datetime.fromtimestamp(event.at / 1000, UTC)
        return event.kind == "start" and any(
            call.function == event.function
            and call.started - _SKEW <= at
            and (call.ended is None or at <= call.ended + _SKEW)
            for call in self.unanswered
        )


def execution_calls(
    environment: AwsEnvironment,
    execution: Execution,
    *,
    accept: Callable[[FunctionCall], bool] = lambda _: True,
) -> ExecutionCalls:
    """Return the calls by ``execution``, and by those that it called, which ``accept`` takes.

    AWS is asked for the pages of each history, and twice about each run of a distributed Map.
    """
    read = list(islice(calls_by_history(environment, execution), MOST_EXECUTIONS + 1))
    used = read[:MOST_EXECUTIONS]
    calls = tuple(call for found in used for call in found.functions if accept(call))
    return ExecutionCalls(calls, len(used), are_all=len(read) == len(used))


def calls_by_history(environment: AwsEnvironment, execution: Execution) -> Iterator[StartedCalls]:
    """Yield what each history says: that of ``execution``, then those of what it called."""
    left = deque([execution.arn])
    while left:
        found = calls_in(history(environment, replace(execution, arn=left.popleft())))
        yield found
        left += found.executions
        for map_run in found.map_runs:
            left += _items(environment, map_run)


def _items(environment: AwsEnvironment, map_run: str) -> Iterable[str]:
    """Return the executions of items of a distributed Map: those that failed, then the newest."""
    found: dict[str, None] = {}
    for options in ({"statusFilter": "FAILED"}, {}):
        with aws_errors("states:ListExecutions"):
            page = environment.states.list_executions(
                mapRunArn=map_run, maxResults=MOST_EXECUTIONS + 1, **options
            )
        found |= {each["executionArn"]: None for each in page["executions"]}
    return found
