"""`invoke synth`, as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dorc_runtime.project.repository import Repository


def invoke(repository: Repository, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoke", "synth", *words]
    return subprocess.run(
        command, cwd=repository.root, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_stack_of_an_environment_is_printed(penguins: Repository) -> None:
    done = invoke(penguins, "--env", "prod")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["account"] == "123456789012"
    assert [stack["instance"] for stack in told["stacks"]] == [
        "universal",
        "infra",
        "processed-to-curated/penguins",
        "raw-to-processed/penguins",
    ]


def test_one_instance_is_printed(penguins: Repository) -> None:
    done = invoke(penguins, "--instance", "universal")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["project"] == "penguins.universal"


def test_the_account_that_is_set_is_the_one_in_arns(
    penguins: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCOUNT", "210987654321")
    done = invoke(penguins, "--instance", "infra", "--env", "dev")
    assert json.loads(done.stdout)["outputs"]["alerts"] == (
        "arn:aws:sns:eu-west-2:210987654321:penguins--dev"
    )


def test_it_goes_into_a_file_where_one_is_named(penguins: Repository, tmp_path: Path) -> None:
    file = tmp_path / "synth.json"
    done = invoke(penguins, "--instance", "universal", "--out", str(file))
    assert done.stdout == f"written to {file}\n"
    assert json.loads(file.read_text(encoding="utf-8"))["instance"] == "universal"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "error: name the environment: add --env, or --instance universal."),
        (("--env", "staging"), "error: no environment 'staging'; known: dev, prod."),
        (("--env", "dev", "--instance", "universal"), "leave out --env"),
        (("--env", "dev", "--instance", "raw-to-processed/penguin"), "no instance"),
    ],
    ids=["no environment", "an unknown environment", "universal's", "an unknown instance"],
)
def test_a_mistake_in_the_call_is_told_in_one_line(
    penguins: Repository, words: tuple[str, ...], said: str
) -> None:
    done = invoke(penguins, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
