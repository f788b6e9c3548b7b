"""The command `invoke synth`."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dorc_runtime.project.repository import Repository
from tests.commands import run_module


def invoke(repository: Repository, *words: str) -> subprocess.CompletedProcess[str]:
    return run_module("invoke", "synth", *words, folder=repository.root, environment=os.environ)


def test_every_stack_of_an_environment_is_printed(penguins: Repository) -> None:
    process = invoke(penguins, "--env", "prod")
    assert process.returncode == 0, process.stderr
    document = json.loads(process.stdout)
    assert document["account"] == "123456789012"
    assert [stack["instance"] for stack in document["stacks"]] == [
        "universal",
        "infra",
        "processed-to-curated/penguins",
        "raw-to-processed/penguins",
    ]


def test_one_instance_is_printed(penguins: Repository) -> None:
    process = invoke(penguins, "--instance", "universal")
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["project"] == "penguins.universal"


def test_arns_have_the_account_that_is_set(
    penguins: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCOUNT", "210987654321")
    process = invoke(penguins, "--instance", "infra", "--env", "dev")
    assert json.loads(process.stdout)["outputs"]["alerts"] == (
        "arn:aws:sns:eu-west-2:210987654321:penguins--dev"
    )


def test_the_result_is_written_to_the_file_in_out(penguins: Repository, tmp_path: Path) -> None:
    file = tmp_path / "synth.json"
    process = invoke(penguins, "--instance", "universal", "--out", str(file))
    assert process.stdout == f"written to {file}\n"
    assert json.loads(file.read_text(encoding="utf-8"))["instance"] == "universal"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "error: name the environment: add --env, or --instance universal."),
        (("--env", "staging"), "error: no environment 'staging'; known: dev, prod."),
        (("--env", "dev", "--instance", "universal"), "leave out --env"),
        (("--env", "dev", "--instance", "raw-to-processed/penguin"), "no instance"),
    ],
    ids=["no environment", "unknown environment", "universal with --env", "unknown instance"],
)
def test_a_mistake_in_the_call_is_reported_in_one_line(
    penguins: Repository, words: tuple[str, ...], message: str
) -> None:
    process = invoke(penguins, *words)
    assert process.returncode == 2
    assert message in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""


def test_a_mistake_in_a_stack_file_is_reported(penguins: Repository, tmp_path: Path) -> None:
    root = shutil.copytree(penguins.root, tmp_path / "penguins")
    (root / "infra/Pulumi.dev.yaml").write_text("config: {log_retention: 7}\n")
    process = invoke(Repository(root), "--instance", "infra", "--env", "dev")
    assert process.returncode == 2
    assert process.stderr == (
        "error: infra/Pulumi.dev.yaml: no key 'log_retention'. Did you mean 'log_retention_days'?\n"
    )


def test_a_definition_that_cannot_be_read_is_reported_with_its_line(
    penguins: Repository, tmp_path: Path
) -> None:
    root = shutil.copytree(penguins.root, tmp_path / "penguins")
    (root / "src/raw-to-processed/penguins/pipeline.py").write_text("pipeline = (\n")
    process = invoke(Repository(root), "--instance", "raw-to-processed/penguins", "--env", "dev")
    assert process.returncode == 2
    assert process.stderr == (
        "error: src/raw-to-processed/penguins/pipeline.py:1: '(' was never closed\n"
    )
