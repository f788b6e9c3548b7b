"""A failure as people read it: without JSON in its texts, and short enough for a screen."""

import json

import pytest
from pydantic import JsonValue

from dorc_runtime.runs.causes import Frame, read_cause
from dorc_runtime.runs.failure import Failure

LAMBDA: JsonValue = {
    "errorMessage": "no rows",
    "errorType": "ValueError",
    "requestId": "1-2",
    "stackTrace": [
        '  File "/var/task/lambda.py", line 2, in handler\n    raise ValueError("no rows")\n'
    ],
}
FRAME = Frame("/var/task/lambda.py", 2, "handler", 'raise ValueError("no rows")')


def execution(cause: str, **more: JsonValue) -> str:
    return json.dumps({"ExecutionArn": "arn", "Status": "FAILED", "Cause": cause, **more})


def shown(failure: Failure, label: str) -> str:
    return dict(failure.rows("a-to-b/c", option="--trace"))[label]


def test_the_cause_of_a_function_is_its_message_trace_and_request() -> None:
    cause = read_cause(json.dumps(LAMBDA))
    assert (cause.message, cause.trace, cause.request_id) == ("no rows", (FRAME,), "1-2")


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("nothing to clean", "nothing to clean"),
        ('{"my": "JSON"}', '{"my": "JSON"}'),
        ('{"errorMessage": "RequestId: 1-2 Error: Task timed out"}', "Task timed out"),
        (json.dumps({"errorMessage": "\x1b[31mno\x1b[0m rows"}), "no rows"),
        (execution(json.dumps(LAMBDA), Error="ValueError"), "ValueError: no rows"),
        (
            execution(execution(json.dumps(LAMBDA), Error="E"), Error="States.TaskFailed"),
            "States.TaskFailed: E: no rows",
        ),
        (execution("", Status="TIMED_OUT"), "TIMED_OUT"),
        (
            '{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled", "ErrorMessage": "a"}]}',
            "Throttled: a",
        ),
    ],
    ids=["text", "other JSON", "limit", "colors", "call", "call in a call", "timeout", "events"],
)
def test_a_cause_that_is_json_is_read_for_its_message(cause: str, message: str) -> None:
    assert read_cause(cause).message == message


def test_a_syntax_error_has_a_frame_without_a_function() -> None:
    cause = read_cause(
        '{"errorMessage": "", "stackTrace": ["  File \\"a.py\\" Line 3\\n    x = ="]}'
    )
    assert cause.trace == (Frame("a.py", 3, "", "x = ="),)


def test_frames_of_packages_are_counted_and_not_shown() -> None:
    own = Frame("lib/a.py", 1, "parse", "return 1", is_own=True)
    failure = Failure("a-to-b/c", "E", trace=(own, FRAME, FRAME))
    assert shown(failure, "trace") == (
        "lib/a.py:1 in parse\n    return 1\nand 2 frames outside the repository: --trace shows all"
    )


def test_a_caught_error_in_the_input_is_shown_by_its_message() -> None:
    failure = Failure("a-to-b/c", "E", state="s", input={"Cause": json.dumps(LAMBDA)})
    assert shown(failure, "input") == '{"Cause": "no rows"}'


@pytest.mark.parametrize("text", ["x\n" * 1000, "x" * 100_000], ids=["lines", "characters"])
def test_a_text_that_would_fill_the_screen_is_cut(text: str) -> None:
    message = shown(Failure("a-to-b/c", "E", text), "message")
    assert len(message) < 2_100
    assert message.count("\n") <= 30
    assert "... and " in message


@pytest.mark.parametrize(
    ("retries", "state"), [(0, "s"), (1, "s, after 1 retry"), (2, "s, after 2 retries")]
)
def test_the_retries_of_the_state_are_counted(retries: int, state: str) -> None:
    failure = Failure("a-to-b/c", "E", state="s", path="s", retries=retries)
    assert shown(failure, "state") == state
