"""The lines of some calls, cut out of the logs of all, and lines that are still to come."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from dorc_runtime.operate.logs.execution_calls import ExecutionCalls
from dorc_runtime.operate.logs.execution_lines import lines_of
from dorc_runtime.operate.logs.lambda_calls import FunctionCall
from dorc_runtime.operate.logs.log_groups import LogEvent
from dorc_runtime.operate.logs.log_messages import read_message
from dorc_runtime.operate.logs.log_tail import follow_events

START = datetime(2026, 1, 1, tzinfo=UTC)


def events(*messages: str) -> list[LogEvent]:
    """Return events from ``stream: message``, a second apart."""
    found = []
    for number, text in enumerate(messages):
        stream, message = text.split(": ", 1)
        read = read_message(re.sub("^(START|REPORT) ", r"\1 RequestId: ", message))
        at = int((START + timedelta(seconds=number)).timestamp() * 1000)
        found.append(LogEvent(at, "f", stream, str(number), read.kind, read.text, read.request_id))
    return found


def included(messages: Iterable[LogEvent], *calls: FunctionCall) -> list[str]:
    made = ExecutionCalls(calls, 1, are_all=True)
    return [event.text for event in lines_of(messages, made.include)]


def answered(request_id: str) -> FunctionCall:
    return FunctionCall("f", START, START, request_id)


def test_printed_lines_belong_to_the_call_that_their_stream_is_in() -> None:
    log = events(
        "a: START id-1", "b: START id-2", "a: one", "b: two", "a: REPORT id-1", "b: more",
        "b: REPORT id-2",
    )  # fmt: skip
    assert included(log, answered("id-2")) == ["two", "more"]


def test_lines_while_the_handler_is_loaded_belong_to_the_next_call_in_the_order_of_time() -> None:
    log = events(
        "a: loading", "b: START id-2", "b: early", "a: START id-1", "a: REPORT id-1", "a: between",
        "a: START id-3",
    )  # fmt: skip
    assert included(log, answered("id-1"), answered("id-2")) == ["loading", "early"]
    assert included(log, answered("id-3")) == ["between"]


def test_lines_before_the_first_known_start_belong_to_the_call_that_ends() -> None:
    log = events("a: rest", "a: REPORT id-0", "a: START id-1", "a: one", "a: REPORT id-1")
    assert included(log, answered("id-1")) == ["one"]
    assert included(log, answered("id-0")) == ["rest"]


def test_lines_that_no_call_follows_are_left_out_and_keep_no_others_waiting() -> None:
    log = events("a: START id-1", "a: REPORT id-1", "a: late", "b: START id-2", "b: two")
    assert included(log, answered("id-2")) == ["two"]


def test_a_call_without_an_answer_may_be_any_that_starts_in_its_time() -> None:
    log = events("a: START id-1", "a: one", "b: START id-2", "b: two", "c: START id-3", "c: three")
    call = FunctionCall("f", START + timedelta(seconds=4), None)
    assert included(log, call) == ["two", "three"]
    assert included(log, FunctionCall("other", START, None)) == []


def test_each_new_message_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    now = int(datetime.now(UTC).timestamp() * 1000)
    # Of about the time up to which a round reads again what the one before has read.
    log = [
        LogEvent(now - at, "f", "a", str(at), "line", "", "") for at in range(16_000, 14_000, -1)
    ]
    rounds = [log[:1_900], log[:1_900], log]

    def read(since: datetime) -> list[LogEvent]:
        return [each for each in rounds.pop(0) if each.at >= int(since.timestamp() * 1000)]

    found = follow_events(
        read,
        start=datetime.now(UTC) - timedelta(hours=1),
        calls=lambda: 1,
        is_over=lambda: len(rounds) == 1,
    )
    assert [event.id for event in found] == [event.id for event in log]
