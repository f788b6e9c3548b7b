"""Tasks about this machine: what is installed, and what is missing for which task."""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.errors import NotARepositoryError
from dorc_runtime.tasks.entry import report_errors, repository, tasks_folder

_MISSING = 2


@task()
@report_errors
def doctor(c: Context) -> None:
    """Tell what is installed, and what is missing for which task.

    Exits 2 when something is missing that most tasks need.
    """
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.project.tools import findings
    from dorc_runtime.tasks.drawings.run_drawing import show_findings

    try:
        found = repository(c)
    except NotARepositoryError:
        found = None
    seen = tuple(findings(found, read_settings(tasks_folder(c))))
    show_findings(seen)
    needed = [finding.name for finding in seen if finding.missing and not finding.optional]
    if needed:
        raise Exit(f"error: missing: {', '.join(needed)}.", code=_MISSING)


TASKS: tuple[Task[Any], ...] = (doctor,)
