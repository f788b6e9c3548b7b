"""A dead letter: what could not start a pipeline, why, and what starts it now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.triggers.rules import rule_input
from dorc_runtime.compile.triggers.trigger_input import Event, message_event
from dorc_runtime.operate.letters.trigger_table import TriggerTable

# Scheduler writes the time of the schedule in its place:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_DUE = "<aws.scheduler.scheduled-time>"
_LONGEST_SUBJECT = 60


@dataclass(frozen=True)
class LetterQueue:
    """The dead-letter queue ``name``; ``source`` is the name of the ``Queue`` that it belongs to.

    Infra's own, which the triggers of all pipelines share, has no ``source``.
    """

    name: str
    source: str = ""
    source_arn: str = ""


@dataclass(frozen=True)
class Start:
    """A replay that starts ``pipeline`` with the input that its trigger gives."""

    pipeline: str
    input: JsonValue


@dataclass(frozen=True)
class SendBack:
    """A replay that sends a message to the queue ``queue``, a name on AWS, again."""

    queue: str
    body: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class NoReplay:
    """Why a dead letter cannot be replayed, and what to do."""

    reason: str


@dataclass(frozen=True)
class DeadLetter:
    """A message of the dead-letter queue ``queue``, a name on AWS.

    ``pipeline`` (``layer/name``) is what should have started, ``subject`` what should have started
    it. ``error`` and ``message`` are AWS's words, ``retries`` says how often AWS tried again, and
    ``sent`` when the message was sent. What is not known is "" or None.
    """

    id: str
    queue: str
    pipeline: str
    subject: str
    error: str
    message: str
    retries: int | None
    sent: datetime
    replay: Start | SendBack | NoReplay


def dead_letter(received: Mapping[str, Any], queue: LetterQueue, table: TriggerTable) -> DeadLetter:
    """Return what ``received``, a message as SQS gives it, means in ``queue``.

    The attributes of rules and of schedules:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    given = received.get("MessageAttributes", {})
    written = {name: str(value.get("StringValue", "")) for name, value in given.items()}
    system = received["Attributes"]
    source = queue.source_arn or system.get("DeadLetterQueueSourceArn", "")
    is_message = bool(source) and "TARGET_ARN" not in written
    if is_message:
        pipeline, subject, replay = _of_message(received, source, queue, table)
    else:
        pipeline = table.machines.get(written.get("TARGET_ARN", ""), "")
        subject, replay = _of_target(received["Body"], written, pipeline, table)
    retries = written.get("RETRY_ATTEMPTS", "")
    return DeadLetter(
        id=received["MessageId"],
        queue=queue.name,
        pipeline=pipeline,
        subject=subject,
        error=written.get("ERROR_CODE", ""),
        message=written.get("ERROR_MESSAGE", "nobody deleted it in time" if is_message else ""),
        retries=int(retries) if retries.isdecimal() else None,
        sent=_time(system),
        replay=replay,
    )


def _of_message(
    received: Mapping[str, Any], source: str, queue: LetterQueue, table: TriggerTable
) -> tuple[str, str, Start | SendBack | NoReplay]:
    body, pipeline = received["Body"], table.queues.get(source, "")
    subject = f"message {_short(body)}"
    if pipeline:
        message = message_event(
            body=body,
            id=received["MessageId"],
            queue_arn=source,
            sent_at=_time(received["Attributes"]).timestamp(),
        )
        return pipeline, subject, Start(pipeline, [message])
    if queue.source:
        return "", subject, SendBack(queue.source, body, received.get("MessageAttributes", {}))
    name = source.rpartition(":")[2]
    return "", subject, NoReplay(f"no trigger here reads the queue {name}: drop it")


def _of_target(
    body: str, written: Mapping[str, str], pipeline: str, table: TriggerTable
) -> tuple[str, Start | NoReplay]:
    """Return what should have reached a target, and how to replay it."""
    target = written.get("TARGET_ARN", "")
    value = _json(body)
    event = value if isinstance(value, dict) else {}
    due = written.get("SCHEDULED_TIME", "")
    is_scheduled = "SCHEDULE_ARN" in written
    if is_scheduled:
        subject = f"schedule due at {due}" if due else "schedule"
    else:
        subject = _subject(event) or f"message {_short(body)}"
    if not target:
        return subject, NoReplay("neither a rule nor a schedule sent it: drop it")
    if not pipeline:
        return subject, _of_other_target(target)
    if written.get("IS_PAYLOAD_TRUNCATED") == "true":
        return subject, NoReplay("AWS has cut it off: use `invoke start`, then drop it")
    if is_scheduled:
        return subject, Start(pipeline, _json(body.replace(_DUE, due)))
    rule = table.rules.get(written.get("RULE_ARN", ""))
    if rule is None:
        reason = f"its trigger is not in {pipeline} any more: use `invoke start`, then drop it"
        return subject, NoReplay(reason)
    return subject, Start(pipeline, rule_input(rule, event))


def _of_other_target(target: str) -> NoReplay:
    service, name = target.split(":")[2], target.rpartition(":")[2]
    if service == "states":
        return NoReplay(f"this repository has no pipeline with the state machine {name}: drop it")
    return NoReplay("it is an alert: see `invoke executions --failed`, then drop it")


def _subject(event: Event) -> str:
    """Return what an event of EventBridge is about."""
    match event:
        case {
            "source": "aws.s3",
            "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}},
        }:
            return f"{key} in {bucket}"
        case {"source": "aws.states", "detail": {"executionArn": str(arn), "status": str(status)}}:
            machine, _, execution = arn.rpartition(":")
            return f"execution {execution} of {machine.rpartition(':')[2]} {status}"
        case {"source": str(source), "detail-type": str(kind)}:
            return f"event {source} {kind}"
        case _:
            return ""


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _time(system: Mapping[str, str]) -> datetime:
    return datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SUBJECT else f"{line[:_LONGEST_SUBJECT]}…"
