"""What the function of alerts does with an event of its rules.

The rules send ``{"execution", "machine", "status", "time"}`` for an execution that failed, and
``{"hour"}`` ten minutes after each hour of the clock; all times are in UTC.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dorc_runtime.deploy.alert_function.deployed_pipelines import (
    AlertSettings,
    Aws,
    DeployedPipeline,
    deployed_pipeline,
    deployed_pipelines,
    pipeline_name,
)
from dorc_runtime.deploy.alert_function.failed_execution import (
    attempt,
    event_execution,
    with_details,
)
from dorc_runtime.deploy.alert_function.messages import (
    Message,
    failure_message,
    missed_message,
    no_success_message,
    repeats_message,
    unknown_message,
)
from dorc_runtime.deploy.alert_function.notification import send
from dorc_runtime.deploy.alert_function.overdue import missed_starts, no_success
from dorc_runtime.deploy.alert_function.repeated_failures import HOUR, failures, hour_of, is_repeat

_AWS = Aws()
_LOG = logging.getLogger("alerts")
_LOG.setLevel(logging.INFO)


def handler(event: Mapping[str, str], context: Any) -> None:
    """Send the alerts that an event asks for."""
    settings = AlertSettings.read(os.environ)
    if "hour" in event:
        _look_back(hour_of(datetime.fromisoformat(event["hour"])) - HOUR, settings)
    else:
        _report_failure(event, settings)


def _report_failure(event: Mapping[str, str], settings: AlertSettings) -> None:
    problems: list[str] = []
    execution = event_execution(event)
    machine = execution.machine
    unknown = DeployedPipeline(pipeline_name(machine), machine, None, {})
    pipeline = attempt(lambda: deployed_pipeline(_AWS, machine), unknown, problems)
    if pipeline.is_muted(datetime.now(UTC).date()):
        _LOG.info("muted: %s", execution.arn)
        return
    execution = with_details(_AWS, execution)
    # Where AWS does not say that it is a repeat, it is the first.
    if execution.is_described and attempt(lambda: is_repeat(_AWS, execution), False, problems):
        _LOG.info("counted, not sent: %s", execution.arn)
        return
    execution = replace(execution, problems=(*execution.problems, *problems))
    message = failure_message(execution, pipeline=pipeline.id, environment=settings.environment)
    send(message, _AWS, settings)


def _look_back(hour: datetime, settings: AlertSettings) -> None:
    """Send what an hour of the clock asks for; one pipeline's problem does not hide another's."""
    problems: list[str] = []
    for pipeline in deployed_pipelines(_AWS, settings.names):
        if not pipeline.is_muted(datetime.now(UTC).date()):
            attempt(partial(_look_at, pipeline, hour, settings), None, problems)
    if problems:
        # A call that fails is tried again, and would send all other messages again.
        send(unknown_message(problems, hour, settings.environment), _AWS, settings)


def _look_at(pipeline: DeployedPipeline, hour: datetime, settings: AlertSettings) -> None:
    for message in _messages(pipeline, hour, settings):
        send(message, _AWS, settings)


def _messages(
    pipeline: DeployedPipeline, hour: datetime, settings: AlertSettings
) -> Iterator[Message]:
    place = {"pipeline": pipeline.id, "environment": settings.environment}
    counted = failures(_AWS, pipeline, hour)
    if any(number > 1 for number in counted.values()):
        yield repeats_message(counted, hour, **place)
    layer, _, name = pipeline.id.partition("/")
    group = settings.names.pipeline(layer, name).schedule_group
    for missed in missed_starts(_AWS, pipeline, group, hour):
        yield missed_message(missed, **place)
    if overdue := no_success(_AWS, pipeline, hour):
        yield no_success_message(overdue, **place)
