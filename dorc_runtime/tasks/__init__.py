"""Invoke's tasks: arguments in, one call out.

There is a file for each group of commands: ``pipeline_list`` (list), ``run`` (run, check),
``repository_tests`` (test), ``watch``, ``scaffold`` (new-pipeline, new-function), ``layout``
(environments and layers), ``deploy`` (preview, apply, destroy), ``state`` (init, outputs, drift,
unlock), ``setting_table`` (settings), ``secret``, ``synth``, ``preview_comment``, ``doctor``,
``clean``, ``upgrade`` and ``editors`` (vscode, lint, fmt); of executions on AWS ``aws_status``
(status), ``aws_executions`` (executions, history), ``aws_logs`` (logs), ``aws_starts`` (start,
stop), ``aws_redrives`` (redrive), ``aws_backfill`` (backfill) and ``aws_dead_letters``
(dead-letters).

What they share is in ``entry`` (the repository, errors), ``short_options``,
``repository_changes``, ``options`` (of deploying tasks), ``aws_options`` (of tasks about
executions), ``protection`` (of environments) and ``signals``; ``new_settings`` asks for the
settings of a new environment; what people see is in ``drawings``.

Tasks import what they need when they run, so that ``invoke --list`` stays fast.
"""

import subprocess
import sys
from pathlib import Path

from invoke.collection import Collection

from dorc_runtime.tasks import (
    aws_backfill,
    aws_dead_letters,
    aws_executions,
    aws_logs,
    aws_redrives,
    aws_starts,
    aws_status,
    clean,
    deploy,
    doctor,
    editors,
    layout,
    pipeline_list,
    preview_comment,
    repository_tests,
    run,
    scaffold,
    secret,
    setting_table,
    state,
    synth,
    upgrade,
    watch,
)
from dorc_runtime.tasks.drawings.streams import adapt_streams

__all__ = ["add_tasks"]


def add_tasks(namespace: Collection, *, root: Path) -> None:
    """Add dorc's tasks to ``namespace``, except for those with a name that it already has.

    ``root`` is the folder of ``tasks.py``. The tasks work on the repository there, or on the one
    that ``CONFIG_REPO_PATH`` in its ``.env`` names.
    """
    modules = (
        doctor, scaffold, layout, upgrade, pipeline_list, run, repository_tests, watch,
        setting_table, secret, clean, synth, deploy, state, aws_status,
        aws_executions, aws_logs,
        aws_redrives, aws_starts, aws_backfill, aws_dead_letters,
        preview_comment, editors,
    )  # fmt: skip
    for task in (task for module in modules for task in module.TASKS):
        if task.name not in namespace.task_names:
            namespace.add_task(task)
    namespace.configure({"dorc": {"root": str(root)}})
    program, *words = sys.argv or [""]
    if Path(program).stem in ("invoke", "inv", "__main__"):
        # Invoke prints lists and help itself, and a reader such as `head` may stop to read.
        adapt_streams()
        _show_help_of_task(namespace, words)


def _show_help_of_task(namespace: Collection, words: list[str]) -> None:
    """Handle `invoke TASK --help`: Invoke reads `--help` as TASK's first argument if it has any."""
    for number, option in enumerate(words):
        named = [name for name in words[:number] if name in namespace.task_names]
        if option in ("--help", "-h") and named:
            name = named[0]
            command = [sys.executable, "-m", "invoke", "--help", name]
            sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603
