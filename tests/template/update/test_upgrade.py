"""`invoke upgrade`: what it prints, what it refuses, and what it changes."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from dorc_runtime import __version__
from tests.template.conftest import Copy, Git, invoke

Result = subprocess.CompletedProcess[str]
Release = Callable[[Path, str], None]

CHANGELOG = f"""\
# Changelog

## [Unreleased]

## [2.0.0] - 2030-02-01

### Updating

- Apply infra before the pipelines.

## [1.1.0] - 2030-01-15

### Added

- Nothing to do for this.

## [1.0.0] - 2030-01-01

### Updating

- Commit the lock file.

### Fixed

- Much.

## [{__version__}] - 2029-01-01

### Updating

- Long done.
"""


def upgrade(folder: Path, *words: str, **settings: str) -> Result:
    cache = str(folder.parent / "cache")
    return invoke(folder, "upgrade", *words, **{"COPIER_CACHE_DIR": cache, **settings})


@pytest.fixture(scope="module")
def releases(
    copier_template: Path, tmp_path_factory: pytest.TempPathFactory, git: Git, release: Release
) -> Path:
    """The template with more releases, each of which changes a file."""
    folder = tmp_path_factory.mktemp("releases") / "dorc"
    git(copier_template, "clone", "--quiet", str(copier_template), str(folder))
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    for version in ("1.0.0", "2.0.0", "3.0.0rc1"):
        (folder / "dorc_runtime/VERSION").write_text(f"{version}\n")
        ignored = folder / "template/.gitignore"
        ignored.write_text(f"{ignored.read_text()}of-{version}/\n")
        release(folder, version)
    return folder


@pytest.fixture(scope="module")
def copied(
    copier_template: Path, releases: Path, tmp_path_factory: pytest.TempPathFactory, git: Git
) -> Path:
    """A repository made from the first release of that template."""
    folder = tmp_path_factory.mktemp("copied") / "my-pipelines"
    copier.run_copy(str(copier_template), folder, defaults=True, quiet=True)
    edit(folder / ".copier-answers.yml", str(copier_template), str(releases))
    edit(folder / "pyproject.toml", str(copier_template), str(releases))
    git(folder, "init", "--quiet")
    commit(git, folder)
    return folder


@pytest.fixture
def repository(copied: Path, tmp_path: Path) -> Path:
    """That repository, to be changed."""
    return shutil.copytree(copied, tmp_path / "my-pipelines")


@pytest.fixture
def released(repository: Path, releases: Path, tmp_path: Path, git: Git) -> Path:
    """The template of the repository, for further releases."""
    folder = shutil.copytree(releases, tmp_path / "dorc")
    edit(repository / ".copier-answers.yml", str(releases), str(folder))
    edit(repository / "pyproject.toml", str(releases), str(folder))
    commit(git, repository)
    return folder


@pytest.fixture(scope="module")
def upgraded(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """That repository after an upgrade to the newest release, and what the task printed."""
    folder = shutil.copytree(copied, tmp_path_factory.mktemp("upgraded") / "my-pipelines")
    return folder, upgrade(folder, "--no-install")


def commit(git: Git, folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Ours")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


class TestUpdate:
    def test_it_updates_to_the_newest_release_and_its_pin(
        self, upgraded: tuple[Path, Result], git: Git
    ) -> None:
        repository, done = upgraded
        assert done.returncode == 0, done.stderr
        assert "of-2.0.0/" in (repository / ".gitignore").read_text()
        assert "@v2.0.0" in (repository / "pyproject.toml").read_text()
        assert git(repository, "log", "--oneline").count("\n") == 1, "an update commits nothing"

    def test_it_prints_what_changed_and_what_you_have_to_do(
        self, upgraded: tuple[Path, Result]
    ) -> None:
        lines = upgraded[1].stdout.splitlines()
        assert lines[0] == f"dorc v{__version__} -> v2.0.0"
        assert "  changed .gitignore" in lines
        notes = lines[lines.index("what you have to do:") + 2 : -2]
        assert notes == [
            "For 2.0.0:",
            "- Apply infra before the pipelines.",
            "",
            "For 1.0.0:",
            "- Commit the lock file.",
        ]
        assert lines[-1].startswith("next: pip install -e . && invoke check")

    def test_another_release_may_be_named(self, repository: Path) -> None:
        assert upgrade(repository, "--to", "1.0.0", "--no-install").returncode == 0
        assert "@v1.0.0" in (repository / "pyproject.toml").read_text()

    def test_a_pre_release_must_be_named(self, repository: Path) -> None:
        assert upgrade(repository, "--to", "v3.0.0rc1", "--no-install").returncode == 0
        assert "of-3.0.0rc1/" in (repository / ".gitignore").read_text()

    def test_the_second_time_there_is_nothing_to_do(
        self, upgraded: tuple[Path, Result], tmp_path: Path, git: Git
    ) -> None:
        repository = shutil.copytree(upgraded[0], tmp_path / "my-pipelines")
        commit(git, repository)
        done = upgrade(repository)
        assert (done.returncode, done.stdout) == (0, "v2.0.0 is the newest release\n")

    def test_a_file_that_dorc_no_longer_has_stays_if_you_edited_it(
        self, repository: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        for name in (".dockerignore", ".env.example.jinja"):
            (released / "template" / name).unlink()
        release(released, "2.1.0")
        edit(repository / ".dockerignore", ".git\n", ".git\nours\n")
        git(repository, "commit", "--quiet", "--all", "--message", "Ours")
        done = upgrade(repository, "--no-install")
        assert "  kept .dockerignore: dorc no longer has it" in done.stdout
        assert "  removed .env.example" in done.stdout
        assert "ours\n" in (repository / ".dockerignore").read_text()
        assert not (repository / ".env.example").exists()

    def test_a_new_question_is_printed_with_its_answer(
        self, repository: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        question = "owner:\n  type: str\n  help: Who to ask\n  default: data\n\npython_version:\n"
        edit(released / "copier.yml", "python_version:\n", question)
        release(released, "2.1.0")
        assert (
            "  answered owner: data; to change it: " in upgrade(repository, "--no-install").stdout
        )


class TestCheck:
    def test_a_newer_release_gives_exit_code_3(self, repository: Path, git: Git) -> None:
        done = upgrade(repository, "--check")
        assert done.returncode == 3
        assert done.stdout.startswith(f"v2.0.0 is released; this repository has v{__version__}\n")
        assert "Commit the lock file" in done.stdout
        assert git(repository, "status", "--porcelain") == ""

    def test_it_ignores_uncommitted_changes(self, repository: Path) -> None:
        (repository / "README.md").write_text("changed\n")
        assert upgrade(repository, "--check").returncode == 3

    def test_the_releases_are_printed_as_json(self, repository: Path) -> None:
        done = upgrade(repository, "--check", "--json")
        assert done.returncode == 3
        result = json.loads(done.stdout)
        assert (result["current"], result["target"]) == (f"v{__version__}", "v2.0.0")
        assert "Commit the lock file" in result["notes"]
        assert result["needed"]

    def test_no_newer_release_gives_exit_code_0(self, committed: Copy) -> None:
        assert upgrade(committed(), "--check").returncode == 0


class TestConflicts:
    @pytest.fixture
    def done(self, repository: Path, released: Path, release: Release, git: Git) -> Result:
        git(released, "checkout", "--quiet", "v2.0.0")
        edit(released / "template/.dockerignore", "src/*/*/tests", "src/*/*/tests/**")
        release(released, "2.1.0")
        edit(repository / ".dockerignore", "src/*/*/tests", "src/*/*/ours")
        git(repository, "commit", "--quiet", "--all", "--message", "Ours")
        return upgrade(repository)

    def test_it_exits_1_and_names_the_files(self, done: Result) -> None:
        assert done.returncode == 1
        message = "error: you and the template changed the same lines: .dockerignore\n"
        assert done.stderr == message
        assert "edit between <<<<<<< and >>>>>>>" in done.stdout

    @pytest.mark.usefixtures("done")
    def test_both_versions_are_in_the_file(self, repository: Path) -> None:
        text = (repository / ".dockerignore").read_text()
        assert "src/*/*/ours\n=======\nsrc/*/*/tests/**\n" in text


def lines_of(answers: str, **changed: str) -> str:
    for key, line in changed.items():
        answers = re.sub(rf"^{key}:.*$", line, answers, flags=re.MULTILINE)
    return answers


WRONG_ANSWERS = {
    "_src_path relative": (
        {"_src_path": "_src_path: dorc"},
        "_src_path .* 'dorc', .*absolute path",
    ),
    "_src_path that does not exist": (
        {"_src_path": "_src_path: /no/where"},
        "_src_path .* does not exist",
    ),
    "no _src_path": ({"_src_path": ""}, "_src_path .*gh:org/dorc"),
    "_src_path no git": ({"_src_path": "_src_path: /"}, "_src_path .* is not a git repository"),
    "_commit": ({"_commit": "_commit: v7.7.7"}, "_commit .* 'v7.7.7', which .* does not have"),
    "no _commit": ({"_commit": ""}, "_commit .* does not have"),
    "layers": ({"layers": "layers: raw", "-.*": ""}, "no list of layers"),
    "architecture": ({"architecture": "architecture: sparc"}, "'architecture': 'sparc' is not in"),
    "aws_region": ({"aws_region": "aws_region: mars"}, 'aws_region cannot be "mars"'),
    "no YAML": ({"layers": "layers: [\n"}, "is not YAML"),
}


@pytest.mark.parametrize(("changed", "message"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_is_reported_by_its_key(
    repository: Path, git: Git, changed: dict[str, str], message: str
) -> None:
    answers = repository / ".copier-answers.yml"
    text = answers.read_text()
    if "-.*" in changed:
        text = re.sub(r"^- .*\n|^    - .*\n", "", text, flags=re.MULTILINE)
    answers.write_text(lines_of(text, **{key: changed[key] for key in changed if key != "-.*"}))
    git(repository, "commit", "--quiet", "--all", "--message", "Nonsense")
    done = upgrade(repository)
    refused(done, message)
    assert git(repository, "status", "--porcelain") == ""


def refused(done: Result, message: str) -> None:
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert re.search(message, line), line


class TestRefused:
    def test_a_dirty_tree(self, repository: Path) -> None:
        (repository / "README.md").write_text("changed\n")
        refused(upgrade(repository), "not everything is committed: README.md; commit or stash it")

    def test_no_git(self, repository: Path) -> None:
        shutil.rmtree(repository / ".git")
        refused(upgrade(repository), "has no commit in git, .*git init")

    def test_a_downgrade(self, upgraded: tuple[Path, Result], tmp_path: Path, git: Git) -> None:
        repository = shutil.copytree(upgraded[0], tmp_path / "my-pipelines")
        commit(git, repository)
        refused(upgrade(repository, "--to", "1.0.0"), "v1.0.0 is older than v2.0.0")

    @pytest.mark.parametrize("name", ["9.9.9", "latest", ""])
    def test_an_unknown_release(self, repository: Path, name: str) -> None:
        done = upgrade(repository, f"--to={name or 'x y'}")
        refused(done, "no release .*; known: .*v1.0.0, v2.0.0, v3.0.0rc1")

    def test_a_template_without_releases(self, repository: Path, released: Path, git: Git) -> None:
        git(released, "tag", "--delete", *git(released, "tag").split())
        commit = git(released, "rev-parse", "HEAD").strip()
        answers = repository / ".copier-answers.yml"
        answers.write_text(lines_of(answers.read_text(), _commit=f"_commit: {commit}"))
        git(repository, "commit", "--quiet", "--all", "--message", "No release")
        refused(upgrade(repository), "has no release yet")

    def test_an_answer_that_the_new_release_refuses(
        self, repository: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        edit(released / "copier.yml", 'choices: ["3.11", "3.12", "3.13"]', 'choices: ["3.13"]')
        edit(released / "copier.yml", 'default: "3.12"', 'default: "3.13"')
        release(released, "2.1.0")
        refused(upgrade(repository), "python_version")
        assert git(repository, "status", "--porcelain") == ""
        assert f"@v{__version__}" in (repository / "pyproject.toml").read_text()


class TestElsewhere:
    """A template on GitHub; git looks for it in a folder that a test can remove."""

    @pytest.fixture
    def repository(self, repository: Path, releases: Path, git: Git) -> Path:
        edit(repository / ".copier-answers.yml", str(releases), "gh:org/dorc")
        edit(repository / "pyproject.toml", releases.as_uri(), "https://github.com/org/dorc.git")
        git(repository, "commit", "--quiet", "--all", "--message", "From GitHub")
        return repository

    @pytest.fixture
    def settings(self, releases: Path, tmp_path: Path) -> dict[str, str]:
        (tmp_path / "org").mkdir()
        (tmp_path / "org/dorc.git").symlink_to(releases)
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{tmp_path.as_uri()}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        }

    def test_a_short_address_is_found(self, repository: Path, settings: dict[str, str]) -> None:
        done = upgrade(repository, "--no-install", **settings)
        assert done.returncode == 0, done.stderr
        pin = '"dorc-runtime[all] @ git+https://github.com/org/dorc.git@v2.0.0"'
        assert pin in (repository / "pyproject.toml").read_text()

    def test_without_a_network_the_last_known_copy_is_used(
        self, repository: Path, settings: dict[str, str], tmp_path: Path
    ) -> None:
        assert upgrade(repository, "--check", **settings).returncode == 3
        (tmp_path / "org/dorc.git").unlink()
        done = upgrade(repository, "--no-install", **settings)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("the template cannot be reached, so its last known copy")
        assert "of-2.0.0/" in (repository / ".gitignore").read_text()

    def test_the_first_time_needs_a_network(
        self, repository: Path, settings: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "org/dorc.git").unlink()
        message = "cannot be reached, and this repository has no copy of it yet: .* with a network"
        refused(upgrade(repository, **settings), message)
