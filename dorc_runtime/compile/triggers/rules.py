"""What starts a pipeline on AWS: rules, schedules and pipes of EventBridge.

``trigger_input`` makes the input of the pipeline, from placeholders here and from real values in a
local run, so that the two agree.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from dorc_runtime.compile.arns import machine_arn
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.object_triggers import watched_bucket
from dorc_runtime.compile.triggers.trigger_input import (
    Event,
    object_event,
    pipeline_event,
    schedule_event,
)
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.triggers import (
    CronTrigger,
    EventTrigger,
    PipelineTrigger,
    QueueTrigger,
    S3Trigger,
    TopicTrigger,
    Trigger,
)

# Scheduler replaces this with the time of the schedule, for example 2030-01-31T06:00:00Z:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_DUE = "<aws.scheduler.scheduled-time>"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
_OBJECT_PATHS = {
    "bucket": "$.detail.bucket.name",
    "key": "$.detail.object.key",
    "size": "$.detail.object.size",
    "etag": "$.detail.object.etag",
    "time": "$.time",
}
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_EXECUTION_PATHS = {
    "execution": "$.detail.executionArn",
    "status": "$.detail.status",
    "time": "$.time",
    "input": "$.detail.input",
    "output": "$.detail.output",
}


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule on the event bus ``bus``: an event that matches ``pattern`` starts it.

    The input is ``template``; each ``<name>`` in it is replaced by the value at the path of that
    name in the event. Without a template the input is the whole event. ``key`` identifies a trigger
    of the pipeline, and does not change when other triggers are added or removed.
    """

    key: str
    pattern: Document
    bus: str = "default"
    paths: Mapping[str, str] | None = None
    template: str | None = None


@dataclass(frozen=True)
class Schedule:
    """A schedule: at the times of ``expression`` in ``timezone`` it starts with ``input``.

    ``key`` identifies the trigger, as in ``Rule``.
    """

    key: str
    expression: str
    timezone: str
    input: Event
    enabled: bool


@dataclass(frozen=True)
class Pipe:
    """A pipe: it starts with lists of at most ``batch`` messages of the queue ``queue``, an ARN.

    Messages are collected for ``window`` seconds. With a ``topic``, an ARN, the queue is the
    trigger's own: it has no other ``queue``, and gets its messages from there. ``key`` identifies
    the trigger, as in ``Rule``.
    """

    key: str
    queue: str | None = None
    topic: str | None = None
    batch: int = 1
    window: int = 0


def triggers(
    pipeline: Pipeline, *, layer: str, target: Target
) -> tuple[Rule | Schedule | Pipe, ...]:
    """Return the rules, schedules and pipes of ``pipeline`` of ``layer`` in ``target``.

    An S3Trigger without a bucket watches the one of the layer's source zone. Other pipelines are in
    the same region and account.
    """
    made: dict[str, Rule | Schedule | Pipe] = {}
    for trigger in pipeline.triggers:
        key = _unique_key(_key(trigger), made)
        match trigger:
            case S3Trigger():
                bucket = watched_bucket(trigger, layer=layer, target=target)
                made[key] = _object_rule(key, trigger, bucket)
            case PipelineTrigger():
                of_layer, _, name = trigger.pipeline.partition("/")
                followed = target.names.pipeline(of_layer, name).machine
                arn = machine_arn(target.region, target.account, followed)
                made[key] = _pipeline_rule(key, trigger, arn)
            case EventTrigger():
                made[key] = Rule(key, trigger.pattern, trigger.bus)
            case QueueTrigger():
                window = int(trigger.window.total_seconds())
                queue = target.arn(trigger.queue)
                made[key] = Pipe(key, queue=queue, batch=trigger.batch, window=window)
            case TopicTrigger():
                made[key] = Pipe(key, topic=target.arn(trigger.topic))
            case CronTrigger():
                made[key] = Schedule(
                    key,
                    trigger.schedule,
                    trigger.timezone,
                    schedule_event(time=_DUE, extra=trigger.input),
                    trigger.is_enabled(target.environment),
                )
    return tuple(made.values())


def rule_input(rule: Rule, event: Event) -> JsonValue:
    """Return the input that ``rule`` gives to its pipeline for ``event``, as EventBridge makes it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if rule.template is None:
        return event
    paths = rule.paths or {}
    text = re.sub("<([a-z]+)>", lambda name: json.dumps(_at(event, paths[name[1]])), rule.template)
    received: JsonValue = json.loads(text)
    return received


def _at(event: Event, path: str) -> JsonValue:
    """Return the value at a path like ``$.detail.object.key``."""
    value: JsonValue = event
    for name in path.removeprefix("$.").split("."):
        value = value[name] if isinstance(value, dict) else None
    return value


def _object_rule(key: str, trigger: S3Trigger, bucket: str) -> Rule:
    detail: Document = {"bucket": {"name": [bucket]}}
    if trigger.prefix or trigger.suffix:
        wildcard = f"{_literal(trigger.prefix)}*{_literal(trigger.suffix)}"
        detail["object"] = {"key": [{"wildcard": wildcard}]}
    pattern: Document = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": detail,
    }
    template = object_event(bucket="<bucket>", key="<key>", size=0, etag="<etag>", time="<time>")
    return Rule(key, pattern, "default", _OBJECT_PATHS, _template({**template, "size": "<size>"}))


def _pipeline_rule(key: str, trigger: PipelineTrigger, machine: str) -> Rule:
    pattern: Document = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine], "status": list(trigger.on)},
    }
    template = pipeline_event(
        pipeline=trigger.pipeline,
        execution="<execution>",
        status="<status>",
        time="<time>",
        input="<input>",
        output="<output>",
    )
    return Rule(key, pattern, "default", _EXECUTION_PATHS, _template(template))


def _template(event: Event) -> str:
    """Return ``event`` as an input template, its placeholders without quotes.

    EventBridge replaces a placeholder by JSON, with quotes where JSON needs them.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    return re.sub(r'"(<[a-z]+>)"', r"\1", json.dumps(event))


def _literal(text: str) -> str:
    r"""Escape the special characters of a wildcard pattern, ``*`` and ``\``.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    return re.sub(r"[*\\]", r"\\\g<0>", text)


def _key(trigger: Trigger) -> str:
    """Return a short name made from the fields of a trigger that say when it starts."""
    kind = type(trigger).__name__.removesuffix("Trigger").lower()
    match trigger:
        case QueueTrigger(queue=resource) | TopicTrigger(topic=resource):
            # Other fields of the resource, and of the trigger, may change without a new pipe.
            fields: JsonValue = {kind: resource.name}
        case _:
            fields = trigger.model_dump(mode="json", exclude={"enabled", "allow_loop"})
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{digest[:8]}"


def _unique_key(base: str, others: Mapping[str, object]) -> str:
    key, number = base, 1
    while key in others:
        number += 1
        key = f"{base}-{number}"
    return key
