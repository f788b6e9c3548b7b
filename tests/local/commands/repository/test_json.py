"""`--json`: one document on standard output, also when a task ends with an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository


def document(repository: Repository, *words: str, code: int) -> Any:
    done = repository.invoke(*words, "--json", INFRA_BUCKET="")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_check_lists_pipelines_and_problems(repository: Repository) -> None:
    name = "raw-to-processed/tidy"
    assert document(repository, "check", code=0) == {
        "pipelines": [name],
        "functions": 1,
        "problems": [],
    }
    repository.define('Function("claen")')
    result = document(repository, "check", code=2)
    assert "no file src/raw-to-processed/tidy/claen/lambda.py" in result["problems"][0]


def test_doctor_lists_the_tools(repository: Repository) -> None:
    tools = {tool["name"]: tool for tool in document(repository, "doctor", code=0)}
    assert tools["git"]["needed_for"] == "copier copy, copier update"
    assert tools["pytest"]["remedy"] == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "a/b"), "no pipeline 'a/b'; known: raw-to-processed/tidy."),
        (("run", "raw-to-processed/tidy", "--input", "{", "--file", "x"), "give --file or --input"),
        (("settings", "--env", "x"), "no environment 'x'; known: local."),
        (("preview", "--all"), "--all is about an environment: add --env."),
        (("clean", "--all"), "--json cannot ask: add --yes."),
    ],
)
def test_an_error_is_the_document(
    repository: Repository, words: tuple[str, ...], message: str
) -> None:
    repository.write(".dorc/runs/20260101-000000-000000-x/log.txt", "a line\n")
    error = document(repository, *words, code=2)["error"]
    assert message in error["message"]
    assert error["exit_code"] == 2
