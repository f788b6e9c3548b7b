"""The task that tells, offline, all that a deployment would ask for."""

import os
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.entry import pinned_repository, report_errors, say, tasks_folder

MISTAKE = 2
# As many as a second process gets done in the time that it takes to start.
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
    """Tell as JSON what a deployment would make, offline: every resource with its properties.

    AWS is played, as if every image were built. Where no account is set, it is 123456789012.
    """
    import json

    from dorc_runtime.deploy.driver.instances import find_instance
    from dorc_runtime.project.repository import load_config
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.testing.synth.synthesis import ACCOUNT, synth_instance
    from dorc_runtime.testing.synth.synthesis import synth as run_programs

    if instance is None and env is None:
        raise Exit("error: say of which environment: add --env, or --instance universal.", MISTAKE)
    found = pinned_repository(c)
    settings = read_settings(tasks_folder(c))
    config = load_config(found)
    universal = config.universal if config else None
    account = (universal and universal.account) or settings.aws_account or ACCOUNT
    document: dict[str, object]
    if instance is None and env is not None:
        many = len(found.pipelines) > _FEW_PIPELINES
        processes = os.cpu_count() or 1 if many else 1
        made = run_programs(found, environment=env, account=account, processes=processes)
        document = made.document()
    else:
        wanted = find_instance(found, settings, instance=instance, layer=None, environment=env)
        document = synth_instance(found, wanted, account=account).document()
    text = json.dumps(document, indent=2)
    if out is None:
        say(text)
    else:
        Path(out).write_text(text + "\n", encoding="utf-8")
        say(f"written to {out}")


TASKS: tuple[Task[Any], ...] = (synth,)
