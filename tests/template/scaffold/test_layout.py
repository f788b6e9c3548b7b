"""The tasks that add and remove environments, layers and pipelines."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.template import conftest
from tests.template.conftest import Copy, Git, contents

LAYERS = ["raw-to-processed", "default"]
FLOW = {"layer": "raw-to-processed", "name": "example"}
OTHER = {"layer": "default", "name": "hello"}
ANSWERS = {"layers": LAYERS, "pipelines": [FLOW, OTHER]}
DEPLOY = ".github/workflows/deploy.yml"

Result = subprocess.CompletedProcess[str]


def invoke(folder: Path, *words: str, **settings: str) -> Result:
    return conftest.invoke(folder, *words, **{"PULUMI_CONFIG_PASSPHRASE": "", **settings})


CHANGES: dict[str, tuple[list[str], dict[str, object]]] = {
    "new-env": (["new-env", "test"], {"environments": ["dev", "prod", "test"]}),
    "remove-env": (["remove-env", "prod", "--yes"], {"environments": ["dev"]}),
    "remove the first": (["remove-env", "dev", "--yes"], {"environments": ["prod"]}),
    "new-layer": (
        ["new-layer", "processed-to-curated"],
        {"layers": [*LAYERS, "processed-to-curated"]},
    ),
    "remove-pipeline": (["remove-pipeline", "default/hello", "--yes"], {"pipelines": [FLOW]}),
    "new-pipeline": (
        ["new-pipeline", "default", "again"],
        {"pipelines": [FLOW, OTHER, {"layer": "default", "name": "again"}]},
    ),
}


@pytest.mark.parametrize(("words", "answers"), CHANGES.values(), ids=CHANGES)
class TestEveryChange:
    def test_the_result_equals_a_fresh_copy(
        self, committed: Copy, copy: Copy, words: list[str], answers: dict[str, object]
    ) -> None:
        repository = committed(**ANSWERS)
        done = invoke(repository, *words)
        assert done.returncode == 0, done.stderr
        fresh = copy(name="fresh", project_name="my-pipelines", **{**ANSWERS, **answers})
        assert contents(repository) == contents(fresh)

    def test_a_dry_run_prints_the_changes_and_makes_none(
        self, committed: Copy, git: Git, words: list[str], answers: dict[str, object]
    ) -> None:
        repository = committed(**ANSWERS)
        done = invoke(repository, *words, "--dry-run")
        assert done.returncode == 0, done.stderr
        would = sorted(line[6:] for line in done.stdout.splitlines() if line.startswith("would "))
        assert git(repository, "status", "--porcelain") == ""
        assert answers
        invoke(repository, *words)
        verbs = {"M": "change", "D": "remove", "??": "write"}
        status = git(repository, "status", "--porcelain", "--untracked-files=all").splitlines()
        assert would == sorted(f"{verbs[line[:2].strip()]} {line[3:]}" for line in status)


def test_an_empty_layer_can_be_removed(committed: Copy) -> None:
    repository = committed(layers=["raw-to-processed", "default"])
    assert invoke(repository, "remove-layer", "default").returncode == 0
    answers = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    assert answers["layers"] == ["raw-to-processed"]


REFUSED = {
    "capitals": (["new-env", "Test"], "environments cannot be .*lower-case letters and digits"),
    "universal": (["new-env", "universal"], "No environment can be called universal"),
    "no such environment": (["remove-env", "qa"], "no environment 'qa'; known: dev, prod"),
    "a layer twice": (["new-layer", "default"], "the layer default already exists"),
    "a layer's name": (["new-layer", "Raw Data"], "layers cannot be .*lower-case"),
    "a layer in use": (["remove-layer", "default"], "default has pipelines: default/hello"),
    "no such layer": (["remove-layer", "gold"], "no layer 'gold'; known: raw-to-processed"),
    "no such pipeline": (["remove-pipeline", "default/hi"], "no pipeline 'default/hi'; known: "),
    "a layer for a pipeline": (["remove-pipeline", "default"], "no pipeline 'default/'"),
    "nobody can look": (["remove-pipeline", "default/hello"], "add --yes if nothing is deployed"),
    "nor there": (["remove-env", "prod"], "add --yes if nothing is deployed"),
    "a pipeline in a new layer": (["new-pipeline", "gold", "x"], "`invoke new-layer gold` adds it"),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_line_and_changes_nothing(
    committed: Copy, git: Git, words: list[str], message: str
) -> None:
    repository = committed(**ANSWERS)
    done = invoke(repository, *words, INFRA_BUCKET="")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert re.search(message, line), line
    assert git(repository, "status", "--porcelain") == ""


def test_the_last_environment_and_the_last_layer_stay(committed: Copy) -> None:
    repository = committed(layers=["default"], environments=["prod"])
    assert "prod is the only environment" in invoke(repository, "remove-env", "prod").stderr
    assert "default is the only layer" in invoke(repository, "remove-layer", "default").stderr


def test_an_old_repository_gets_the_missing_stack_files(committed: Copy, git: Git) -> None:
    repository = committed(**ANSWERS)
    before = contents(repository)
    for file in repository.rglob("Pulumi.*.yaml"):
        file.unlink()
    for environment in ("dev", "prod"):
        assert invoke(repository, "new-env", environment).returncode == 0
    assert contents(repository) == before
    assert "nothing to do" in invoke(repository, "new-env", "dev").stdout
    assert git(repository, "status", "--porcelain") == ""


def test_a_pipeline_made_by_hand_gets_a_stack_file(committed: Copy) -> None:
    repository = committed(**ANSWERS)
    by_hand = repository / "src" / "default" / "own"
    shutil.copytree(repository / "src" / "default" / "hello", by_hand)
    assert invoke(repository, "new-env", "test").returncode == 0
    assert (by_hand / "Pulumi.test.yaml").is_file()
    assert "own" not in (repository / ".copier-answers.yml").read_text()


def test_a_pipeline_that_was_deleted_by_hand_stays_deleted(committed: Copy) -> None:
    repository = committed(**ANSWERS)
    folder = repository / "src" / "default" / "hello"
    shutil.rmtree(folder)
    assert invoke(repository, "new-env", "test").returncode == 0
    assert not folder.exists()
    done = invoke(repository, "check")
    assert (
        "src/default/hello/pipeline.py does not exist, but .copier-answers.yml has the pipeline: "
        "restore it from git, or run `invoke remove-pipeline default/hello`.\n"
    ) in done.stdout
    assert invoke(repository, "remove-pipeline", "default/hello", "--yes").returncode == 0
    assert "no problems found" in invoke(repository, "check").stdout


def test_an_edited_workflow_keeps_its_edits(committed: Copy) -> None:
    repository = committed(**ANSWERS)
    workflow = repository / DEPLOY
    edited = workflow.read_text().replace("branches: [main]", "branches: [trunk]")
    workflow.write_text(edited)
    assert invoke(repository, "new-env", "test").returncode == 0
    jobs = yaml.safe_load(workflow.read_text())
    assert jobs[True]["push"]["branches"] == ["trunk"]
    assert list(jobs["jobs"]) == ["universal", "dev", "prod", "test"]
    assert jobs["jobs"]["test"]["needs"] == "prod"


def test_a_workflow_that_cannot_be_merged_stays_and_is_named(committed: Copy) -> None:
    repository = committed(**ANSWERS)
    workflow = repository / DEPLOY
    workflow.write_text(workflow.read_text().replace("--env prod --yes", "--env prod --yes # ours"))
    edited = workflow.read_text()
    done = invoke(repository, "new-env", "test")
    assert done.returncode == 0
    assert f"{DEPLOY} is not changed, because you changed it: edit it by hand" in done.stdout
    assert workflow.read_text() == edited


def test_what_git_cannot_restore_is_not_removed(committed: Copy) -> None:
    repository = committed(**ANSWERS)
    new = repository / "src/default/hello/notes.md"
    new.write_text("not committed\n")
    done = invoke(repository, "remove-pipeline", "default/hello", "--yes")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "src/default/hello/notes.md is not committed" in done.stderr
    assert new.exists()


class TestDeployed:
    """With a stack on a backend in a folder, as after an apply."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> str:
        if shutil.which("pulumi") is None:
            pytest.skip("no pulumi on PATH")
        (tmp_path / "state").mkdir()
        return (tmp_path / "state").as_uri()

    @pytest.fixture
    def repository(self, committed: Copy, backend: str, tmp_path: Path) -> Path:
        repository = committed(**ANSWERS)
        urn = "urn:pulumi:dev::my-pipelines.default.hello::pulumi:pulumi:Stack::it"
        resource = {"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack"}
        deployment = {"manifest": {}, "resources": [resource]}
        state = tmp_path / "state.json"
        state.write_text(json.dumps({"version": 3, "deployment": deployment}))
        environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": backend,
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        for words in (["stack", "init", "dev"], ["stack", "import", "--file", str(state)]):
            subprocess.run(
                ["pulumi", *words, "--non-interactive"],
                cwd=repository / "src/default/hello",
                env=environment,
                check=True,
                capture_output=True,
            )
        subprocess.run(["git", "commit", "-qam", "initialised"], cwd=repository, check=True)
        return repository

    def test_a_pipeline_stays_while_it_is_deployed(self, repository: Path, backend: str) -> None:
        done = invoke(repository, "remove-pipeline", "default/hello", "--yes", INFRA_BUCKET=backend)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "still deployed: default/hello in dev" in done.stderr
        assert "invoke destroy --instance default/hello" in done.stderr

    def test_a_pipeline_keeps_its_name_while_it_is_deployed(
        self, repository: Path, backend: str
    ) -> None:
        words = ("rename-pipeline", "default/hello", "greet", "--yes")
        done = invoke(repository, *words, INFRA_BUCKET=backend)
        assert done.returncode == 2
        assert (
            "still deployed: default/hello in dev; on AWS a renamed pipeline is a new one, and the "
            "old one would stay: `invoke destroy --instance default/hello --env ENV` removes it"
        ) in done.stderr

    def test_a_deleted_folder_must_be_restored_while_it_is_deployed(
        self, repository: Path, backend: str
    ) -> None:
        shutil.rmtree(repository / "src/default/hello")
        done = invoke(repository, "remove-pipeline", "default/hello", INFRA_BUCKET=backend)
        assert "default/hello in dev; restore its folder from git first, then" in done.stderr

    def test_what_is_not_deployed_is_removed_without_a_question(
        self, repository: Path, backend: str
    ) -> None:
        name = "raw-to-processed/example"
        done = invoke(repository, "remove-pipeline", name, INFRA_BUCKET=backend)
        assert done.returncode == 0, done.stderr
        assert not (repository / "src" / name).exists()
        assert invoke(repository, "remove-env", "prod", INFRA_BUCKET=backend).returncode == 0

    def test_an_environment_stays_while_anything_is_deployed(
        self, repository: Path, backend: str
    ) -> None:
        done = invoke(repository, "remove-env", "dev", "--yes", INFRA_BUCKET=backend)
        assert "still deployed: default/hello in dev" in done.stderr
        assert done.returncode == 2
