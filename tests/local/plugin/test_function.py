"""The fixture ``function``: one handler, called with an event as its step calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
PIPELINE = """
from datetime import timedelta

from dorc_runtime import Catch, Function, Pipeline, S3Trigger, Succeed
from pipeline_config import orders

pipeline = Pipeline(
    triggers=[S3Trigger(prefix="tidy/")],
    steps=[
        Function("clean"),
        Function(
            "book",
            timeout=timedelta(seconds=2),
            memory=256,
            writes=[orders],
            secrets=["book-key"],
            environment={"MODE": "strict"},
            catch=[Catch(steps=[Succeed()])],
        ),
    ]
)
"""
CONFIG = """
from dorc_runtime import Config, Table, UniversalConfig

orders = Table("orders", partition_key="id")
config = Config(
    universal=UniversalConfig(region="eu-west-2", project="tests"), resources=[orders]
)
"""
BOOK = """
import os
import time

import boto3


def today():
    return "today"


def handler(event, context):
    print("booked", event)
    match event:
        case {"id": id}:
            boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"]).put_item(Item=event)
            return {"day": today(), "pid": os.getpid(), "mode": os.environ["MODE"],
                    "memory": context.memory_limit_in_mb}
        case "secret":
            name = os.environ["SECRET_BOOK_KEY"]
            value = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
            return len(value["Parameter"]["Value"])
        case "read":
            boto3.client("s3").list_objects_v2(Bucket=os.environ["TARGET_BUCKET"])
        case "slow":
            time.sleep(60)
        case _:
            raise ValueError("no order")
"""
TESTS = """
import os

import pytest

BOOK = "raw-to-processed/tidy/book"


def test_step(function):
    orders = [{"id": "b"}]
    result = function(BOOK)({"id": "a"}, tables={"orders": orders}, secrets={"book-key": "0000"})
    assert result.output["mode"] == "strict"
    assert result.output["memory"] == "256"
    assert result.output["pid"] != os.getpid()
    assert result.tables["orders"] == [{"id": "a"}, {"id": "b"}]
    assert [line.text for line in result.log] == ["booked {'id': 'a'}"]
    assert 10 < result.memory["book"] < 256


def test_secret(function):
    assert function(BOOK)("secret", secrets={"book-key": "12345"}).output == 5


def test_role(function):
    result = function(BOOK)("read", secrets={"book-key": "0000"})
    assert "reads=" in result.advice


def test_timeout(function):
    assert function(BOOK)("slow", secrets={"book-key": "0000"}).error == "Sandbox.Timedout"


def test_failure(function):
    result = function(BOOK)({}, secrets={"book-key": "0000"})
    assert (result.succeeded, result.error) == (False, "ValueError")


@pytest.mark.parametrize("how", [{"workers": False}, {"patches": {"today": lambda: "now"}}])
def test_own_process(function, how):
    result = function(BOOK)({"id": "a"}, secrets={"book-key": "0000"}, **how)
    assert result.output["pid"] == os.getpid()
    assert result.output["day"] == ("now" if "patches" in how else "today")


def test_monkeypatch(function, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: print("slept", seconds))
    result = function(BOOK)("slow", secrets={"book-key": "0000"})
    assert [line.text for line in result.log] == ["booked slow", "slept 60"]


def test_first_function(function):
    clean = function("raw-to-processed/tidy/clean")
    assert clean(example="first", secrets={}).output == {"rows": 1}
"""
MISTAKES = {
    "function('tidy/book')": "'tidy/book' is no function: write layer/pipeline/function.",
    "function('raw-to-processed/tidi/book')": "Did you mean 'raw-to-processed/tidy'?",
    "function('raw-to-processed/tidy/bok')": "no function 'bok' in raw-to-processed/tidy; known: "
    "book, clean. Did you mean 'book'?",
    "function('raw-to-processed/tidy/clean')({1, 2})": "the event is not JSON: ",
    "function('raw-to-processed/tidy/clean')({}, files={'rwa/a': ''})": "no zone 'rwa'; known: "
    "processed, raw. Did you mean 'raw'?",
    "function('raw-to-processed/tidy/clean')({}, files={'a.csv': ''})": "files['a.csv']: write "
    "zone/key, as in 'processed/a.csv'.",
    "function('raw-to-processed/tidy/clean')({}, files={'raw/a': 1})": "files['raw/a'] is of type "
    "int: give a text, bytes or a Path.",
    "function('raw-to-processed/tidy/book')()": "book is not the first step",
}


@pytest.fixture(scope="module")
def done(new_checkout: Callable[[Path], Checkout], tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints of all tests."""
    checkout = new_checkout(tmp_path_factory.mktemp("function") / "checkout")
    checkout.write("pipeline_config.py", CONFIG)
    checkout.write(f"{TIDY}/pipeline.py", PIPELINE)
    checkout.write(f"{TIDY}/book/lambda.py", BOOK)
    checkout.write(f"{TIDY}/tests/test_book.py", TESTS)
    mistakes = "".join(
        f"\n\ndef test_{number}(function):\n    {call}\n" for number, call in enumerate(MISTAKES)
    )
    checkout.write(f"{TIDY}/tests/test_mistakes.py", mistakes)
    return checkout.pytest(
        "-v", f"{TIDY}/tests/test_book.py", f"{TIDY}/tests/test_mistakes.py"
    ).stdout


@pytest.mark.parametrize(
    "test",
    [
        "test_step",
        "test_secret",
        "test_role",
        "test_timeout",
        "test_failure",
        "test_own_process[how0]",
        "test_own_process[how1]",
        "test_monkeypatch",
        "test_first_function",
    ],
)
def test_a_function_is_called_as_its_step_calls_it(done: str, test: str) -> None:
    assert f"test_book.py::{test} PASSED" in done, done


@pytest.mark.parametrize("call", MISTAKES)
def test_a_mistake_is_one_line_with_its_place(done: str, call: str) -> None:
    assert f"test_mistakes.py:{4 * [*MISTAKES].index(call) + 4}: " in done, done
    assert MISTAKES[call] in done, done
