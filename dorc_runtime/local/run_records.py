"""What a run has done in services other than S3: its calls, its messages, its tables."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import JsonValue

from dorc_runtime.local.aws.access.roles import machine_key
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.aws.run_resources import items_of
from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.local.seeds.table_items import values_of
from dorc_runtime.model.resources import Queue, Table, Topic
from dorc_runtime.runs.events import Event, FunctionMeasured
from dorc_runtime.runs.result import FunctionMemory, ServiceCall

# Where requests have the topic or queue, their messages, and the text of each.
_SENT = {
    ("sns", "Publish"): ("TopicArn", None, "Message"),
    ("sns", "PublishBatch"): ("TopicArn", "PublishBatchRequestEntries", "Message"),
    ("sqs", "SendMessage"): ("QueueUrl", None, "MessageBody"),
    ("sqs", "SendMessageBatch"): ("QueueUrl", "Entries", "MessageBody"),
}


def service_calls(lake: Lake, planned: Plan) -> tuple[ServiceCall, ...]:
    """Return the calls of the run, oldest first; those of steps are the pipeline's."""
    pipelines = {machine_key(planned.machine): planned.source.id}
    pipelines |= {machine_key(arn): machine.pipeline for arn, machine in planned.machines.items()}
    return tuple(
        call._replace(caller=pipelines.get(call.caller, call.caller)) for call in lake.calls()
    )


def messages_sent(calls: Sequence[ServiceCall], planned: Plan) -> dict[str, list[JsonValue]]:
    """Return the messages that ``calls`` sent, by the name of the topic or queue.

    One that is no resource of the configuration has its name on AWS.
    """
    named = {
        planned.target.name(each): each.name
        for each in planned.resources
        if isinstance(each, Topic | Queue)
    }
    messages: dict[str, list[JsonValue]] = {name: [] for name in named.values()}
    for call in calls:
        for address, text in sent_texts(call):
            name = address.replace("/", ":").rpartition(":")[2]
            messages.setdefault(named.get(name, name), []).append(_message(text))
    return messages


def table_contents(lake: Lake, planned: Plan) -> dict[str, list[dict[str, JsonValue]]]:
    """Return all items of the tables of a run, as plain JSON, sorted by key."""
    return {
        each.name: [values_of(item) for item in items_of(lake, each, planned.target)]
        for each in planned.resources
        if isinstance(each, Table)
    }


def memory_of(planned: Plan, events: Iterable[Event]) -> dict[str, FunctionMemory]:
    """Return the memory of the functions that were called in worker processes, by name."""
    used: dict[str, int] = {}
    for event in events:
        if isinstance(event, FunctionMeasured):
            used[event.function] = max(event.memory, used.get(event.function, 0))
    return {
        name: FunctionMemory(most, planned.functions[name].memory) for name, most in used.items()
    }


def sent_texts(call: ServiceCall) -> Iterator[tuple[str, str]]:
    """Yield the messages that ``call`` sent: the address of a topic or queue, and a text."""
    if sent := _SENT.get((call.service, call.action)):
        place, entries, text = sent
        arguments: Any = call.arguments
        for entry in arguments[entries] if entries else [arguments]:
            # A message to a phone number has no topic.
            if place in arguments:
                yield arguments[place], entry[text]


def _message(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value
