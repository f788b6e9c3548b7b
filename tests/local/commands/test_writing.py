"""`invoke new-pipeline` and `new-function`: mistakes in one line, exit 2, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

ANSWERS = "layers: [raw-to-processed, default]\npipelines: []\nproject_name: made\n"
NEW = ("new-pipeline", "raw-to-processed")
FUNCTION = ("new-function", "raw-to-processed/tidy")

REFUSED = {
    "an unknown layer": (
        ("new-pipeline", "raw-to-curated", "x"),
        "no layer 'raw-to-curated'; known: raw-to-processed, default.",
    ),
    "a taken name": ((*NEW, "tidy"), "the pipeline raw-to-processed/tidy already exists"),
    "capitals": ((*NEW, "Tidy"), "write lower-case letters, digits and single underscores"),
    "a dash": ((*NEW, "tidy-up"), "write lower-case letters, digits and single underscores"),
    "a path": ((*NEW, "../tidy"), "write lower-case letters, digits and single underscores"),
    "a word of Python": ((*NEW, "class"), "Python"),
    "a doubled underscore, which AWS forbids": ((*NEW, "a__b"), "underscore"),
    "a name too long for AWS": ((*NEW, "x" * 41), "41"),
    "a folder with a meaning": ((*NEW, "tests"), "tests"),
    "a device of Windows": ((*NEW, "con"), "Windows"),
    "a taken function": ((*FUNCTION, "clean"), "choose another name"),
    "a function called lambda": ((*FUNCTION, "lambda"), "Python"),
    "a function of no pipeline": (
        ("new-function", "raw-to-processed/none", "x"),
        "no pipeline 'raw-to-processed/none'; known: raw-to-processed/tidy.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_writes_nothing(repository: Repository, case: str) -> None:
    words, message = REFUSED[case]
    repository.write(".copier-answers.yml", ANSWERS)
    before = repository.snapshot()
    done = repository.invoke(*words)
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2
    assert repository.snapshot() == before
    assert (repository.root / ".copier-answers.yml").read_text() == ANSWERS


def test_a_repository_made_by_hand_has_no_answers_to_add_to(repository: Repository) -> None:
    done = repository.invoke(*NEW, "x")
    assert "this command needs a repository made with `copier copy`" in done.stderr
    assert done.returncode == 2


def test_what_invoke_itself_refuses_exits_1(repository: Repository) -> None:
    for words in (("new-pipelin", "a", "b"), ("run", "x/y", "--exmple", "z")):
        done = repository.invoke(*words)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr


def test_doctor_shows_what_is_installed_and_what_is_missing(repository: Repository) -> None:
    repository.write(".python-version", "2.7\n")
    done = repository.invoke("doctor", PATH="", COLUMNS="200")
    shown = " ".join(done.stdout.split())
    assert "! Python the functions run on Python 2.7 on AWS" in shown
    assert "✗ git https://git-scm.com/downloads (for copier copy, copier update)" in shown
    assert "✓ moto" in shown
    assert (
        "! pyenv or uv https://github.com/pyenv/pyenv#installation or https://docs.astral" in shown
    )
    assert "✓ ruff" in shown
    assert f"✓ repository {repository.root}, pipelines: 1" in shown
    assert "error: missing: git." in done.stderr
    assert done.returncode == 2


def test_doctor_shows_a_region_that_differs(repository: Repository) -> None:
    repository.write(".env", "AWS_REGION=us-east-1\n")
    done = repository.invoke("doctor")
    assert "it is us-east-1, and pipeline_config.py has eu-west-2" in " ".join(done.stdout.split())


def test_an_exported_variable_wins_over_env(repository: Repository) -> None:
    repository.write(".env", "AWS_REGION=us-east-1\n")
    done = repository.invoke("doctor", AWS_REGION="eu-west-2")
    assert "✓ AWS_REGION      eu-west-2" in done.stdout
