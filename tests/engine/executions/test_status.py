"""All pipelines of an environment on one screen: what failed, and what is not deployed."""

import json
from typing import Any

import pytest

from tests.engine.deployment import Deployment

HEADER = "site,species,birds\n"
BIRDS, REPORT = "raw-to-processed/birds", "processed-to-curated/report"


@pytest.fixture(scope="module", autouse=True)
def _failed(execute: Any) -> None:
    execute("empty", HEADER)


def shown(birds: Deployment) -> dict[str, dict[str, Any]]:
    found = json.loads(birds.invoke("status", "--env", "dev", "--json").out)
    return {each["pipeline"]: each for each in found["pipelines"]}


@pytest.mark.parametrize("width", ["80", "140"])
def test_the_pipeline_that_failed_is_first(birds: Deployment, width: str) -> None:
    result = birds.invoke("status", "--env", "dev", COLUMNS=width)
    assert result.code == 0, result.text
    assert result.out.index(BIRDS) < result.out.index(REPORT)
    assert "EmptyFile" in result.out
    assert result.out.endswith(
        f"next: invoke executions --failed --since 1d --pipeline {BIRDS} --env dev\n"
    )


def test_what_is_deployed_is_the_current_code(birds: Deployment) -> None:
    birds_status = shown(birds)[BIRDS]
    assert birds_status["deployed"]
    assert birds_status["functions_to_deploy"] == []
    assert birds_status["last"]["error"] == "EmptyFile"


def test_a_changed_function_has_to_be_deployed(birds: Deployment) -> None:
    file = birds.root / f"src/{BIRDS}/tally/lambda.py"
    code = file.read_text(encoding="utf-8")
    file.write_text(f"{code}\n# changed\n", encoding="utf-8")
    try:
        assert shown(birds)[BIRDS]["functions_to_deploy"] == ["tally"]
    finally:
        file.write_text(code, encoding="utf-8")


def test_an_environment_without_pipelines_says_how_to_deploy_them(birds: Deployment) -> None:
    result = birds.invoke("status", "--env", "prod")
    assert result.code == 0, result.text
    assert result.out.count("not deployed") == 2
    assert result.out.endswith("next: invoke apply --all --env prod\n")
