"""`invoke clean`: what it removes from `.dorc/`, and what stays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dorc_runtime.project.packages import packages_folder, remove_unused_packages
from dorc_runtime.project.repository import Repository as Folder
from tests.local.wheels import write_wheel

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

PACKAGES = ".dorc/packages"
DONE = "runs to remove: 2 (2.0 kB)\nsets of packages to remove: 2 (10.0 kB)\n"


@pytest.fixture
def used(repository: Repository) -> Repository:
    """A repository with seven runs, and with packages that no pipeline needs."""
    for day in range(1, 8):
        repository.write(f".dorc/runs/2026010{day}-000000-000000-a/log.txt", "x" * 1000)
    for name in ("cpython-a", ".new-left"):
        repository.write(f"{PACKAGES}/{name}/module.py", "x" * 5000)
    os.utime(repository.root / PACKAGES / ".new-left", (0, 0))
    repository.write(f"{PACKAGES}/.new-other/module.py", "being installed")
    return repository


def left(repository: Repository) -> list[str]:
    return sorted(path.name for path in repository.root.glob(".dorc/*/*"))


def test_the_newest_runs_stay_and_packages_that_are_being_installed(used: Repository) -> None:
    done = used.invoke("clean", "--yes")
    assert done.stdout == f"{DONE}freed 12.0 kB\n"
    runs = [f"2026010{day}-000000-000000-a" for day in range(3, 8)]
    assert left(used) == [".new-other", *runs]
    assert used.invoke("clean", "--yes").stdout == "nothing to remove\n"


def test_a_dry_run_removes_nothing(used: Repository) -> None:
    before = left(used)
    assert used.invoke("clean", "--dry-run").stdout == f"{DONE}would free 12.0 kB\n"
    assert used.invoke("clean").returncode == 2
    assert left(used) == before


def test_the_folders_are_listed_as_json(used: Repository) -> None:
    result = json.loads(used.invoke("clean", "--yes", "--json").stdout)
    assert f"{PACKAGES}/cpython-a" in result["folders"]
    assert (len(result["folders"]), result["bytes"]) == (4, result["freed_bytes"])


def test_all_removes_everything(used: Repository) -> None:
    used.invoke("clean", "--all", "--yes")
    assert left(used) == []


def test_objects_of_executions_stay_without_all(repository: Repository) -> None:
    repository.write(".dorc/objects/may.csv", "x")
    assert repository.invoke("clean", "--yes").stdout == "nothing to remove\n"
    done = repository.invoke("clean", "--all", "--yes").stdout
    assert done.startswith("folders of objects to remove: 1")
    assert left(repository) == []


def test_an_installation_removes_old_packages_that_no_pipeline_needs(used: Repository) -> None:
    """The three that were used last stay, for when a requirements file is changed back."""
    cache = used.root / PACKAGES
    for number in range(5):
        (cache / f"cpython-{number}").mkdir()
        os.utime(cache / f"cpython-{number}", (number, number))
    remove_unused_packages(Folder(used.root), cache=cache)
    names = {path.name for path in cache.iterdir()}
    assert names == {".new-other", "cpython-a", "cpython-4", "cpython-3"}


def test_packages_that_a_pipeline_needs_stay(
    used: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path, "census", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    used.write("requirements.txt", "census\n")
    [pipeline] = Folder(used.root).pipelines
    folder = packages_folder(pipeline.requirements, cache=used.root / PACKAGES)
    assert folder is not None
    used.invoke("clean", "--yes")
    assert folder.name in left(used)
    used.write("requirements.txt", "census>1\n")
    used.invoke("clean", "--yes")
    assert folder.name not in left(used)
