"""The lines that somebody asks for: of functions since a time, or of an execution."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import Execution, find_execution
from dorc_runtime.operate.logs.execution_calls import LOADING, ExecutionCalls, execution_calls
from dorc_runtime.operate.logs.execution_lines import lines_of
from dorc_runtime.operate.logs.log_groups import (
    LogEvent,
    LogGroupMissingError,
    log_events,
    longest_plain_word,
    with_request_ids,
)
from dorc_runtime.operate.logs.log_tail import follow_events

# Until AWS has what happened: an event in a history, and the last message of a function.
_HISTORY_DELAY, _LOG_DELAY = timedelta(seconds=1), timedelta(seconds=5)


@dataclass
class LogRequest:
    """Lines of Lambda ``functions`` with ``text`` in them, to now or, with ``follow``, to come.

    ``has_request_ids`` asks for the request ID of each line. ``on_note`` takes sentences about
    lines that are missing, or that may be too many.
    """

    environment: AwsEnvironment
    functions: Sequence[str]
    on_note: Callable[[str], None]
    text: str = ""
    follow: bool = False
    has_request_ids: bool = False
    _notes: set[str] = field(default_factory=set, init=False)

    def lines_since(self, start: datetime) -> Iterator[LogEvent]:
        """Yield the lines of the functions since ``start``, the oldest first.

        CloudWatch is asked for all pages of each function. Raises ``LogGroupMissingError`` when
        none of them has a log group.
        """
        word = "" if self.has_request_ids else longest_plain_word(self.text)

        def read(since: datetime) -> Iterator[LogEvent]:
            return self._events(self.functions, start=since, word=word)

        events = read(start)
        if self.follow:
            calls = len(self.functions)
            events = follow_events(read, start=start, calls=lambda: calls, is_over=lambda: False)
        return self._with_text(events)

    def lines_of_execution(self, execution: Execution) -> Iterator[LogEvent]:
        """Yield the lines of the calls by ``execution`` of the functions, the oldest first.

        Without functions, the lines of all. ``follow`` goes on until the execution ends.
        """
        start = execution.started - LOADING
        made = self._calls_of(execution)

        def read(since: datetime) -> Iterable[LogEvent]:
            nonlocal made
            # Of calls that start after this, AWS may have no history yet.
            now = datetime.now(UTC) - _HISTORY_DELAY
            made = self._calls_of(execution)
            return self._events_of_calls(made, start=since, end=now)

        def is_over() -> bool:
            found = find_execution(self.environment, (execution.pipeline,), execution.arn)
            return bool(found.stopped and found.stopped < datetime.now(UTC) - _LOG_DELAY)

        events: Iterable[LogEvent] = (
            follow_events(
                read,
                start=start,
                calls=lambda: made.histories + len(made.functions),
                is_over=is_over,
            )
            if self.follow
            else self._events_of_calls(made, start=start)
        )
        return self._with_text(lines_of(events, lambda event: made.include(event)))

    def _calls_of(self, execution: Execution) -> ExecutionCalls:
        made = execution_calls(
            self.environment,
            execution,
            accept=lambda call: not self.functions or call.function in self.functions,
        )
        if not made.are_all:
            self._note(
                f"only the functions of {made.histories} executions are shown: `invoke history "
                f"--execution {execution.name}` shows which items of the distributed Map failed."
            )
        if made.unanswered:
            self._note(
                "while a call of a function runs, or when it was stopped, AWS does not say which "
                "execution it belongs to: lines of other calls at the same time may be shown."
            )
        return made

    def _events_of_calls(
        self, made: ExecutionCalls, *, start: datetime, end: datetime | None = None
    ) -> Iterator[LogEvent]:
        if not made.calls:
            return iter(())
        last = made.end if end is None else min(end, made.end)
        return self._events(made.functions, start=start, end=last)

    def _events(
        self,
        functions: Sequence[str],
        *,
        start: datetime,
        end: datetime | None = None,
        word: str = "",
    ) -> Iterator[LogEvent]:
        missing: list[LogGroupMissingError] = []
        events = log_events(
            self.environment, functions, start=start, end=end, word=word, on_missing=missing.append
        )
        # Before the first event, all log groups are asked for their first page.
        first = next(events, None)
        if len(missing) == len(functions):
            raise missing[0]
        for error in missing:
            self._note(str(error))
        if first is not None:
            yield first
            yield from events

    def _with_text(self, events: Iterable[LogEvent]) -> Iterator[LogEvent]:
        if self.has_request_ids:
            events = with_request_ids(events)
        return (event for event in events if event.is_shown and self.text in event.text)

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.add(note)
            self.on_note(note)
