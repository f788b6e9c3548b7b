"""The logs of functions: their messages, from all streams and pages, in the order of time."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge

from dorc_runtime.compile.names import function_log_group
from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.logs.log_messages import Kind, read_message

# Events in a page, and at least as many of each function where several are read at once:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
_PAGE = 10_000
_LEAST_PAGE = 500
# Characters that a pattern takes as they are, and that JSON does not escape:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_:#=@/;,-]+")


class LogGroupMissingError(StackError):
    """A function has no log group."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A message in the log of a Lambda function, at a time in milliseconds since the epoch.

    ``kind``, ``text`` and ``request_id`` are as ``LogMessage`` has them; ``id`` is CloudWatch's.
    """

    at: int
    function: str
    stream: str
    id: str
    kind: Kind
    text: str
    request_id: str

    @property
    def instance(self) -> tuple[str, str]:
        """Which instance of which function it is from: each has a stream of its own."""
        return self.function, self.stream

    @property
    def is_shown(self) -> bool:
        """Whether people read it: Lambda's own messages only say when calls start and end."""
        return self.kind == "line" or bool(self.text)


def log_events(
    environment: AwsEnvironment,
    functions: Sequence[str],
    *,
    start: datetime,
    end: datetime | None = None,
    word: str = "",
    on_missing: Callable[[LogGroupMissingError], None] | None = None,
) -> Iterator[LogEvent]:
    """Yield the messages of Lambda functions from ``start`` to ``end``, the oldest first.

    ``functions`` are their names. With a ``word``, CloudWatch leaves out messages without it. One
    page of each function is in memory at a time. A function without a log group raises
    ``LogGroupMissingError``, or is left out where ``on_missing`` takes that.
    """
    page = max(_LEAST_PAGE, _PAGE // max(1, len(functions)))

    def events(function: str) -> Iterator[LogEvent]:
        try:
            yield from _events(environment, function, start, end, word, page)
        except LogGroupMissingError as error:
            if on_missing is None:
                raise
            on_missing(error)

    return merge(*map(events, functions), key=lambda event: event.at)


def with_request_ids(events: Iterable[LogEvent]) -> Iterator[LogEvent]:
    """Yield ``events``, each line with the request ID of the call that its instance answers.

    Lines that a new instance prints while it loads the handler have none.
    """
    running: dict[tuple[str, str], str] = {}
    for event in events:
        if event.kind == "start":
            running[event.instance] = event.request_id
        elif event.kind == "end":
            running.pop(event.instance, None)
        elif not event.request_id and event.instance in running:
            event = replace(event, request_id=running[event.instance])
        yield event


def longest_plain_word(text: str) -> str:
    """Return the longest part of ``text`` that CloudWatch can look for, "" for none.

    Each message with ``text`` has it as it is written here.
    """
    return max(_PLAIN_WORD.findall(text), key=len, default="")


def _events(
    environment: AwsEnvironment,
    function: str,
    start: datetime,
    end: datetime | None,
    word: str,
    page: int,
) -> Iterator[LogEvent]:
    client, group = environment.logs, function_log_group(function)
    options = {
        **({"endTime": _milliseconds(end)} if end else {}),
        **({"filterPattern": f"%{word}%"} if word else {}),
    }
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=_milliseconds(start),
        # AWS always mixes the streams by time, and ignores this.
        interleaved=True,
        PaginationConfig={"PageSize": page},
        **options,
    )
    try:
        with aws_errors("logs:FilterLogEvents"):
            for each in (each for page in pages for each in page["events"]):
                message = read_message(each["message"])
                yield LogEvent(
                    each["timestamp"],
                    function,
                    each["logStreamName"],
                    each["eventId"],
                    message.kind,
                    message.text,
                    message.request_id,
                )
    except StackError as error:
        if isinstance(error.__cause__, client.exceptions.ResourceNotFoundException):
            raise LogGroupMissingError(
                f"there is no log group {group}: the function is not deployed in "
                f"{environment.names.environment}, or somebody deleted the group; `invoke apply "
                "--refresh` of its pipeline creates it."
            ) from error
        raise


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
