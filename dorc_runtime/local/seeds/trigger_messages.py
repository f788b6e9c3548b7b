"""The messages that start a pipeline, as its triggers give them."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.arns import queue_arn
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
from dorc_runtime.model.resources import Queue, Topic
from dorc_runtime.model.triggers import QueueTrigger, TopicTrigger


@dataclass(frozen=True)
class MessageSource:
    """A topic or queue of which at most ``batch`` messages at a time start a pipeline.

    ``queue_arn`` is the ARN of the queue that the pipeline gets them from.
    """

    resource: Topic | Queue
    batch: int
    queue_arn: str


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
    for source in message_sources(pipeline, name, target):
        resource = source.resource
        is_queue = isinstance(resource, Queue)
        values = seeds.queues.get(resource.name, ()) if is_queue else ()
        texts: Sequence[str] = [message_text(each) for each in values]
        folder = QUEUES if is_queue else TOPICS
        file = example / folder / f"{resource.name}.jsonl" if example else None
        if file and not texts and file.is_file():
            texts = message_texts(file, root)
        if texts:
            event = messages_input(texts[: source.batch], source.queue_arn, at=at)
            return event, f"messages of the {resource.kind} {resource.name}"
    return None


def message_sources(pipeline: Pipeline, name: str, target: Target) -> Iterator[MessageSource]:
    """Yield the topics and queues of which messages start ``pipeline``, called ``name``."""
    for trigger in pipeline.triggers:
        match trigger:
            case QueueTrigger(queue=queue):
                yield MessageSource(queue, trigger.batch, target.arn(queue))
            case TopicTrigger(topic=topic):
                yield MessageSource(topic, 1, _topic_queue_arn(name, topic, target))
            case _:
                pass


def messages_input(texts: Sequence[str], queue_arn: str, *, at: float) -> JsonValue:
    """Return the input from a QueueTrigger or TopicTrigger; ``at`` is in seconds since 1970."""
    return [
        message_event(body=text, id=str(uuid.uuid4()), queue_arn=queue_arn, sent_at=at)
        for text in texts
    ]


def _topic_queue_arn(pipeline: str, topic: Topic, target: Target) -> str:
    """Return the ARN of the queue of a TopicTrigger of ``pipeline`` (``layer/name``)."""
    layer, _, name = pipeline.partition("/")
    own = target.names.pipeline(layer, name).trigger(topic.name)
    return queue_arn(target.region, target.account, own)
