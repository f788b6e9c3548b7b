"""The template on disk, as a release, and repositories copied from it."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_copier.plugin import CopierFixture

from dorc_runtime import __version__
from tests.commands import run_module
from tests.repositories import copy_template

ROOT = Path(__file__).parents[2]

Git = Callable[..., str]
Copy = Callable[..., Path]


@pytest.fixture(scope="session")
def git() -> Git:
    """Run git in a folder; return what it prints."""

    def run(folder: Path, *words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture(scope="session")
def release(git: Git) -> Callable[[Path, str], None]:
    """Commit everything in a folder, and tag it as a release."""

    def commit_and_tag(folder: Path, version: str) -> None:
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", version)
        git(folder, "tag", "--annotate", f"v{version}", "--message", version)

    return commit_and_tag


@pytest.fixture(scope="session")
def copier_template(
    tmp_path_factory: pytest.TempPathFactory, git: Git, release: Callable[[Path, str], None]
) -> Path:
    """The template in a separate git repository, with one release: the library's version.

    It replaces the fixture of pytest-copier, which knows no releases, so ``copier`` copies it.
    """
    folder = copy_template(tmp_path_factory.mktemp("template"))
    git(folder, "init", "--quiet")
    release(folder, __version__)
    return folder


@pytest.fixture
def own_template(copier_template: Path, tmp_path: Path, git: Git) -> Path:
    """A clone of the template, for further releases."""
    git(tmp_path, "clone", "--quiet", str(copier_template), "own-template")
    return tmp_path / "own-template"


@pytest.fixture
def copy(copier: CopierFixture, tmp_path: Path) -> Copy:
    """Make a repository with the given answers, and defaults for the rest."""

    def copy_once(
        *, name: str = "my-pipelines", source: Path | None = None, **answers: object
    ) -> Path:
        project = replace(copier, template=source or copier.template)
        return project.copy(tmp_path / name, **answers).path

    return copy_once


@pytest.fixture
def committed(copy: Copy, git: Git) -> Copy:
    """Make a repository, and commit it."""

    def copy_and_commit(**answers: object) -> Path:
        folder = copy(**answers)
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Start with dorc")
        return folder

    return copy_and_commit


def invoke(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a task in ``folder``, with further environment variables; return how it ended."""
    return run_module("invoke", *words, folder=folder, environment={**os.environ, **settings})


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in each file under ``folder``, without git's own and compiled files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "__pycache__"} & set(path.relative_to(folder).parts)
    }
