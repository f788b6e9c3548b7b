"""The task about this machine: ``doctor``."""

from dataclasses import asdict
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import NotARepositoryError
from dorc_runtime.tasks.entry import MISTAKE, current_repository, report_errors, tasks_folder
from dorc_runtime.tasks.options import JSON
from dorc_runtime.tasks.short_options import task


@task(help=JSON)
@report_errors
def doctor(c: Context, json: bool = False) -> None:
    """Show which tools are installed, and which tasks need those that are missing.

    Exits 2 when a tool is missing that most tasks need.
    """
    from dorc_runtime.local.sandbox.finding import isolation_finding
    from dorc_runtime.local.sandbox.mechanisms import Isolation
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.project.tools import findings
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.tool_drawing import show_findings

    try:
        repository = current_repository(c)
    except NotARepositoryError:
        repository = None
    settings = read_settings(tasks_folder(c))
    isolation = Isolation(settings.function_isolation, settings.function_network)
    tools = (*findings(repository, settings), isolation_finding(isolation))
    if json:
        print_json([asdict(finding) for finding in tools])
    else:
        show_findings(tools)
    needed = [finding.name for finding in tools if finding.remedy and not finding.optional]
    if needed:
        raise Exit(f"error: missing: {', '.join(needed)}.", code=MISTAKE)


TASKS: tuple[Task[Any], ...] = (doctor,)
