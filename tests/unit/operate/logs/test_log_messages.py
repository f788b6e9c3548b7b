"""Messages in the log of a function.

Those of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
from typing import Any

import pytest

from dorc_runtime.operate.logs.log_groups import longest_plain_word
from dorc_runtime.operate.logs.log_messages import LogMessage, read_message

ID = "79b4f56e-95b1-4643-9700-2807f4e68189"


def platform(kind: str, **record: Any) -> str:
    time = "2026-11-28T11:49:24.123Z"
    return json.dumps({"time": time, "type": f"platform.{kind}", "record": record}) + "\n"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (platform("start", requestId=ID, version="$LATEST"), "start"),
        (platform("report", requestId=ID, status="success", metrics={"durationMs": 1}), "end"),
        (platform("runtimeDone", requestId=ID, status="success"), "other"),
        (f"START RequestId: {ID} Version: $LATEST\n", "start"),
        (f"END RequestId: {ID}\n", "other"),
        (f"REPORT RequestId: {ID}\tDuration: 1.00 ms\n", "end"),
    ],
)
def test_a_message_of_lambda_says_which_call_starts_or_ends(message: str, kind: Any) -> None:
    assert read_message(message) == LogMessage(kind, "", ID)


def test_a_call_that_lambda_ended_says_why() -> None:
    metrics = {"durationMs": 3000.0, "memorySizeMB": 512, "maxMemoryUsedMB": 70}
    message = read_message(platform("report", requestId=ID, status="timeout", metrics=metrics))
    expected = "Lambda ended the call: timeout after 3.00 s, with 70 of 512 MB used"
    assert (message.kind, message.text) == ("end", expected)


def test_a_record_of_logging_is_its_level_and_its_text() -> None:
    record = {"timestamp": "2026-11-28T11:49:24Z", "level": "WARNING", "message": "two\nlines",
              "logger": "root", "requestId": ID}  # fmt: skip
    assert read_message(json.dumps(record)) == LogMessage("line", "WARNING two\nlines", ID)


def test_a_record_names_its_logger_and_its_extra_fields() -> None:
    record = {"timestamp": "", "level": "INFO", "message": "read", "logger": "store", "rows": 3}
    assert read_message(json.dumps(record)).text == 'INFO store: read {"rows": 3}'


def test_an_exception_of_a_handler_has_its_trace() -> None:
    frame = '  File "/var/task/lambda.py", line 3, in handler\n    int("many")\n'
    record = {"timestamp": "", "log_level": "ERROR", "errorType": "ValueError",
              "errorMessage": "no number", "requestId": ID, "stackTrace": [frame]}  # fmt: skip
    text = f"ERROR ValueError: no number\n{frame.rstrip()}"
    assert read_message(json.dumps(record)) == LogMessage("exception", text, ID)


@pytest.mark.parametrize("text", ["", "3 rows", '{"rows": 3}', "{rows", '{"type": "table"}'])
def test_what_a_function_prints_stays_as_it_is(text: str) -> None:
    assert read_message(f"{text}\n") == LogMessage("line", text)


@pytest.mark.parametrize(
    ("text", "word"), [("no birds in 'june.csv'", "birds"), ("größe", "gr"), ("(((", "")]
)
def test_cloudwatch_looks_for_the_longest_plain_word(text: str, word: str) -> None:
    assert longest_plain_word(text) == word
