"""What starts a pipeline, as tests see it through ``triggered``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
TRIGGERS = """
    S3Trigger(prefix="own/", bucket="their-bucket"),
    S3Trigger(prefix="zone/"),
    PipelineTrigger("default/nightly", on=["FAILED", "TIMED_OUT"]),
    EventTrigger({"source": ["aws.s3"], "detail": {"object": {"size": [{"numeric": [">", 2]}]}}}),
    EventTrigger({"detail-type": [{"prefix": "sold"}]}, bus="shop"),
"""


@pytest.mark.parametrize(
    ("happened", "message"),
    [
        ('key="own/a.csv"', "event['bucket'] == 'their-bucket'"),
        ('key="own/a.csv", bucket="their-bucket"', "event['key'] == 'own/a.csv'"),
        ('key="own/a.csv", bucket="raw"', "event is None"),
        ('key="zone/a.csv"', "event['bucket'] == 'local-raw'"),
        ('key="zone/a.csv", bucket="raw"', "event['size'] == 0"),
        ('key="zone/a.csv", bucket="processed"', "event is None"),
        ('key="other/a.csv"', "event is None"),
        ('key="other/a.csv", body=b"abc"', "event['detail']['object']['size'] == 3"),
        ('ended="default/nightly"', "event is None"),
        ('ended="default/nightly", status="TIMED_OUT"', "event['status'] == 'TIMED_OUT'"),
        ('ended="default/weekly", status="FAILED"', "event is None"),
        ('event={"detail-type": "sold out"}, bus="shop"', "event == {'detail-type': 'sold out'}"),
        ('event={"detail-type": "sold out"}', "event is None"),
    ],
)
def test_an_event_starts_a_pipeline_or_not(checkout: Checkout, happened: str, message: str) -> None:
    names = "EventTrigger, Function, Pipeline, PipelineTrigger, S3Trigger"
    checkout.write(
        f"{TIDY}/pipeline.py",
        f"from dorc_runtime import {names}\n"
        f'pipeline = Pipeline(triggers=[{TRIGGERS}], steps=[Function("clean")])\n',
    )
    name = f"{TIDY}/tests/test_one.py"
    checkout.write(
        name,
        "def test_one(triggered):\n"
        f'    event = triggered("raw-to-processed/tidy", {happened})\n'
        f"    assert {message}\n",
    )
    done = checkout.pytest(name)
    assert "1 passed" in done.stdout, done.stdout


def test_a_pattern_that_eventbridge_refuses_is_reported(checkout: Checkout) -> None:
    checkout.write(
        f"{TIDY}/pipeline.py",
        "from dorc_runtime import EventTrigger, Function, Pipeline\n"
        'pipeline = Pipeline(triggers=[EventTrigger({"a": "b"})], steps=[Function("clean")])\n',
    )
    checkout.write(
        f"{TIDY}/tests/test_one.py",
        'def test_one(triggered):\n    triggered("raw-to-processed/tidy", event={})\n',
    )
    message = "EventTrigger: a: an object or a list belongs here, not 'b': write ['b']"
    assert message in checkout.pytest(f"{TIDY}/tests/test_one.py").stdout


def test_a_message_starts_a_pipeline_that_waits_for_it(checkout: Checkout) -> None:
    checkout.write(
        "pipeline_config.py",
        "from dorc_runtime import Config, Queue, Topic, UniversalConfig\n"
        'work, news, other = Queue("work"), Topic("news"), Topic("other")\n'
        "config = Config(\n"
        '    universal=UniversalConfig(region="eu-west-1", project="shop"),\n'
        "    resources=[work, news, other],\n"
        ")\n",
    )
    checkout.write(
        f"{TIDY}/pipeline.py",
        "from dorc_runtime import Function, Pipeline, QueueTrigger, TopicTrigger\n"
        "from pipeline_config import news, work\n"
        "triggers = [QueueTrigger(work), TopicTrigger(news)]\n"
        'pipeline = Pipeline(triggers=triggers, steps=[Function("clean")])\n',
    )
    name = f"{TIDY}/tests/test_one.py"
    checkout.write(
        name,
        "def test_one(triggered):\n"
        '    tidy = "raw-to-processed/tidy"\n'
        '    [message] = triggered(tidy, message={"id": 1}, queue="work")\n'
        """    assert message["body"] == '{"id":1}'\n"""
        '    [message] = triggered(tidy, message="done", topic="news")\n'
        '    assert message["body"] == "done"\n'
        '    assert triggered(tidy, message="done", topic="other") is None\n',
    )
    done = checkout.pytest(name)
    assert "1 passed" in done.stdout, done.stdout


def test_an_output_that_is_too_large_for_an_event_is_left_out(checkout: Checkout) -> None:
    checkout.write(
        f"{TIDY}/pipeline.py",
        "from dorc_runtime import Function, Pipeline, PipelineTrigger\n"
        'triggers = [PipelineTrigger("default/nightly")]\n'
        'pipeline = Pipeline(triggers=triggers, steps=[Function("clean")])\n',
    )
    name = f"{TIDY}/tests/test_one.py"
    checkout.write(
        name,
        "def test_one(triggered):\n"
        '    tidy, ended = "raw-to-processed/tidy", "default/nightly"\n'
        '    event = triggered(tidy, ended=ended, output={"rows": 3})\n'
        """    assert (event["input"], event["output"]) == ("{}", '{"rows": 3}')\n"""
        '    assert triggered(tidy, ended=ended, output="x" * 250 * 1024)["output"] is None\n',
    )
    done = checkout.pytest(name)
    assert "1 passed" in done.stdout, done.stdout
