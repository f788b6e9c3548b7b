"""Tasks for those who write code here: ``vscode``, ``lint``, ``fmt``."""

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import ToolMissingError
from dorc_runtime.tasks.entry import current_repository, print_line, report_errors, tasks_folder
from dorc_runtime.tasks.short_options import task


@task()
@report_errors
def vscode(c: Context) -> None:
    """Write settings for VS Code: run pipelines, debug functions, run tests.

    What .vscode/settings.json and launch.json have already stays as it is.
    """
    from dorc_runtime.project.editors.vscode_files import write_vscode_files

    root = current_repository(c).root
    written = write_vscode_files(root, tasks=tasks_folder(c))
    for file in written:
        print_line(f"wrote {file}")
    if not written:
        print_line(".vscode is complete: nothing was changed")


@task()
@report_errors
def lint(c: Context) -> None:
    """Check style and formatting with ruff, without a change.

    Exits 1 when ruff finds something.
    """
    _ruff(c, ["check"], ["format", "--check"])


@task()
@report_errors
def fmt(c: Context) -> None:
    """Format the code with ruff, and fix what it can fix.

    Exits 1 when something is left to fix by hand.
    """
    _ruff(c, ["check", "--fix"], ["format"])


def _ruff(c: Context, *commands: list[str]) -> None:
    """Run ruff in the repository, with all ``commands``; end the task if one of them fails."""
    root = current_repository(c).root
    if find_spec("ruff") is None:
        raise ToolMissingError(
            "ruff is not installed: add it to the dependencies in pyproject.toml, then `invoke "
            "venv`."
        )
    codes = [
        subprocess.run(  # noqa: S603 # ruff, with the words of above
            [sys.executable, "-m", "ruff", *words, "."], cwd=root, check=False
        ).returncode
        for words in commands
    ]
    if any(codes):
        raise Exit(code=max(codes))


TASKS: tuple[Task[Any], ...] = (vscode, lint, fmt)
