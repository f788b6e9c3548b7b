"""`invoke rename-pipeline`: the folder, the answers, and all that names the pipeline."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from dorc_runtime.errors import ScaffoldError
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.template.pipeline_rename import plan_rename, renamed_pipeline
from tests.repositories import copy_template, render_repository
from tests.template.conftest import Git, contents, invoke

FLOW = {"layer": "raw-to-processed", "name": "example"}
OLD, NEW = "src/default/hello", "src/default/greet_all"
CALLER = """
from dorc_runtime import Call, Function, Pipeline

pipeline = Pipeline(steps=[Function("clean"), Call("default/hello", name="hello")])
"""
NOTES = """
default/hello, src/default/hello/pipeline.py, `default/hello/greet` and default/hello.
not s3://bucket/default/hello/a.csv, default/hello_world or default/hello-world
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory, git: Git) -> Path:
    template = copy_template(tmp_path_factory.mktemp("template"))
    root = tmp_path_factory.mktemp("rename") / "my-pipelines"
    layers = ["raw-to-processed", "default", "gold"]
    render_repository(template, root, ["raw-to-processed/example", "default/hello"], layers=layers)
    (root / "src/raw-to-processed/example/pipeline.py").write_text(CALLER)
    (root / "NOTES.md").write_text(NOTES)
    (root / ".github/workflows/own.yml").write_text("run: invoke run default/hello\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Start")
    return root


@pytest.fixture
def repository(rendered: Path, tmp_path: Path) -> Path:
    return shutil.copytree(rendered, tmp_path / "my-pipelines")


def test_a_pipeline_is_renamed_in_all_files_that_name_it(repository: Path, git: Git) -> None:
    done = invoke(repository, "rename-pipeline", "default/hello", "greet_all", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"moved {OLD} to {NEW}\n" in done.stdout
    assert "on AWS: invoke apply --instance universal --prune, then invoke" in done.stdout
    git(repository, "add", "--all")
    status = git(repository, "diff", "--cached", "--name-status").splitlines()
    letters = {line.split("\t")[-1]: line[0] for line in status}
    changed = {path for path, letter in letters.items() if letter == "M"}
    assert changed == {
        ".copier-answers.yml",
        ".github/workflows/own.yml",
        "NOTES.md",
        "src/raw-to-processed/example/pipeline.py",
    }
    moved = {f"{NEW}/{name}" for name in ("pipeline.py", "greet/lambda.py", "Pulumi.dev.yaml")}
    assert {letters[path] for path in moved} == {"R"}
    assert (repository / NEW / "tests/test_greet_all.py").is_file()
    answers = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    assert answers["pipelines"] == [FLOW, {"layer": "default", "name": "greet_all"}]
    project = yaml.safe_load((repository / NEW / "Pulumi.yaml").read_text())
    assert project["name"] == "my-pipelines.default.greet_all"
    caller = (repository / "src/raw-to-processed/example/pipeline.py").read_text()
    assert caller == CALLER.replace("default/hello", "default/greet_all")
    assert (repository / "NOTES.md").read_text() == (
        "\ndefault/greet_all, src/default/greet_all/pipeline.py, `default/greet_all/greet` and "
        "default/greet_all.\n"
        "not s3://bucket/default/hello/a.csv, default/hello_world or default/hello-world\n"
    )
    assert "no problems found" in invoke(repository, "check").stdout


def test_a_pipeline_can_get_another_layer(repository: Path) -> None:
    done = invoke(repository, "rename-pipeline", "default/hello", "gold/hello", "--yes")
    assert "gold has no zones: reads= and writes= say what functions read and write" in done.stdout
    assert not (repository / OLD).exists()
    assert "no problems found" in invoke(repository, "check").stdout


def test_a_dry_run_shows_the_changes_and_makes_none(repository: Path, git: Git) -> None:
    done = invoke(repository, "rename-pipeline", "default/hello", "greet_all", "--dry-run")
    assert f"would move {OLD} to {NEW}\nwould change " in done.stdout
    assert f"would change {NEW}/Pulumi.yaml\n" in done.stdout
    assert git(repository, "status", "--porcelain") == ""


def test_the_changes_are_listed_as_json(repository: Path) -> None:
    words = ("rename-pipeline", "default/hello", "greet_all", "--json")
    plan = json.loads(invoke(repository, *words, "--dry-run").stdout)
    assert plan["dry_run"]
    assert f"move {OLD} to {NEW}" in plan["changes"]
    refusal = json.loads(invoke(repository, *words, INFRA_BUCKET="").stdout)
    assert refusal == {"error": {"message": "add --yes if nothing is deployed.", "exit_code": 2}}
    done = json.loads(invoke(repository, *words, "--yes", INFRA_BUCKET="").stdout)
    assert done == {**plan, "dry_run": False}


REFUSED = {
    "another one exists": (["default/hello", "raw-to-processed/example"], "already exists"),
    "its own name": (["default/hello", "hello"], "default/hello already exists"),
    "no such pipeline": (["default/hi", "ho"], "no pipeline 'default/hi'; known: "),
    "no such layer": (["default/hello", "lead/hello"], "`invoke new-layer lead` adds it"),
    "an invalid name": (["default/hello", "Hello-2"], "Hello-2"),
    "nobody can be asked": (["default/hello", "greet_all"], "add --yes if nothing is deployed"),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_line_and_changes_nothing(
    rendered: Path, git: Git, words: list[str], message: str
) -> None:
    done = invoke(rendered, "rename-pipeline", *words, INFRA_BUCKET="")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert re.search(message, line), line
    assert git(rendered, "status", "--porcelain") == ""


def test_everything_stays_when_a_file_cannot_be_written(repository: Path) -> None:
    before = contents(repository)
    of_repository = Repository(repository)
    old = of_repository.pipeline("default/hello")
    change = plan_rename(of_repository, old, renamed_pipeline(of_repository, old, "greet_all"))
    # Somebody else takes the name before the folder is moved.
    taken = repository / NEW / "notes.md"
    taken.parent.mkdir()
    taken.write_text("ours")
    with pytest.raises(ScaffoldError, match="cannot be written"):
        change.carry_out()
    taken.unlink()
    assert contents(repository) == before
