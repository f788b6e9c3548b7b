"""Pipelines that messages of queues and topics connect."""

import json
from collections.abc import Iterator, Sequence

from dorc_runtime.compile.checks import Problem, Source
from dorc_runtime.compile.permissions.function_access import resources, writes
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.steps import Function, Service, all_steps
from dorc_runtime.model.triggers import QueueTrigger, TopicTrigger


def starts_by_messages(sources: Sequence[Source]) -> dict[tuple[str, str], Resource]:
    """Return which pipelines may send messages that start others, except for allowed loops."""
    waiting = [
        (source, resource)
        for source in sources
        for trigger, resource in _triggers(source)
        if trigger.allow_loop is None
    ]
    return {
        (sender.id, source.id): resource
        for source, resource in waiting
        for sender in sources
        if _sends(sender, resource)
    }


def shared_queues(sources: Sequence[Source]) -> Iterator[Problem]:
    """Yield a problem for each pipeline with a queue that also starts another pipeline."""
    first: dict[str, str] = {}
    for source in sources:
        for trigger, queue in _triggers(source):
            if isinstance(trigger, QueueTrigger) and first.get(queue.name) == source.id:
                message = f"the queue '{queue.name}' is in triggers twice: remove one"
                yield Problem(source.file, "QueueTrigger", message)
            elif isinstance(trigger, QueueTrigger) and queue.name in first:
                message = (
                    f"the queue '{queue.name}' also starts {first[queue.name]}, and each message "
                    "starts only one of them: give each its own queue, or send to a Topic"
                )
                yield Problem(source.file, "QueueTrigger", message)
            elif isinstance(trigger, QueueTrigger):
                first[queue.name] = source.id


def _triggers(source: Source) -> Iterator[tuple[QueueTrigger | TopicTrigger, Resource]]:
    for trigger in source.pipeline.triggers:
        match trigger:
            case QueueTrigger(queue=resource) | TopicTrigger(topic=resource):
                yield trigger, resource
            case _:
                pass


def _sends(source: Source, resource: Resource) -> bool:
    """Return whether a step of the pipeline may send a message to ``resource``."""
    address = source.target.address(resource) if source.target else str(resource)
    key = (resource.kind, resource.name)
    for step in all_steps(source.pipeline.steps):
        match step:
            case Function():
                written = resources(writes(step, source.layer))
                if key in [(each.kind, each.name) for each in written]:
                    return True
            case Service() if json.dumps(address) in json.dumps(step.arguments):
                return True
            case _:
                pass
    return False
