"""Invoke's tasks, thin: arguments in, one call out. What people see is drawn in ``show``.

Tasks import what they need when they run, so that ``invoke --list`` stays quick.
"""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from invoke.collection import Collection

from dorc_runtime.tasks import (
    deploy,
    doctor,
    layout,
    preview_comment,
    run,
    scaffold,
    state,
    synth,
    upgrade,
)

__all__ = ["add_tasks"]


def add_tasks(namespace: Collection, *, root: Path) -> None:
    """Add dorc's tasks to ``namespace``, for the repository that ``root`` is, or points to.

    ``root`` is the folder of ``tasks.py``; its ``.env`` may send the tasks to another repository
    by ``CONFIG_REPO_PATH``. Tasks that ``namespace`` already has stay.
    """
    modules = (doctor, scaffold, layout, upgrade, run, synth, deploy, state, preview_comment)
    for task in (task for module in modules for task in module.TASKS):
        if task.name not in namespace.task_names:
            namespace.add_task(task)
    namespace.configure({"dorc": {"root": str(root)}})
    _help_behind_a_task(namespace)


def _help_behind_a_task(namespace: Collection) -> None:
    """Answer `invoke TASK --help`, which Invoke takes for TASK's first argument if it has any."""
    program, *words = sys.argv or [""]
    if Path(program).stem not in ("invoke", "inv", "__main__"):
        return
    for name, asked in pairwise(words):
        if asked in ("--help", "-h") and name in namespace.task_names:
            command = [sys.executable, "-m", "invoke", "--help", name]
            sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603
