"""The task about all pipelines of an environment on AWS: ``status``.

It needs read permissions, and neither Pulumi nor a passphrase.
"""

from __future__ import annotations

from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.tasks.aws_options import aws_environment, aws_target, requested_pipelines
from dorc_runtime.tasks.entry import pinned_repository, report_errors, tasks_folder
from dorc_runtime.tasks.options import ENVIRONMENT, JSON, environment_option
from dorc_runtime.tasks.short_options import task


@task(help={**ENVIRONMENT, **JSON}, positional=[])
@report_errors
def status(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show how all pipelines are on AWS: what failed, runs, starts next, or is not deployed."""
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    pipelines = requested_pipelines(repository, None)
    aws = aws_environment(c, repository, environment)
    from datetime import UTC, datetime

    from dorc_runtime.deploy.deployment_context import shared_config
    from dorc_runtime.operate.letters.letter_queues import DeadLetters
    from dorc_runtime.operate.letters.trigger_table import trigger_table
    from dorc_runtime.operate.status.current_pipelines import current_pipelines
    from dorc_runtime.operate.status.pipeline_status import pipeline_statuses
    from dorc_runtime.project.definitions import load_pipeline
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.status_drawing import show_status, status_as_json

    universal = shared_config(repository, read_settings(tasks_folder(c))).universal
    target = aws_target(c, repository, aws)
    definitions = {name: load_pipeline(repository.pipeline(name)) for name in pipelines}
    current = current_pipelines(repository, definitions, universal, target)
    statuses = pipeline_statuses(aws, current, now=datetime.now(UTC))
    letters = DeadLetters(aws, target, trigger_table(definitions, target))
    # Without a pipeline, there may be no queue either.
    waiting = letters.count() if any(each.deployed for each in statuses) else None
    if json:
        print_json(status_as_json(statuses, dead_letters=waiting, environment=environment))
    else:
        show_status(statuses, dead_letters=waiting, environment=environment)


TASKS: tuple[Task[Any], ...] = (status,)
