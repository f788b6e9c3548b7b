"""Every kind of release with every kind of edit: dorc's files are updated, the team's stay.

Each release differs from the first one in one way. Each repository was copied from the first one
and then edited in one way. A fresh copy of the new release with the same answers shows how the
files must look that the team did not edit.
"""

import shutil
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import copier
import pytest
import yaml

from dorc_runtime import __version__
from dorc_runtime.project.template.answers import read_answers
from dorc_runtime.project.template.layout import (
    plan_new_environment,
    plan_new_layer,
    plan_remove_environment,
    plan_remove_pipeline,
)
from dorc_runtime.project.template.scaffold import plan_new_pipeline
from dorc_runtime.project.template.upgrade import carry_out, plan_upgrade
from tests.template.conftest import ROOT, Git

Contents = dict[str, bytes]
Release = Callable[[Path, str], None]

ANSWERS: dict[str, object] = {
    "project_name": "Census",
    "aws_region": "eu-north-1",
    "layers": ["raw-to-processed", "default"],
    "pipelines": [
        {"layer": "raw-to-processed", "name": "penguins"},
        {"layer": "default", "name": "hello"},
    ],
}
ANSWERS_FILE = ".copier-answers.yml"
FLOW = "src/raw-to-processed/penguins"
KINDS = ("flows", "others")
FOLDER = "src/{% yield p from KIND %}{{ p.layer }}{% endyield %}/{{ p.name }}"


def insert(file: Path, text: str) -> None:
    """Write ``text`` at the start of the file."""
    file.write_text(text + file.read_text(encoding="utf-8"), encoding="utf-8")


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# What releases do; each gets the folder of the template's repository.


def only_the_version(folder: Path) -> None:
    assert folder.is_dir()


def adds_files(folder: Path) -> None:
    (folder / "template/CODEOWNERS").write_text("* @data\n")
    for kind in KINDS:
        pipeline = folder / "template" / FOLDER.replace("KIND", kind)
        (pipeline / "alarms.toml.jinja").write_text("name = '{{ p.name }}'\n")


def changes_files(folder: Path) -> None:
    template = folder / "template"
    insert(template / "Dockerfile.jinja", "# syntax=docker/dockerfile:1\n")
    append(template / ".gitignore", "coverage.xml\n")
    replace(template / "dorc_tasks.py", "with pyenv or uv.", "with pyenv or uv, if it is missing.")
    replace(template / ".github/workflows/deploy.yml.jinja", "name: deploy", "name: deployment")
    replace(template / "pyproject.toml.jinja", 'select = ["B"', 'select = ["A", "B"')


def changes_pipelines(folder: Path) -> None:
    for kind in KINDS:
        pipeline = folder / "template" / FOLDER.replace("KIND", kind)
        insert(pipeline / "__main__.py", '"""Deploys the pipeline."""\n\n')
        append(pipeline / "Pulumi.yaml.jinja", "options:\n  refresh: always\n")


def moves_a_file(folder: Path) -> None:
    workflows = folder / "template/.github/workflows"
    (workflows / "check.yml.jinja").rename(workflows / "pull-request.yml.jinja")


def removes_files(folder: Path) -> None:
    (folder / "template/.dockerignore").unlink()
    (folder / "template/.github/workflows/check.yml.jinja").unlink()


def adds_a_question(folder: Path) -> None:
    question = "owner:\n  type: str\n  help: Who to ask\n  default: data\n\n"
    replace(folder / "copier.yml", "python_version:\n", f"{question}python_version:\n")
    (folder / "template/CODEOWNERS.jinja").write_text("* @{{ owner }}\n")


def renames_a_question(folder: Path) -> None:
    questions = folder / "copier.yml"
    replace(questions, "aws_region:\n", "region:\n")
    replace(questions, "aws_region | regex", "region | regex")
    replace(questions, "default: eu-west-2", "default: \"{{ aws_region | default('eu-west-2') }}\"")
    for file in (folder / "template").rglob("*.jinja"):
        file.write_text(file.read_text().replace("{{ aws_region }}", "{{ region }}"))


def changes_defaults(folder: Path) -> None:
    questions = folder / "copier.yml"
    replace(questions, "default: eu-west-2", "default: us-east-1")
    replace(questions, "default: [dev, prod]", "default: [test, live]")
    replace(questions, 'default: "3.12"', 'default: "3.13"')


def adds_and_changes_files(folder: Path) -> None:
    # Each change is of other files than the others.
    for change in (adds_files, changes_files, changes_pipelines):
        change(folder)


FILES = (only_the_version, adds_and_changes_files, moves_a_file, removes_files)
QUESTIONS = (adds_a_question, renames_a_question, changes_defaults)
VERSIONS = {kind.__name__: f"1.{number}.0" for number, kind in enumerate((*FILES, *QUESTIONS))}


# What teams do; each gets the folder of their repository.


def nothing(repository: Path) -> None:
    assert repository.is_dir()


def writes_code(repository: Path) -> None:
    (repository / FLOW / "clean/lambda.py").write_text(
        "def handler(event, context):\n    return 1\n"
    )
    (repository / FLOW / "load").mkdir()
    (repository / FLOW / "load/lambda.py").write_text(
        "def handler(event, context):\n    return 2\n"
    )
    (repository / FLOW / "pipeline.py").write_text('"""Ours."""\n')
    (repository / "lib/tables").mkdir()
    (repository / "lib/tables/__init__.py").write_text("ROWS = 1\n")
    (repository / "README.md").write_text("# Ours\n")
    append(repository / "tasks.py", "\n# Ours.\n")
    append(repository / "pipeline_config.py", "\n# Ours.\n")
    append(repository / FLOW / "requirements.txt", "tabulate\n")


def changes_shared_files(repository: Path) -> None:
    replace(
        repository / "pyproject.toml", "requirements.txt.\n]", 'requirements.txt.\n  "mypy",\n]'
    )
    insert(repository / ".gitignore", "ours/\n")
    insert(repository / ".dockerignore", "ours\n")
    append(repository / "Dockerfile", "ENV TEAM=ours\n")
    append(repository / ".github/workflows/check.yml", "      - run: echo ours\n")
    append(repository / ".env.example", "\n#OURS=\n")


def deploys(repository: Path) -> None:
    """The stack files as Pulumi writes them."""
    for folder, project in (("infra", "Census.infra"), (FLOW, "Census.raw-to-processed.penguins")):
        for environment in ("dev", "prod"):
            (repository / folder / f"Pulumi.{environment}.yaml").write_text(
                f"encryptionsalt: v1:c2FsdA==:v1:abc:def==\nconfig:\n"
                f'  {project}:environment: {environment}\n  {project}:log_retention_days: "365"\n'
            )


def deletes_files(repository: Path) -> None:
    for path in ("README.md", ".env.example", ".github/workflows/deploy.yml", "lib/README.md"):
        (repository / path).unlink()
    shutil.rmtree(repository / "src/default/hello/greet")


def grows(repository: Path) -> None:
    plan_remove_pipeline(repository, "default", "hello").carry_out()
    plan_new_layer(repository, "processed-to-curated").carry_out()
    plan_new_environment(repository, "test").carry_out()
    plan_remove_environment(repository, "dev").carry_out()
    plan_new_pipeline(repository, "processed-to-curated", "sums").carry_out()


def works(repository: Path) -> None:
    # Each edit is of other files than the others.
    for edit in (writes_code, changes_shared_files, deploys):
        edit(repository)


EDITS = (nothing, works, deletes_files, grows)


def contents(folder: Path) -> Contents:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="session")
def releases(
    copier_template: Path, tmp_path_factory: pytest.TempPathFactory, git: Git, release: Release
) -> Path:
    """The template with all releases, each based on the first one."""
    folder = tmp_path_factory.mktemp("releases") / "dorc"
    git(copier_template, "clone", "--quiet", str(copier_template), str(folder))
    for kind in (*FILES, *QUESTIONS):
        git(folder, "checkout", "--quiet", "--detach", f"v{__version__}")
        kind(folder)
        version = VERSIONS[kind.__name__]
        (folder / "dorc_runtime/VERSION").write_text(f"{version}\n")
        release(folder, version)
    return folder


@pytest.fixture(scope="session")
def copied(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A fresh copy of a release, one for each set of answers."""
    repository: dict[str, Path] = {}

    def fresh(tag: str, answers: dict[str, object]) -> Path:
        key = f"{tag} {answers}"
        if key not in repository:
            repository[key] = tmp_path_factory.mktemp("fresh") / "census"
            copier.run_copy(
                str(releases), repository[key], data=answers, vcs_ref=tag, defaults=True, quiet=True
            )
        return repository[key]

    return fresh


@pytest.fixture(scope="session")
def edited(
    copied: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, git: Git
) -> Callable[[Callable[[Path], None]], Path]:
    """A repository copied from the first release, committed, and edited in one way."""
    repository: dict[str, Path] = {}

    def worked_on(edit: Callable[[Path], None]) -> Path:
        if edit.__name__ not in repository:
            folder = tmp_path_factory.mktemp(edit.__name__) / "census"
            shutil.copytree(copied(f"v{__version__}", ANSWERS), folder)
            git(folder, "init", "--quiet")
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message", "Start with dorc")
            edit(folder)
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--allow-empty", "--message", "Ours")
            repository[edit.__name__] = folder
        return repository[edit.__name__]

    return worked_on


@pytest.fixture
def check(
    copied: Callable[..., Path], edited: Callable[..., Path], tmp_path: Path
) -> Callable[..., None]:
    """Update an edited repository to a release, and compare it with fresh copies."""

    def checked(kind: Callable[[Path], None], edit: Callable[[Path], None]) -> None:
        repository, version = tmp_path / "census", VERSIONS[kind.__name__]
        shutil.copytree(edited(edit), repository)
        mine, answers = contents(repository), read_answers(repository).template_answers
        updated = carry_out(plan_upgrade(repository, to=version))
        assert updated.conflicts == ()
        after = contents(repository)
        base = contents(copied(f"v{__version__}", answers))
        new = read_answers(repository).template_answers
        fresh = contents(copied(f"v{version}", {**answers, **new}))
        compare(base, mine, fresh, after)
        if edit is nothing:
            assert after == fresh
        expected = {"owner": "data"} if kind is adds_a_question else {}
        if kind is renames_a_question:
            expected = {"region": answers.pop("aws_region")}
        assert new == {**answers, **expected}

    return checked


def written_once(path: str) -> bool:
    """Return whether the team owns a file from the start, so that no update changes it."""
    return any(fnmatch(f"/{path}", pattern) for pattern in teams_patterns())


@cache
def teams_patterns() -> tuple[str, ...]:
    return tuple(yaml.safe_load((ROOT / "copier.yml").read_text("utf-8"))["_skip_if_exists"])


def compare(base: Contents, mine: Contents, fresh: Contents, after: Contents) -> None:
    """Compare the result of an update with the first copy, the edited one and a fresh one."""
    for path in sorted(base.keys() | mine.keys() | fresh.keys() | after.keys()):
        if path == ANSWERS_FILE:
            continue
        was, ours, theirs = (each.get(path) for each in (base, mine, fresh))
        if written_once(path):
            new = theirs if ours is was is None else None
            assert after.get(path) in (ours, new), f"the team's own, and touched: {path}"
        elif ours == was:
            assert after.get(path) == theirs, f"left alone, and not as a fresh copy: {path}"
        elif ours is None or theirs in (was, None):
            assert after.get(path) == ours, f"an edit was lost: {path}"
        else:
            lines = set(after[path].splitlines())
            for side in (ours, theirs):
                added = set(side.splitlines()) - set((was or b"").splitlines())
                assert added <= lines, f"lines were lost: {path}"


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
class TestReleasesThatChangeFiles:
    def test_the_teams_files_stay_and_the_others_are_updated(
        self,
        check: Callable[..., None],
        kind: Callable[[Path], None],
        edit: Callable[[Path], None],
    ) -> None:
        check(kind, edit)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda kind: kind.__name__)
class TestReleasesThatChangeQuestions:
    def test_the_teams_files_stay_and_the_others_are_updated(
        self,
        check: Callable[..., None],
        kind: Callable[[Path], None],
        edit: Callable[[Path], None],
    ) -> None:
        check(kind, edit)


@pytest.fixture(scope="module")
def history(
    tmp_path_factory: pytest.TempPathFactory, git: Git, release: Release
) -> tuple[Path, list[str]]:
    """A clone with the working tree as its newest release, and its older releases.

    While there are none, the first commit that has a template stands for the first release.
    """
    if git(ROOT, "rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("a shallow clone has no history")
    folder = tmp_path_factory.mktemp("history") / "dorc"
    git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    tags = git(folder, "tag", "--list", "v*").split()
    if not tags:
        added = ("log", "--diff-filter=A", "--format=%H", "--reverse", "--", "copier.yml")
        first = git(folder, *added).split()[0]
        git(folder, "tag", "--annotate", "v0.0.1", "--message", "0.0.1", first)
        tags = ["v0.0.1"]
    for path in ("template", "copier.yml", "dorc_runtime/VERSION"):
        if (ROOT / path).is_dir():
            shutil.rmtree(folder / path)
            shutil.copytree(ROOT / path, folder / path)
        else:
            shutil.copy(ROOT / path, folder / path)
    release(folder, "99.0.0")
    return folder, tags


def test_every_old_release_can_be_updated_to_the_working_tree(
    history: tuple[Path, list[str]], tmp_path: Path, git: Git
) -> None:
    source, tags = history
    for tag in tags:
        repository, base, fresh = (tmp_path / tag / name for name in ("census", "base", "fresh"))
        for folder, ref in ((repository, tag), (base, tag), (fresh, "v99.0.0")):
            copier.run_copy(
                str(source), folder, data=ANSWERS, vcs_ref=ref, defaults=True, quiet=True
            )
        writes_code(repository)
        subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--message", "Ours")
        mine = contents(repository)
        assert carry_out(plan_upgrade(repository)).conflicts == ()
        # Written once, by whoever comes later too: stack files come by a task of their own.
        for environment in ("dev", "prod"):
            plan_new_environment(repository, environment).carry_out()
        compare(contents(base), mine, contents(fresh), contents(repository))
        answers = yaml.safe_load((repository / ANSWERS_FILE).read_text())
        assert answers["_commit"] == "v99.0.0"
