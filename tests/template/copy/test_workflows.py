"""The workflows that a repository gets, the comment that they write, and dorc's own workflows."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.conftest import ROOT, Copy, Git, invoke

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
ENVIRONMENTS = ["dev", "test", "prod"]


@pytest.fixture(scope="session")
def actionlint() -> list[str]:
    """The command of actionlint: from PATH, or built from Go's module proxy."""
    if shutil.which("actionlint"):
        return ["actionlint"]
    if shutil.which("go") is None:
        pytest.skip("neither actionlint nor Go is installed")
    return ["go", "run", ACTIONLINT]


def workflow(made: Path, name: str) -> dict[str, Any]:
    text = (made / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture(
    params=[{}, {"environments": ENVIRONMENTS, "architecture": "arm64"}, None],
    ids=["defaults", "three environments on arm64", "dorc itself"],
)
def repository(copy: Copy, git: Git, request: pytest.FixtureRequest) -> Path:
    """A repository with workflows: one from the template, or dorc's own."""
    if request.param is None:
        return ROOT
    made = copy(**request.param)
    git(made, "init", "--quiet")
    return made


def test_actionlint_finds_nothing(repository: Path, actionlint: list[str]) -> None:
    files = [str(file) for file in (repository / ".github/workflows").glob("*.yml")]
    assert files
    done = subprocess.run(
        [*actionlint, "-no-color", *files],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing(repository: Path) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", repository / ".github"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_action_is_pinned_by_its_commit_with_the_version_next_to_it(repository: Path) -> None:
    pin = re.compile(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    for file in (repository / ".github").rglob("*.yml"):
        for action in re.findall(r"uses: ([^.\s].*)", file.read_text(encoding="utf-8")):
            assert pin.fullmatch(action), f"{file}: {action}"


def test_dependabot_looks_where_actions_are_used(repository: Path, git: Git) -> None:
    [update] = yaml.safe_load((repository / ".github/dependabot.yml").read_text())["updates"]
    searched = {
        repository / (folder.lstrip("/") or ".github/workflows") for folder in update["directories"]
    }
    files = git(repository, "ls-files", "-co", "--exclude-standard", "*.github/*.yml").splitlines()
    used = {
        file.parent
        for file in (repository / name for name in files)
        if re.search(r"uses: [^.]", file.read_text(encoding="utf-8"))
    }
    assert searched == used


class TestDeploy:
    def test_environments_are_deployed_one_after_the_other(self, copy: Copy) -> None:
        jobs = workflow(copy(environments=ENVIRONMENTS), "deploy")["jobs"]
        needs = {name: job.get("needs") for name, job in jobs.items()}
        assert needs == {"universal": None, "dev": "universal", "test": "dev", "prod": "test"}

    def test_each_job_uses_the_environment_of_its_name(self, copy: Copy) -> None:
        jobs = workflow(copy(environments=ENVIRONMENTS), "deploy")["jobs"]
        assert {name: job["environment"] for name, job in jobs.items()} == {
            name: name for name in ("universal", *ENVIRONMENTS)
        }

    def test_each_stack_is_deployed_by_one_run_at_a_time(self, copy: Copy) -> None:
        jobs = workflow(copy(), "deploy")["jobs"]
        groups = [job["concurrency"] for job in jobs.values()]
        assert len(set(groups)) == len(groups) == 3

    def test_arm_images_are_built_on_arm(self, copy: Copy) -> None:
        jobs = workflow(copy(architecture="arm64"), "deploy")["jobs"]
        assert jobs["universal"]["runs-on"] == "ubuntu-24.04-arm"

    def test_github_stores_no_key_of_aws(self, copy: Copy) -> None:
        made = copy()
        for job in workflow(made, "deploy")["jobs"].values():
            assert job["permissions"] == {"contents": "read", "id-token": "write"}
        for file in (made / ".github").rglob("*.yml"):
            assert "access-key" not in file.read_text(encoding="utf-8")

    def test_every_task_that_a_workflow_calls_exists(self, copy: Copy) -> None:
        made = copy()
        listed = invoke(made, "--list").stdout
        for name in ("check", "deploy"):
            for job in workflow(made, name)["jobs"].values():
                for step in job["steps"]:
                    if (step.get("run") or "").startswith("invoke "):
                        words = step["run"].split(">")[0].split()
                        assert f"  {words[1]} " in listed
                        options = invoke(made, "--help", words[1]).stdout
                        for option in (word for word in words if word.startswith("--")):
                            assert f"{option} " in options or f"{option}=" in options, option


PREVIEW = {
    "universal": {"same": 12, "create": 1},
    "infra": {"same": 9},
    "raw-to-processed/penguins": {"same": 20, "update": 2, "replace": 1},
}


class TestComment:
    @pytest.fixture
    def comment(self, copy: Copy, tmp_path: Path) -> Any:
        made = copy()

        def written(text: str) -> subprocess.CompletedProcess[str]:
            file = tmp_path / "preview.json"
            file.write_text(text)
            return invoke(made, "preview-comment", str(file), "--env", "dev")

        return written

    def test_it_says_what_would_change_and_where(self, comment: Any) -> None:
        assert comment(json.dumps(PREVIEW)).stdout.splitlines() == [
            "<!-- dorc preview of dev -->",
            "### Preview of dev",
            "",
            "| | create | update | replace | delete |",
            "|---|--:|--:|--:|--:|",
            "| `universal` | 1 |  |  |  |",
            "| `raw-to-processed/penguins` |  | 2 | 1 |  |",
            "",
            "1 more would stay as it is.",
        ]

    def test_it_says_when_nothing_would_change(self, comment: Any) -> None:
        text = comment('{"infra": {"same": 9}}').stdout
        assert text.endswith("### Preview of dev\n\nNothing would change.\n")

    @pytest.mark.parametrize("text", ["", "[]", '{"infra": 1}'])
    def test_a_wrong_file_is_refused_in_one_line(self, comment: Any, text: str) -> None:
        done = comment(text)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
