"""`invoke upgrade`: what it tells, what it refuses, and how it leaves things."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dorc_runtime import __version__
from tests.template.conftest import Copy, Git

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
    return subprocess.run(
        [sys.executable, "-m", "invoke", "upgrade", *words],
        cwd=folder,
        env={**os.environ, "COPIER_CACHE_DIR": str(folder.parent / "cache"), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def released(own_template: Path, release: Release) -> Path:
    """The template with two releases more, of which the newest changes a file."""
    (own_template / "CHANGELOG.md").write_text(CHANGELOG)
    for version in ("1.0.0", "2.0.0", "3.0.0rc1"):
        (own_template / "dorc_runtime/VERSION").write_text(f"{version}\n")
        ignored = own_template / "template/.gitignore"
        ignored.write_text(f"{ignored.read_text()}of-{version}/\n")
        release(own_template, version)
    return own_template


@pytest.fixture
def made(released: Path, committed: Copy, git: Git, tmp_path: Path) -> Path:
    """A repository made from the first release of that template."""
    git(released, "checkout", "--quiet", f"v{__version__}")
    alone = tmp_path / "alone"
    git(tmp_path, "clone", "--quiet", "--branch", f"v{__version__}", str(released), "alone")
    for tag in ("v1.0.0", "v2.0.0", "v3.0.0rc1"):
        git(alone, "tag", "--delete", tag)
    made = committed(source=alone)
    shutil.rmtree(alone)
    edit(made / ".copier-answers.yml", str(alone), str(released))
    edit(made / "pyproject.toml", str(alone), str(released))
    git(made, "commit", "--quiet", "--all", "--message", "The template has moved")
    return made


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


class TestDone:
    def test_the_newest_release_comes_and_the_pin_moves(self, made: Path, git: Git) -> None:
        done = upgrade(made, "--no-install")
        assert done.returncode == 0, done.stderr
        assert "of-2.0.0/" in (made / ".gitignore").read_text()
        assert "@v2.0.0" in (made / "pyproject.toml").read_text()
        assert git(made, "log", "--oneline").count("\n") == 2, "an update commits nothing"

    def test_it_tells_what_changed_and_what_is_left_to_do(self, made: Path) -> None:
        lines = upgrade(made, "--no-install").stdout.splitlines()
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

    def test_a_release_in_between_may_be_named(self, made: Path) -> None:
        assert upgrade(made, "--to", "1.0.0", "--no-install").returncode == 0
        assert "@v1.0.0" in (made / "pyproject.toml").read_text()

    def test_a_release_to_try_out_comes_only_when_named(self, made: Path) -> None:
        assert upgrade(made, "--to", "v3.0.0rc1", "--no-install").returncode == 0
        assert "of-3.0.0rc1/" in (made / ".gitignore").read_text()

    def test_after_it_there_is_nothing_to_do(self, made: Path, git: Git) -> None:
        upgrade(made, "--no-install")
        git(made, "commit", "--quiet", "--all", "--message", "Updated")
        done = upgrade(made)
        assert (done.returncode, done.stdout) == (0, "v2.0.0 is the newest release\n")

    def test_a_file_that_dorc_has_no_longer_stays_where_it_was_edited(
        self, made: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        for name in (".dockerignore", ".env.example.jinja"):
            (released / "template" / name).unlink()
        release(released, "2.1.0")
        edit(made / ".dockerignore", ".git\n", ".git\nours\n")
        git(made, "commit", "--quiet", "--all", "--message", "Ours")
        done = upgrade(made, "--no-install")
        assert "  kept .dockerignore: dorc no longer has it" in done.stdout
        assert "  removed .env.example" in done.stdout
        assert "ours\n" in (made / ".dockerignore").read_text()
        assert not (made / ".env.example").exists()

    def test_a_new_question_is_told_with_its_answer(
        self, made: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        question = "owner:\n  type: str\n  help: Who to ask\n  default: data\n\npython_version:\n"
        edit(released / "copier.yml", "python_version:\n", question)
        release(released, "2.1.0")
        assert "  answered owner: data; to change it: " in upgrade(made, "--no-install").stdout


class TestLookedUp:
    def test_a_newer_release_is_exit_code_3(self, made: Path, git: Git) -> None:
        done = upgrade(made, "--check")
        assert done.returncode == 3
        assert done.stdout.startswith(f"v2.0.0 is released; this repository has v{__version__}\n")
        assert "Commit the lock file" in done.stdout
        assert git(made, "status", "--porcelain") == ""

    def test_it_looks_past_what_is_not_committed(self, made: Path) -> None:
        (made / "README.md").write_text("changed\n")
        assert upgrade(made, "--check").returncode == 3

    def test_without_a_newer_one_it_is_0(self, committed: Copy) -> None:
        assert upgrade(committed(), "--check").returncode == 0


class TestConflicts:
    @pytest.fixture
    def done(self, made: Path, released: Path, release: Release, git: Git) -> Result:
        git(released, "checkout", "--quiet", "v2.0.0")
        edit(released / "template/.dockerignore", "src/*/*/tests", "src/*/*/tests/**")
        release(released, "2.1.0")
        edit(made / ".dockerignore", "src/*/*/tests", "src/*/*/ours")
        git(made, "commit", "--quiet", "--all", "--message", "Ours")
        return upgrade(made)

    def test_it_exits_1_and_names_the_files(self, done: Result) -> None:
        assert done.returncode == 1
        told = "error: you and the template changed the same lines: .dockerignore\n"
        assert done.stderr == told
        assert "edit between <<<<<<< and >>>>>>>" in done.stdout

    @pytest.mark.usefixtures("done")
    def test_both_are_in_the_file(self, made: Path) -> None:
        text = (made / ".dockerignore").read_text()
        assert "src/*/*/ours\n=======\nsrc/*/*/tests/**\n" in text


def lines_of(answers: str, **changed: str) -> str:
    for key, line in changed.items():
        answers = re.sub(rf"^{key}:.*$", line, answers, flags=re.MULTILINE)
    return answers


NONSENSE = {
    "_src_path relative": (
        {"_src_path": "_src_path: dorc"},
        "_src_path .* 'dorc', .*absolute path",
    ),
    "_src_path gone": ({"_src_path": "_src_path: /no/where"}, "_src_path .* does not exist"),
    "no _src_path": ({"_src_path": ""}, "_src_path .*gh:org/dorc"),
    "_src_path no git": ({"_src_path": "_src_path: /"}, "_src_path .* is not a git repository"),
    "_commit": ({"_commit": "_commit: v7.7.7"}, "_commit .* 'v7.7.7', which .* does not have"),
    "no _commit": ({"_commit": ""}, "_commit .* does not have"),
    "layers": ({"layers": "layers: raw", "-.*": ""}, "no list of layers"),
    "architecture": ({"architecture": "architecture: sparc"}, "'architecture': 'sparc' is not in"),
    "aws_region": ({"aws_region": "aws_region: mars"}, 'aws_region cannot be "mars"'),
    "no YAML": ({"layers": "layers: [\n"}, "is not YAML"),
}


@pytest.mark.parametrize(("changed", "message"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_in_the_answers_is_told_by_its_key(
    made: Path, git: Git, changed: dict[str, str], message: str
) -> None:
    answers = made / ".copier-answers.yml"
    text = answers.read_text()
    if "-.*" in changed:
        text = re.sub(r"^- .*\n|^    - .*\n", "", text, flags=re.MULTILINE)
    answers.write_text(lines_of(text, **{key: changed[key] for key in changed if key != "-.*"}))
    git(made, "commit", "--quiet", "--all", "--message", "Nonsense")
    done = upgrade(made)
    refused(done, message)
    assert git(made, "status", "--porcelain") == ""


def refused(done: Result, message: str) -> None:
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert re.search(message, line), line


class TestRefused:
    def test_a_dirty_tree(self, made: Path) -> None:
        (made / "README.md").write_text("changed\n")
        refused(upgrade(made), "not everything is committed: README.md; commit or stash it")

    def test_no_git(self, made: Path) -> None:
        shutil.rmtree(made / ".git")
        refused(upgrade(made), "has no commit in git, .*git init")

    def test_a_downgrade(self, made: Path, git: Git) -> None:
        upgrade(made, "--no-install")
        git(made, "commit", "--quiet", "--all", "--message", "Updated")
        refused(upgrade(made, "--to", "1.0.0"), "v1.0.0 is older than v2.0.0")

    @pytest.mark.parametrize("name", ["9.9.9", "latest", ""])
    def test_a_release_that_is_not_there(self, made: Path, name: str) -> None:
        done = upgrade(made, f"--to={name or 'x y'}")
        refused(done, "no release .*; known: .*v1.0.0, v2.0.0, v3.0.0rc1")

    def test_a_template_without_releases(self, made: Path, released: Path, git: Git) -> None:
        git(released, "tag", "--delete", *git(released, "tag").split())
        commit = git(released, "rev-parse", "HEAD").strip()
        answers = made / ".copier-answers.yml"
        answers.write_text(lines_of(answers.read_text(), _commit=f"_commit: {commit}"))
        git(made, "commit", "--quiet", "--all", "--message", "No release")
        refused(upgrade(made), "has no release yet")

    def test_an_answer_that_the_new_release_does_not_take(
        self, made: Path, released: Path, release: Release, git: Git
    ) -> None:
        git(released, "checkout", "--quiet", "v2.0.0")
        edit(released / "copier.yml", 'choices: ["3.11", "3.12", "3.13"]', 'choices: ["3.13"]')
        edit(released / "copier.yml", 'default: "3.12"', 'default: "3.13"')
        release(released, "2.1.0")
        refused(upgrade(made), "python_version")
        assert git(made, "status", "--porcelain") == ""
        assert f"@v{__version__}" in (made / "pyproject.toml").read_text()


class TestElsewhere:
    """A template on GitHub, which git is told to look for in a folder that comes and goes."""

    @pytest.fixture
    def made(self, made: Path, released: Path, git: Git) -> Path:
        edit(made / ".copier-answers.yml", str(released), "gh:org/dorc")
        edit(made / "pyproject.toml", released.as_uri(), "https://github.com/org/dorc.git")
        git(made, "commit", "--quiet", "--all", "--message", "From GitHub")
        return made

    @pytest.fixture
    def settings(self, released: Path, tmp_path: Path) -> dict[str, str]:
        (tmp_path / "org").mkdir()
        (tmp_path / "org/dorc.git").symlink_to(released)
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{tmp_path.as_uri()}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        }

    def test_a_short_address_is_found(self, made: Path, settings: dict[str, str]) -> None:
        done = upgrade(made, "--no-install", **settings)
        assert done.returncode == 0, done.stderr
        pin = '"dorc-runtime[all] @ git+https://github.com/org/dorc.git@v2.0.0"'
        assert pin in (made / "pyproject.toml").read_text()

    def test_what_was_seen_last_does_while_it_is_unreachable(
        self, made: Path, settings: dict[str, str], tmp_path: Path
    ) -> None:
        assert upgrade(made, "--check", **settings).returncode == 3
        (tmp_path / "org/dorc.git").unlink()
        done = upgrade(made, "--no-install", **settings)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("the template cannot be reached, so its last known copy")
        assert "of-2.0.0/" in (made / ".gitignore").read_text()

    def test_what_was_never_seen_takes_a_network(
        self, made: Path, settings: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "org/dorc.git").unlink()
        message = "cannot be reached, and this repository has no copy of it yet: .* with a network"
        refused(upgrade(made, **settings), message)
