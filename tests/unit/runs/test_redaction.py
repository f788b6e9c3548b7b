"""The values of secrets are replaced, in each form in which programs write them."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from pydantic import JsonValue

from dorc_runtime.runs.events import (
    Ending,
    ExecutionStatusChanged,
    FunctionLogged,
    StateExited,
    Visit,
)
from dorc_runtime.runs.redaction import Redaction

KEY = 'pa"ss/wörd+&\\1'
REDACTION = Redaction({"weather-key": KEY})
SHOWN = "[secret weather-key]"


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        json.dumps(KEY)[1:-1],
        json.dumps(KEY, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps({"a": KEY}))[1:-1],
        json.dumps(json.dumps(json.dumps({"a": KEY})))[1:-1],
        repr([KEY]),
        repr(KEY.encode()),
        quote(KEY),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
        urlencode({"key": KEY}),
        base64.b64encode(KEY.encode()).decode(),
        base64.urlsafe_b64encode(KEY.encode()).decode(),
        *(base64.b64encode(b"user:"[:n] + KEY.encode() + b" end").decode() for n in range(6)),
    ],
)
def test_a_value_is_replaced_in_a_longer_text(form: str) -> None:
    redacted = REDACTION.text(f"before {form} after")
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert SHOWN in redacted
    assert form not in redacted


def test_no_more_than_the_value_is_replaced() -> None:
    assert REDACTION.text(f"key={KEY};") == f"key={SHOWN};"
    assert REDACTION.text(f'{{"key": {json.dumps(KEY)}}}') == f'{{"key": "{SHOWN}"}}'
    assert REDACTION.text("nothing") == "nothing"


def test_a_value_that_contains_another_is_replaced_as_a_whole() -> None:
    both = Redaction({"short": "abcd", "long": "abcdefgh"})
    assert both.text("abcdefgh abcd") == "[secret long] [secret short]"


def test_keys_texts_and_numbers_of_json_are_redacted() -> None:
    redaction = Redaction({"pin": "123456"})
    value: JsonValue = {"123456": ["x123456x", 123456, 1.5, True, None, 99]}
    assert redaction.value(value) == {
        "[secret pin]": ["x[secret pin]x", "[secret pin]", 1.5, True, None, 99]
    }


def test_lines_of_a_value_are_redacted_too() -> None:
    pem = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nx\n-----END KEY-----\n"
    assert Redaction({"key": pem}).text("line MIIEowIBAAKCAQEA") == "line [secret key]"


def test_members_of_a_value_that_is_json_are_redacted_too() -> None:
    database = json.dumps({"user": "admin", "password": "correct horse", "port": 5432})
    redaction = Redaction({"database": database})
    assert redaction.text("login admin, correct horse") == "login admin, [secret database]"


def test_the_content_of_files_is_redacted() -> None:
    body = b"\xff" + KEY.encode() + b"\x00"
    assert REDACTION.body(body) == b"\xff" + SHOWN.encode() + b"\x00"


def test_events_are_redacted_and_stay_what_they_are() -> None:
    visit = Visit(1, "fetch", "Task", ())
    assert REDACTION.event(StateExited(1.0, visit, {"a": KEY})) == StateExited(
        1.0, visit, {"a": SHOWN}
    )
    assert REDACTION.event(FunctionLogged(1.0, "fetch", KEY)).text == SHOWN  # type: ignore[union-attr]
    ending = Ending("FAILED", error="E", cause=json.dumps({"errorMessage": f"no {KEY}"}))
    change = ExecutionStatusChanged(1.0, "arn", "machine", "name", KEY, 0.0, ending)
    redacted = REDACTION.event(change)
    assert isinstance(redacted, ExecutionStatusChanged)
    assert redacted.input == SHOWN
    assert redacted.ending is not None
    assert json.loads(redacted.ending.cause) == {"errorMessage": f"no {SHOWN}"}


def test_what_holds_no_secret_stays_the_same_object() -> None:
    event = StateExited(1.0, Visit(1, "fetch", "Task", ()), {"a": ["b"]})
    assert REDACTION.event(event) is event


def test_the_values_are_not_in_what_python_shows() -> None:
    assert KEY not in repr(REDACTION)
