"""The messages that start a pipeline, as its triggers hand them on."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.names import queue_arn
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.trigger_input import message_event
from dorc_runtime.local.seeds.example_seeds import (
    QUEUES,
    TOPICS,
    SeedValues,
    message_text,
    message_texts,
)
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.resources import Topic
from dorc_runtime.model.triggers import QueueTrigger, TopicTrigger


def trigger_messages(
    pipeline: Pipeline,
    name: str,
    *,
    example: Path | None,
    seeds: SeedValues,
    root: Path,
    at: float,
    target: Target,
) -> tuple[JsonValue, str] | None:
    """Return the input of ``pipeline``, called ``name``, from messages, and their origin.

    They are those of ``seeds``, or else those in the folder ``example``: as many as the trigger
    takes at a time. ``at`` is when they are sent, in seconds since 1970. Returns None without any.
    """
    for trigger in pipeline.triggers:
        texts: Sequence[str] = ()
        match trigger:
            case QueueTrigger(queue=resource):
                most, place, arn = trigger.batch, QUEUES, target.arn(resource)
                texts = [message_text(each) for each in seeds.queues.get(resource.name, ())]
            case TopicTrigger(topic=resource):
                most, place, arn = 1, TOPICS, topic_queue_arn(name, resource, target)
            case _:
                continue
        file = example / place / f"{resource.name}.jsonl" if example else None
        if file and not texts and file.is_file():
            texts = message_texts(file, root)
        if texts:
            event = messages_input(texts[:most], arn, at=at)
            return event, f"messages of the {resource.kind} {resource.name}"
    return None


def messages_input(texts: Sequence[str], queue_arn: str, *, at: float) -> JsonValue:
    """Return the input from a QueueTrigger or TopicTrigger; ``at`` is in seconds since 1970."""
    return [
        message_event(body=text, id=str(uuid.uuid4()), queue_arn=queue_arn, sent_at=at)
        for text in texts
    ]


def topic_queue_arn(pipeline: str, topic: Topic, target: Target) -> str:
    """Return the ARN of the queue that stands for that of a TopicTrigger of ``pipeline``."""
    layer, _, name = pipeline.partition("/")
    own = target.names.pipeline(layer, name).trigger(topic.name)
    return queue_arn(target.region, target.account, own)
