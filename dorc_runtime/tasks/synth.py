"""The task that shows offline what a deployment would create: ``synth``."""

import os
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.tasks.entry import (
    MISTAKE,
    pinned_repository,
    print_line,
    report_errors,
    tasks_folder,
)
from dorc_runtime.tasks.short_options import task

# A second process gets about as many done in the time that it takes to start.
_FEW_PIPELINES = 20


@task(
    help={
        "instance": "universal, infra or LAYER/NAME of a pipeline (default: all)",
        "env": "the environment; universal has none",
        "out": "the file to write to (default: print it)",
    }
)
@report_errors
def synth(
    c: Context, instance: str | None = None, env: str | None = None, out: str | None = None
) -> None:
    """Print as JSON, offline, every resource that a deployment would create.

    No AWS is used; every image counts as built. The account is 123456789012 if none is set.
    """
    import json

    from dorc_runtime.deploy.driver.instances import find_instance
    from dorc_runtime.deploy.synth.synthesis import ACCOUNT, synth_instance
    from dorc_runtime.deploy.synth.synthesis import synth as run_programs
    from dorc_runtime.project.definitions import load_config
    from dorc_runtime.project.settings import read_settings

    if instance is None and env is None:
        raise Exit("error: name the environment: add --env, or --instance universal.", MISTAKE)
    repository = pinned_repository(c)
    settings = read_settings(tasks_folder(c))
    config = load_config(repository)
    universal = config.universal if config else None
    account = (universal and universal.account) or settings.aws_account or ACCOUNT
    document: dict[str, object]
    if instance is None and env is not None:
        many = len(repository.pipelines) > _FEW_PIPELINES
        processes = os.cpu_count() or 1 if many else 1
        made = run_programs(repository, environment=env, account=account, processes=processes)
        document = made.document()
    else:
        requested = find_instance(
            repository, settings, instance=instance, layer=None, environment=env
        )
        document = synth_instance(repository, requested, account=account).document()
    text = json.dumps(document, indent=2)
    if out is None:
        print_line(text)
    else:
        Path(out).write_text(text + "\n", encoding="utf-8")
        print_line(f"written to {out}")


TASKS: tuple[Task[Any], ...] = (synth,)
