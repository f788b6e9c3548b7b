"""The messages of alerts: plain texts, that say what to type next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dorc_runtime.compile.arns import arn_region, partition
from dorc_runtime.deploy.alert_function.failed_execution import FailedExecution
from dorc_runtime.deploy.alert_function.overdue import MissedStart, NoSuccess
from dorc_runtime.deploy.alert_function.repeated_failures import HOUR, hour_of

_ENDINGS = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_CONSOLES = {
    "aws": "{region}.console.aws.amazon.com",
    "aws-cn": "{region}.console.amazonaws.cn",
    "aws-us-gov": "{region}.console.amazonaws-us-gov.com",
}
_LONGEST_MESSAGE = 4_000


@dataclass(frozen=True)
class Message:
    """An alert: a ``subject`` in one line, and a text."""

    subject: str
    text: str


def failure_message(execution: FailedExecution, *, pipeline: str, environment: str) -> Message:
    """Return the message about an execution that failed."""
    ending = _ENDINGS.get(execution.status, execution.status)
    subject = f"{pipeline} {ending} in {environment}"
    if execution.error:
        subject += f": {execution.error}"
    name = execution.name
    rows = [
        ("when", _shown(execution.stopped)),
        ("state", execution.state),
        ("error", execution.error),
        ("message", execution.message[:_LONGEST_MESSAGE]),
        *(("missing", problem) for problem in execution.problems),
    ]
    lines = [f"{label:<8} {value}" for label, value in rows if value]
    if execution.log:
        lines += ["", f"The last lines that {execution.function} printed:"]
        lines += [f"  {line}" for line in execution.log]
    lines += [
        "",
        "What happened:",
        f"  invoke history --execution {name} --env {environment}",
        "Run it on your machine:",
        f"  invoke run {pipeline} --execution {name} --env {environment}",
        "In the console:",
        f"  {_console(execution.arn)}",
    ]
    if execution.is_described:
        end = hour_of(execution.stopped) + HOUR
        again = f"with {execution.error}" if execution.error else "without an error"
        lines += ["", f"Further failures {again} until {end:%H:%M} UTC are counted, not sent."]
    return Message(subject, "\n".join(lines))


def repeats_message(
    counted: Counter[str], hour: datetime, *, pipeline: str, environment: str
) -> Message:
    """Return the message that counts what failed in an hour."""
    times = f"between {hour:%H:%M} and {hour + HOUR:%H:%M} UTC"
    lines = [f"{number:>5}  {error}" for error, number in counted.most_common()]
    lines += [
        "",
        "Which they are:",
        f"  invoke executions --pipeline {pipeline} --failed --since 2h --env {environment}",
    ]
    subject = f"{pipeline} failed {counted.total()} times in {environment} {times}"
    return Message(subject, "\n".join(lines))


def missed_message(missed: MissedStart, *, pipeline: str, environment: str) -> Message:
    """Return the message about a schedule that did not start its pipeline."""
    lines = [
        f"due      {_shown(missed.due)}",
        f"schedule {missed.schedule}",
        "",
        "No execution started at that time. What started:",
        f"  invoke executions --pipeline {pipeline} --since 2h --env {environment}",
        "Events that could not start a pipeline:",
        f"  invoke dead-letters --env {environment}",
    ]
    return Message(f"{pipeline} was not started by its schedule in {environment}", "\n".join(lines))


def no_success_message(overdue: NoSuccess, *, pipeline: str, environment: str) -> Message:
    """Return the message about a pipeline that has not succeeded for too long."""
    last = _shown(overdue.last) if overdue.last else "none in 90 days"
    lines = [
        f"last success {last}",
        f"expected     every {_length(overdue.every)}",
        "",
        "What happened since:",
        f"  invoke executions --pipeline {pipeline} --env {environment}",
    ]
    subject = f"{pipeline} has not succeeded for {_length(overdue.every)} in {environment}"
    return Message(subject, "\n".join(lines))


def unknown_message(problems: Sequence[str], hour: datetime, environment: str) -> Message:
    """Return the message about pipelines of which AWS did not say what they did in an hour."""
    number = len(problems)
    pipelines = "a pipeline" if number == 1 else f"{number} pipelines"
    lines = [f"hour     {_shown(hour)}", *(f"problem  {each}" for each in problems)]
    return Message(f"no alerts about {pipelines} in {environment}", "\n".join(lines))


def _shown(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _length(length: timedelta) -> str:
    """Return a length in the largest unit that makes a whole number."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} seconds"


def _console(execution: str) -> str:
    region = arn_region(execution)
    host = _CONSOLES[partition(region)].format(region=region)
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{execution}"
