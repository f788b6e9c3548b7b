"""What starts a pipeline on AWS: the rules of EventBridge and the schedules of its Scheduler.

What a pipeline receives is made by ``compile.events``, from placeholders here and from real values
in a local run, so that the two agree.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.names import Names, machine_arn, zones
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
    S3Trigger,
    Trigger,
)

# What Scheduler puts in for this is the time that a start was due, as 2030-01-31T06:00:00Z:
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
}


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule on the event bus ``bus``: events that fit ``pattern`` start the pipeline.

    It receives ``template``, where the value at each of ``paths`` in the event stands for its name
    in ``<>``; without a template it receives the whole event. ``key`` tells a pipeline's triggers
    apart, and stays the same when others come and go.
    """

    key: str
    pattern: Document
    bus: str = "default"
    paths: Mapping[str, str] | None = None
    template: str | None = None


@dataclass(frozen=True)
class Schedule:
    """A schedule: at the times of ``expression`` in ``timezone`` the pipeline receives ``input``.

    ``key`` is as a rule's.
    """

    key: str
    expression: str
    timezone: str
    input: Event
    enabled: bool


def triggers(
    pipeline: Pipeline,
    *,
    layer: str,
    buckets: Mapping[str, str],
    names: Names,
    region: str,
    account: str,
) -> tuple[Rule | Schedule, ...]:
    """Return what starts ``pipeline``, which is in ``layer``, in the environment of ``names``.

    ``buckets`` has the bucket of each zone; without its own, an S3 trigger watches that of the
    layer's source zone. Other pipelines are those in this region and account.
    """
    made: dict[str, Rule | Schedule] = {}
    for trigger in pipeline.triggers:
        key = _unused(_key(trigger), made)
        match trigger:
            case S3Trigger():
                bucket = trigger.bucket or buckets[(zones(layer) or (layer,))[0]]
                made[key] = _object_rule(key, trigger, bucket)
            case PipelineTrigger():
                of_layer, _, name = trigger.pipeline.partition("/")
                followed = names.pipeline(of_layer, name).machine
                made[key] = _pipeline_rule(key, trigger, machine_arn(region, account, followed))
            case EventTrigger():
                made[key] = Rule(key, trigger.pattern, trigger.bus)
            case CronTrigger():
                made[key] = Schedule(
                    key,
                    trigger.schedule,
                    trigger.timezone,
                    schedule_event(time=_DUE, given=trigger.input),
                    trigger.is_enabled(names.environment),
                )
    return tuple(made.values())


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
        pipeline=trigger.pipeline, execution="<execution>", status="<status>", time="<time>"
    )
    return Rule(key, pattern, "default", _EXECUTION_PATHS, _template(template))


def _template(event: Event) -> str:
    """Return ``event`` as an input template, its placeholders without quotes.

    EventBridge puts JSON in for those, with quotes where there are to be: a key with a quote of its
    own stays whole, and a number stays one.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    return re.sub(r'"(<[a-z]+>)"', r"\1", json.dumps(event))


def _literal(text: str) -> str:
    r"""Escape what a wildcard pattern takes for its own, ``*`` and ``\``.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    return re.sub(r"[*\\]", r"\\\g<0>", text)


def _key(trigger: Trigger) -> str:
    """Return a short name for what a trigger says; whether it is switched on is no part of it."""
    kind = type(trigger).__name__.removesuffix("Trigger").lower()
    said = trigger.model_dump(mode="json", exclude={"enabled"})
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{digest[:8]}"


def _unused(wanted: str, taken: Mapping[str, object]) -> str:
    key, number = wanted, 1
    while key in taken:
        number += 1
        key = f"{wanted}-{number}"
    return key
