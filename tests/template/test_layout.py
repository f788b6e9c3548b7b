"""Environments, layers and pipelines that come and go, by the tasks that users give."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import Copy, Git

LAYERS = ["raw-to-processed", "default"]
FLOW = {"layer": "raw-to-processed", "name": "example"}
OTHER = {"layer": "default", "name": "hello"}
ANSWERS = {"layers": LAYERS, "pipelines": [FLOW, OTHER]}
DEPLOY = ".github/workflows/deploy.yml"

Result = subprocess.CompletedProcess[str]


def invoke(folder: Path, *words: str, **settings: str) -> Result:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=folder,
        env={**os.environ, "PULUMI_CONFIG_PASSPHRASE": "", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "__pycache__"} & set(path.parts)
    }


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
    def test_it_leaves_what_a_fresh_copy_would_be(
        self, committed: Copy, copy: Copy, words: list[str], answers: dict[str, object]
    ) -> None:
        made = committed(**ANSWERS)
        done = invoke(made, *words)
        assert done.returncode == 0, done.stderr
        fresh = copy(name="fresh", project_name="my-pipelines", **{**ANSWERS, **answers})
        assert contents(made) == contents(fresh)

    def test_a_dry_run_tells_of_it_and_changes_nothing(
        self, committed: Copy, git: Git, words: list[str], answers: dict[str, object]
    ) -> None:
        made = committed(**ANSWERS)
        done = invoke(made, *words, "--dry-run")
        assert done.returncode == 0, done.stderr
        would = sorted(line[6:] for line in done.stdout.splitlines() if line.startswith("would "))
        assert git(made, "status", "--porcelain") == ""
        assert answers
        invoke(made, *words)
        verbs = {"M": "change", "D": "remove", "??": "write"}
        status = git(made, "status", "--porcelain", "--untracked-files=all").splitlines()
        assert would == sorted(f"{verbs[line[:2].strip()]} {line[3:]}" for line in status)


def test_an_empty_layer_may_go(committed: Copy) -> None:
    made = committed(layers=["raw-to-processed", "default"])
    assert invoke(made, "remove-layer", "default").returncode == 0
    answers = yaml.safe_load((made / ".copier-answers.yml").read_text())
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
    made = committed(**ANSWERS)
    done = invoke(made, *words, INFRA_BUCKET="")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert re.search(message, line), line
    assert git(made, "status", "--porcelain") == ""


def test_the_last_environment_and_the_last_layer_stay(committed: Copy) -> None:
    made = committed(layers=["default"], environments=["prod"])
    assert "prod is the only environment" in invoke(made, "remove-env", "prod").stderr
    assert "default is the only layer" in invoke(made, "remove-layer", "default").stderr


def test_a_repository_from_before_stack_files_gets_them(committed: Copy, git: Git) -> None:
    made = committed(**ANSWERS)
    before = contents(made)
    for file in made.rglob("Pulumi.*.yaml"):
        file.unlink()
    for environment in ("dev", "prod"):
        assert invoke(made, "new-env", environment).returncode == 0
    assert contents(made) == before
    assert "nothing to do" in invoke(made, "new-env", "dev").stdout
    assert git(made, "status", "--porcelain") == ""


def test_a_pipeline_made_by_hand_gets_a_stack_file(committed: Copy) -> None:
    made = committed(**ANSWERS)
    by_hand = made / "src" / "default" / "own"
    shutil.copytree(made / "src" / "default" / "hello", by_hand)
    assert invoke(made, "new-env", "test").returncode == 0
    assert (by_hand / "Pulumi.test.yaml").is_file()
    assert "own" not in (made / ".copier-answers.yml").read_text()


def test_a_workflow_of_the_teams_keeps_its_edits(committed: Copy) -> None:
    made = committed(**ANSWERS)
    workflow = made / DEPLOY
    edited = workflow.read_text().replace("branches: [main]", "branches: [trunk]")
    workflow.write_text(edited)
    assert invoke(made, "new-env", "test").returncode == 0
    jobs = yaml.safe_load(workflow.read_text())
    assert jobs[True]["push"]["branches"] == ["trunk"]
    assert list(jobs["jobs"]) == ["universal", "dev", "prod", "test"]
    assert jobs["jobs"]["test"]["needs"] == "prod"


def test_a_workflow_that_cannot_be_merged_is_left_and_told_of(committed: Copy) -> None:
    made = committed(**ANSWERS)
    workflow = made / DEPLOY
    workflow.write_text(workflow.read_text().replace("--env prod --yes", "--env prod --yes # ours"))
    edited = workflow.read_text()
    done = invoke(made, "new-env", "test")
    assert done.returncode == 0
    assert f"{DEPLOY} is not changed, because you changed it: edit it by hand" in done.stdout
    assert workflow.read_text() == edited


def test_what_git_could_not_bring_back_is_not_removed(committed: Copy) -> None:
    made = committed(**ANSWERS)
    new = made / "src/default/hello/notes.md"
    new.write_text("not committed\n")
    done = invoke(made, "remove-pipeline", "default/hello", "--yes")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "src/default/hello/notes.md is not committed" in done.stderr
    assert new.exists()


class TestDeployed:
    """With a stack on a backend in a folder, as an apply leaves it."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> str:
        if shutil.which("pulumi") is None:
            pytest.skip("no pulumi on PATH")
        (tmp_path / "state").mkdir()
        return (tmp_path / "state").as_uri()

    @pytest.fixture
    def made(self, committed: Copy, backend: str, tmp_path: Path) -> Path:
        made = committed(**ANSWERS)
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
                cwd=made / "src/default/hello",
                env=environment,
                check=True,
                capture_output=True,
            )
        subprocess.run(["git", "commit", "-qam", "initialised"], cwd=made, check=True)
        return made

    def test_a_pipeline_stays_while_it_is_deployed(self, made: Path, backend: str) -> None:
        done = invoke(made, "remove-pipeline", "default/hello", "--yes", INFRA_BUCKET=backend)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "still deployed: default/hello in dev" in done.stderr
        assert "invoke destroy --instance default/hello" in done.stderr

    def test_what_is_not_deployed_goes_without_a_question(self, made: Path, backend: str) -> None:
        name = "raw-to-processed/example"
        done = invoke(made, "remove-pipeline", name, INFRA_BUCKET=backend)
        assert done.returncode == 0, done.stderr
        assert not (made / "src" / name).exists()
        assert invoke(made, "remove-env", "prod", INFRA_BUCKET=backend).returncode == 0

    def test_an_environment_stays_while_anything_is_there(self, made: Path, backend: str) -> None:
        done = invoke(made, "remove-env", "dev", "--yes", INFRA_BUCKET=backend)
        assert "still deployed: default/hello in dev" in done.stderr
        assert done.returncode == 2
