"""What a message in a dead-letter queue means."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime import EventTrigger, Pass, Pipeline, PipelineTrigger, Topic, TopicTrigger
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.operate.letters.dead_letter import (
    DeadLetter,
    LetterQueue,
    NoReplay,
    Start,
    dead_letter,
)
from dorc_runtime.operate.letters.trigger_table import trigger_table

PIPELINE = "raw-to-processed/tidy"
ARN = "arn:aws:{}:eu-west-2:123456789012:{}"
NAMES = Names("shop", "dev")
NEWS = Topic("news")
TARGET = Target(NAMES, "eu-west-2", "123456789012", resources=(NEWS,))
BY_NEWS = Pipeline(triggers=[TopicTrigger(NEWS)], steps=[Pass("Nothing")])


def read(pipelines: dict[str, Pipeline], body: Any, **attributes: str) -> DeadLetter:
    """Return what a message in infra's queue means; ``source`` is that of SQS's redrive."""
    source = attributes.pop("source", None)
    message = {
        "MessageId": "m1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {
            "SentTimestamp": "1767225600000",
            **({"DeadLetterQueueSourceArn": source} if source else {}),
        },
        "MessageAttributes": {name: {"StringValue": value} for name, value in attributes.items()},
    }
    return dead_letter(message, LetterQueue("shop--dev"), trigger_table(pipelines, TARGET))


def started(letter: DeadLetter) -> Any:
    """Return the input that a replay starts the pipeline with."""
    assert isinstance(letter.replay, Start)
    return letter.replay.input


def rule(pipelines: dict[str, Pipeline]) -> dict[str, str]:
    """Return the attributes of an event that the one rule of ``pipelines`` could not deliver."""
    [arn] = trigger_table(pipelines, TARGET).rules
    machine = ARN.format("states", "stateMachine:shop--dev--raw-to-processed--tidy")
    return {"TARGET_ARN": machine, "RULE_ARN": arn}


def test_a_message_of_a_topic_starts_its_pipeline() -> None:
    [queue] = trigger_table({PIPELINE: BY_NEWS}, TARGET).queues
    letter = read({PIPELINE: BY_NEWS}, "rain", source=queue)
    [message] = started(letter)
    assert (letter.pipeline, message["body"], message["eventSourceARN"]) == (
        PIPELINE,
        "rain",
        queue,
    )
    assert letter.sent == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_message_of_a_queue_that_no_trigger_reads_is_not_replayed() -> None:
    jobs = ARN.format("sqs", "shop--dev--old")
    letter = read({PIPELINE: BY_NEWS}, "rain", source=jobs)
    assert letter.replay == NoReplay("no trigger here reads the queue shop--dev--old: drop it")


def test_an_event_that_starts_a_pipeline_whole_is_its_input() -> None:
    pattern: dict[str, JsonValue] = {"source": ["weather"], "detail-type": ["Rain"]}
    pipelines = {
        PIPELINE: Pipeline(triggers=[EventTrigger(pattern=pattern)], steps=[Pass("Nothing")])
    }
    event: dict[str, JsonValue] = {"source": "weather", "detail-type": "Rain", "detail": {"mm": 3}}
    letter = read(pipelines, event, **rule(pipelines))
    assert (letter.subject, letter.replay) == ("event weather Rain", Start(PIPELINE, event))


def test_the_end_of_another_pipeline_names_its_execution() -> None:
    before = Pipeline(steps=[Pass("Nothing")])
    after = Pipeline(triggers=[PipelineTrigger("a-to-b/first")], steps=[Pass("Nothing")])
    pipelines = {"a-to-b/first": before, PIPELINE: after}
    event: dict[str, Any] = {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "time": "2026-01-01T00:00:00Z",
        "detail": {
            "executionArn": ARN.format("states", "execution:shop--dev--a-to-b--first:may"),
            "status": "SUCCEEDED",
            "input": "{}",
            "output": None,
        },
    }
    letter = read(pipelines, event, **rule(pipelines))
    assert letter.subject == "execution may of shop--dev--a-to-b--first SUCCEEDED"
    assert started(letter) == {
        "pipeline": "a-to-b/first",
        "execution": event["detail"]["executionArn"],
        "status": "SUCCEEDED",
        "time": "2026-01-01T00:00:00Z",
        "input": "{}",
        "output": None,
    }
