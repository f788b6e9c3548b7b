"""`copier update`: dorc's files are updated, the team's files stay."""

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from copier import run_copy
from packaging.requirements import Requirement
from pytest_copier.plugin import CopierFixture

from dorc_runtime.project.template.scaffold import plan_new_pipeline
from tests.template.conftest import Copy, Git

EXAMPLE = {"layer": "raw-to-processed", "name": "example"}
NEXT = "99.0.0"


@pytest.fixture
def update(
    copier: CopierFixture, git: Git, release: Callable[[Path, str], None]
) -> Callable[[Path, Path], None]:
    """Commit the team's changes, release the clone of the template, and update to it."""

    def updated(repository: Path, template: Path) -> None:
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--allow-empty", "--message", "ours")
        (template / "dorc_runtime/VERSION").write_text(f"{NEXT}\n")
        release(template, NEXT)
        copier.update(repository)

    return updated


Update = Callable[[Path, Path], None]


def test_the_pin_is_updated_and_packages_of_the_team_stay(
    committed: Copy, own_template: Path, update: Update, git: Git
) -> None:
    repository = committed(source=own_template)
    file = repository / "pyproject.toml"
    file.write_text(
        file.read_text().replace("requirements.txt.\n]", 'requirements.txt.\n  "mypy",\n]')
    )
    update(repository, own_template)
    requirements = tomllib.loads(file.read_text())["project"]["dependencies"]
    assert [Requirement(text).name for text in requirements] == ["dorc-runtime", "ruff", "mypy"]
    assert requirements[0].endswith(f"@v{NEXT}")
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == ""


def test_the_pin_on_the_package_index_is_updated(
    committed: Copy, own_template: Path, update: Update
) -> None:
    repository = committed(source=own_template, runtime_source="pypi")
    update(repository, own_template)
    assert f'"dorc-runtime[all]=={NEXT}",\n' in (repository / "pyproject.toml").read_text()


def test_nothing_else_changes_between_equal_templates(
    committed: Copy, own_template: Path, update: Update, git: Git
) -> None:
    repository = committed(source=own_template, pipelines=[EXAMPLE])
    update(repository, own_template)
    assert git(repository, "diff", "--name-only").split() == [
        ".copier-answers.yml",
        "pyproject.toml",
    ]


def test_files_of_the_team_are_neither_changed_nor_restored(
    committed: Copy, own_template: Path, update: Update, git: Git
) -> None:
    repository = committed(source=own_template, pipelines=[EXAMPLE])
    pipeline = repository / "src/raw-to-processed/example"
    for path in (
        pipeline / "pipeline.py",
        repository / "tasks.py",
        repository / "pipeline_config.py",
    ):
        path.write_text('"""Ours."""\n')
    for path in (
        repository / "README.md",
        pipeline / "clean/lambda.py",
        repository / "lib/README.md",
    ):
        path.unlink()
    for path in (own_template / "template").rglob("*"):
        if path.suffix in (".py", ".md") or path.name.endswith((".py.jinja", ".md.jinja")):
            path.write_text(path.read_text() + "# changed by a release\n")
    git(repository, "add", "--all")
    before = git(repository, "status", "--porcelain")
    update(repository, own_template)
    changed = git(repository, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert before
    assert sorted(line[3:] for line in changed) == [
        ".copier-answers.yml",
        "dorc_tasks.py",
        "infra/__main__.py",
        "pyproject.toml",
        "src/raw-to-processed/example/__main__.py",
        "universal/__main__.py",
    ]


def test_one_update_reaches_every_pipeline(
    committed: Copy, own_template: Path, update: Update
) -> None:
    repository = committed(source=own_template, layers=["raw-to-processed", "default"])
    plan_new_pipeline(repository, "raw-to-processed", "example").carry_out()
    plan_new_pipeline(repository, "default", "hello").carry_out()
    folder = own_template / "template/src/{% yield p from pipelines %}{{ p.layer }}{% endyield %}"
    (folder / "{{ p.name }}").mkdir(parents=True)
    (folder / "{{ p.name }}/alarms.toml.jinja").write_text("# of {{ p.name }}\n")
    update(repository, own_template)
    for name in ("raw-to-processed/example", "default/hello"):
        added = repository / "src" / name / "alarms.toml"
        assert added.read_text() == f"# of {added.parent.name}\n"


def test_pipelines_are_known_after_an_update(
    committed: Copy, own_template: Path, update: Update
) -> None:
    repository = committed(source=own_template)
    plan_new_pipeline(repository, "raw-to-processed", "example").carry_out()
    update(repository, own_template)
    answers = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    assert answers["pipelines"] == [EXAMPLE]
    assert answers["_commit"] == f"v{NEXT}"


def test_changes_on_both_sides_of_a_shared_file_are_merged(
    committed: Copy, own_template: Path, update: Update
) -> None:
    repository = committed(source=own_template)
    ignored = repository / ".gitignore"
    ignored.write_text("ours/\n" + ignored.read_text())
    theirs = own_template / "template/.gitignore"
    theirs.write_text(theirs.read_text() + "theirs/\n")
    update(repository, own_template)
    assert ignored.read_text().splitlines()[0] == "ours/"
    assert ignored.read_text().splitlines()[-1] == "theirs/"


def test_a_copy_from_a_relative_path_can_be_updated(
    tmp_path: Path,
    own_template: Path,
    update: Update,
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run_copy(own_template.name, "somewhere/else", defaults=True, quiet=True)
    repository = tmp_path / "somewhere/else"
    git(repository, "init", "--quiet")
    monkeypatch.chdir(repository)
    update(repository, own_template)
    assert f"@v{NEXT}" in (repository / "pyproject.toml").read_text()


def test_a_copy_over_a_folder_leaves_files_of_the_team(copy: Copy) -> None:
    repository = copy(pipelines=[EXAMPLE])
    handler = repository / "src/raw-to-processed/example/clean/lambda.py"
    for path in (repository / "README.md", handler):
        path.write_text("ours\n")
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    copy(pipelines=[EXAMPLE])
    assert handler.read_text() == (repository / "README.md").read_text() == "ours\n"
