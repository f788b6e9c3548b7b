"""The task that shows the values of settings in all environments: ``settings``."""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import UnknownNameError, first_problem
from dorc_runtime.tasks.entry import (
    MISTAKE,
    pinned_repository,
    print_line,
    report_errors,
    tasks_folder,
)
from dorc_runtime.tasks.options import JSON
from dorc_runtime.tasks.short_options import task


@task(help={"env": "one environment, or local (default: all)", **JSON})
@report_errors
def settings(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the values of all settings in each environment, and where each comes from."""
    from dorc_runtime.project.definitions import load_config
    from dorc_runtime.project.environment_values.setting_values import (
        environment_names,
        environment_settings,
        setting_problems,
    )
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.settings_drawing import settings_as_json, show_settings

    repository = pinned_repository(c)
    config = load_config(repository)
    model = config.settings if config else None
    infra = read_settings(tasks_folder(c)).infra_stack_name
    names = environment_names(repository, infra=infra)
    if env is not None and env not in names:
        remedy = f"`invoke new-env {env}` creates it."
        raise UnknownNameError("environment", env, names, remedy=remedy)
    environments = [
        environment_settings(repository, model, name, infra=infra)
        for name in names
        if env in (None, name)
    ]
    problems = setting_problems(environments)
    if json:
        print_json(settings_as_json(environments))
    elif model is None and not problems:
        print_line(
            "there are no settings: add a model to pipeline_config.py, Config(settings=Settings)"
        )
    else:
        show_settings(environments)
    if problems:
        raise Exit(f"error: {first_problem(problems)}", code=MISTAKE)


TASKS: tuple[Task[Any], ...] = (settings,)
