"""The task about this machine: ``doctor``."""

from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.errors import NotARepositoryError
from dorc_runtime.tasks.entry import MISTAKE, current_repository, report_errors, tasks_folder

if TYPE_CHECKING:
    from dorc_runtime.project.settings import Settings
    from dorc_runtime.project.tools import Finding


@task()
@report_errors
def doctor(c: Context) -> None:
    """Show which tools are installed, and which tasks need those that are missing.

    Exits 2 when a tool is missing that most tasks need.
    """
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.project.tools import findings
    from dorc_runtime.tasks.drawings.run_drawing import show_findings

    try:
        repository = current_repository(c)
    except NotARepositoryError:
        repository = None
    settings = read_settings(tasks_folder(c))
    tools = (*findings(repository, settings), _isolation(settings))
    show_findings(tools)
    needed = [finding.name for finding in tools if finding.remedy and not finding.optional]
    if needed:
        raise Exit(f"error: missing: {', '.join(needed)}.", code=MISTAKE)


def _isolation(settings: "Settings") -> "Finding":
    from dorc_runtime.local.sandbox.mechanisms import Isolation, held
    from dorc_runtime.project.tools import Finding

    name, needed_for = "isolation", "run"
    machine = held(Isolation(settings.function_isolation, settings.function_network))
    if not machine.missing:
        detail = f"functions have Lambda's files and network, by {machine.mechanism}"
        return Finding(name, needed_for, detail)
    remedy = f"not held: {', '.join(machine.missing)}. To hold it, {machine.remedy}"
    return Finding(name, needed_for, remedy=remedy, optional=True)


TASKS: tuple[Task[Any], ...] = (doctor,)
