"""The template as it is on disk, released, and repositories made from it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from dorc_runtime import __version__
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
    """Commit all that is in a folder, and tag it as dorc's releases are."""

    def commit_and_tag(folder: Path, version: str) -> None:
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", version)
        git(folder, "tag", "--annotate", f"v{version}", "--message", version)

    return commit_and_tag


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, git: Git, release: Callable[[Path, str], None]
) -> Path:
    """The template in a git repository of its own, with one release: the library's version."""
    folder = copy_template(tmp_path_factory.mktemp("template"))
    git(folder, "init", "--quiet")
    release(folder, __version__)
    return folder


@pytest.fixture
def own_template(template: Path, tmp_path: Path, git: Git) -> Path:
    """A clone of the template, to make further releases in."""
    git(tmp_path, "clone", "--quiet", str(template), "own-template")
    return tmp_path / "own-template"


@pytest.fixture
def copy(template: Path, tmp_path: Path) -> Copy:
    """Make a repository with the given answers, and defaults for the rest."""

    def made(*, name: str = "my-pipelines", source: Path | str = template, **data: object) -> Path:
        folder = tmp_path / name
        copier.run_copy(str(source), folder, data=data, defaults=True, quiet=True)
        return folder

    return made


@pytest.fixture
def committed(copy: Copy, git: Git) -> Copy:
    """Make a repository, and commit it."""

    def made(**data: object) -> Path:
        folder = copy(**data)
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Start with dorc")
        return folder

    return made
