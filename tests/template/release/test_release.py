"""A release of dorc itself, made in a copy of the repository."""

import re
import shutil
from pathlib import Path

import pytest

from tests.template.conftest import ROOT, Git, invoke

NEXT = "90.1.0"


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """The working tree in a separate repository, with a changelog that has a next version."""
    folder = tmp_path / "dorc"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    changelog = folder / "CHANGELOG.md"
    dated = f"## [Unreleased]\n\n## [{NEXT}] - 2030-01-31"
    changelog.write_text(changelog.read_text().replace("## [Unreleased]", dated, 1))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Before the release")
    return folder


def test_a_release_is_a_commit_an_annotated_tag_and_a_wheel(repository: Path, git: Git) -> None:
    done = invoke(repository, "release", NEXT)
    assert done.returncode == 0, done.stderr
    assert (repository / "dorc_runtime" / "VERSION").read_text() == f"{NEXT}\n"
    assert git(repository, "cat-file", "-t", f"v{NEXT}") == "tag\n"
    assert git(repository, "status", "--porcelain") == ""
    assert [wheel.name for wheel in (repository / "dist").iterdir()] == [
        f"dorc_runtime-{NEXT}-py3-none-any.whl"
    ]
    again = invoke(repository, "release", NEXT)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert f"v{NEXT} is already released" in again.stderr


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("v90.1.0", "is not a version"),
        ("90.1", "is not a version"),
        ("91.0.0", "CHANGELOG.md has no '## [91.0.0] - <date>'"),
    ],
)
def test_an_invalid_release_changes_nothing(
    repository: Path, git: Git, version: str, message: str
) -> None:
    done = invoke(repository, "release", version)
    assert done.returncode == 2
    assert message in done.stderr
    assert git(repository, "tag") == ""
    assert git(repository, "status", "--porcelain") == ""


def test_what_is_not_committed_is_not_released(repository: Path, git: Git) -> None:
    (repository / "README.md").write_text("changed\n")
    done = invoke(repository, "release", NEXT)
    assert done.returncode == 2
    assert "not everything is committed: README.md" in done.stderr


def test_a_wheel_that_the_index_would_refuse_is_not_released(repository: Path, git: Git) -> None:
    project = repository / "pyproject.toml"
    project.write_text(project.read_text().replace('license = "MIT"', 'license = "No licence"'))
    git(repository, "commit", "--quiet", "--all", "--message", "Break it")
    done = invoke(repository, "release", NEXT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert git(repository, "tag") == ""
    assert git(repository, "status", "--porcelain") == ""


def test_version_changelog_and_newest_tag_agree(git: Git) -> None:
    """Between releases the version is that of the newest one; before the first there is no tag."""
    version = (ROOT / "dorc_runtime" / "VERSION").read_text().strip()
    changelog = (ROOT / "CHANGELOG.md").read_text()
    dated = re.findall(r"^## \[([0-9.]+)\] - [0-9-]+$", changelog, re.MULTILINE)
    tags = git(ROOT, "tag", "--list", "v*", "--sort=-v:refname").split()
    if dated:
        assert version == dated[0]
    if tags:
        assert tags[0] == f"v{version}"
