"""The task that removes what commands left on this machine: ``clean``."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import Task
from pydantic import JsonValue

from dorc_runtime.project.repository import Repository
from dorc_runtime.tasks.entry import current_repository, print_line, report_errors
from dorc_runtime.tasks.options import JSON, ask, check_confirmation
from dorc_runtime.tasks.short_options import task

# So many runs stay, for `--seed-from` and for people.
_NEWEST = 5


@dataclass(frozen=True)
class _Leftovers:
    """Folders of one kind, with the bytes that they take."""

    kind: str
    folders: tuple[Path, ...]
    size: int


@task(
    help={
        "all": "also the newest runs, the objects of executions, and the packages that are needed",
        "dry-run": "show what would be removed, and remove nothing",
        "yes": "do it without a question",
        **JSON,
    }
)
@report_errors
def clean(
    c: Context,
    all: bool = False,  # noqa: A002 - what people type
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Remove old runs, and packages that no pipeline needs, from .dorc/."""
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.text import size_text

    repository = current_repository(c)
    found = _leftovers(repository, everything=all)
    size = sum(each.size for each in found)
    for each in () if json else found:
        if each.folders:
            print_line(f"{each.kind} to remove: {len(each.folders)} ({size_text(each.size)})")
    if size and not dry_run:
        check_confirmation(yes, json=json)
        if not yes:
            ask(f"Remove {size_text(size)}?")
        for folder in (folder for each in found for folder in each.folders):
            shutil.rmtree(folder, ignore_errors=True)
    freed = 0 if dry_run else size - sum(_size(each.folders) for each in found)
    if json:
        folders: list[JsonValue] = [
            repository.show(folder) for each in found for folder in each.folders
        ]
        print_json({"folders": folders, "bytes": size, "freed_bytes": freed})
    elif not size:
        print_line("nothing to remove")
    elif dry_run:
        print_line(f"would free {size_text(size)}")
    else:
        print_line(f"freed {size_text(freed)}")


def _leftovers(repository: Repository, *, everything: bool) -> tuple[_Leftovers, ...]:
    from dorc_runtime.operate.execution_inputs import OBJECTS
    from dorc_runtime.project.packages import unused_packages
    from dorc_runtime.runs.folder import run_folders

    runs, objects = run_folders(repository.root), list[Path]()
    cache = repository.root / ".dorc" / "packages"
    if everything:
        packages = [path for path in cache.glob("*") if path.is_dir()]
        # A run that stays may start another one with them.
        objects = [path for path in (repository.root / OBJECTS,) if path.is_dir()]
    else:
        runs, packages = runs[:-_NEWEST], unused_packages(repository, cache=cache)
    return tuple(
        _Leftovers(kind, tuple(folders), _size(folders))
        for kind, folders in (
            ("runs", runs),
            ("sets of packages", packages),
            ("folders of objects", objects),
        )
    )


def _size(folders: Iterable[Path]) -> int:
    """Return the bytes of all files in ``folders``."""
    files = (path for folder in folders for path in folder.rglob("*") if not path.is_dir())
    return sum(file.lstat().st_size for file in files)


TASKS: tuple[Task[Any], ...] = (clean,)
