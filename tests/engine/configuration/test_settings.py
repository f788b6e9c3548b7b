"""Settings of an environment, deployed: from its stack file into functions."""

from typing import Any

import pytest

from tests.engine.conftest import CLEANING
from tests.engine.deployment import Deployment

FUNCTION = "my-pipelines--dev--raw-to-processed--penguins--clean"
CONFIG = """
from pydantic import BaseModel, HttpUrl

class Settings(BaseModel):
    api_url: HttpUrl
    clean_memory: int = 512

config = Config(universal=universal, settings=Settings)
"""
PIPELINE = """
from dorc_runtime import Function, Pipeline, setting

pipeline = Pipeline(
    steps=[
        Function("validate"),
        Function("clean", memory=setting("clean_memory"), settings=["api_url"]),
        Function("publish"),
    ]
)
"""


@pytest.fixture(scope="module")
def configured(deployment: Deployment) -> Deployment:
    """Infra and a pipeline with settings, in dev."""
    root = deployment.root
    with (root / "pipeline_config.py").open("a") as file:
        file.write(CONFIG)
    (root / "src" / CLEANING / "pipeline.py").write_text(PIPELINE)
    write_settings(deployment, "api_url: https://api.example.org")
    assert deployment.invoke("init").code == 0
    deployment.apply("universal")
    deployment.apply("infra", "dev")
    deployment.apply(CLEANING, "dev")
    return deployment


def write_settings(deployment: Deployment, *settings: str) -> None:
    """Put values into the stack file, as it is after Pulumi has rewritten it."""
    file = deployment.root / "infra/Pulumi.dev.yaml"
    lines = file.read_text().splitlines()
    others = [line for line in lines if not line.startswith("    ") and "settings:" not in line]
    place = next(number for number, line in enumerate(others) if line == "config:") + 1
    values = ["  settings:", *(f"    {each}" for each in settings)]
    file.write_text("\n".join([*others[:place], *values, *others[place:]]) + "\n")


def function(deployment: Deployment) -> dict[str, Any]:
    configuration: dict[str, Any] = deployment.aws.client("lambda").get_function_configuration(
        FunctionName=FUNCTION
    )
    return configuration


def test_a_function_gets_the_settings_of_its_environment(configured: Deployment) -> None:
    deployed = function(configured)
    assert deployed["MemorySize"] == 512
    assert deployed["Environment"]["Variables"]["API_URL"] == "https://api.example.org/"


def test_the_stack_file_can_be_read_after_pulumi_has_rewritten_it(configured: Deployment) -> None:
    assert "encryptionsalt" in (configured.root / "infra/Pulumi.dev.yaml").read_text()
    shown = configured.invoke("settings", "--env", "dev")
    assert "https://api.example.org/" in shown.out, shown.text


def test_a_changed_setting_changes_the_function(configured: Deployment) -> None:
    write_settings(configured, "api_url: https://api.example.org", "clean_memory: 1024")
    configured.apply(CLEANING, "dev")
    assert function(configured)["MemorySize"] == 1024


def test_a_missing_value_is_refused_before_anything_is_deployed(configured: Deployment) -> None:
    write_settings(configured, "clean_memory: 1024")
    result = configured.invoke("apply", "--instance", CLEANING, "--env", "dev", "--yes")
    assert result.code == 2
    assert result.err.startswith("error: the setting 'api_url' has no value in dev: write it below")
