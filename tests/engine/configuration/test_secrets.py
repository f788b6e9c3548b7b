"""Secrets on the real engine: a missing one is refused, and no value goes through Pulumi."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

from tests.engine.deployment import Deployment

CLEANING = "raw-to-processed/penguins"
PIPELINE = f"src/{CLEANING}/pipeline.py"
MACHINE = "my-pipelines--dev--raw-to-processed--penguins"
VALUE = "s3cr3t-of-the-penguins"


@pytest.fixture(scope="module")
def needing(deployment: Deployment) -> Iterator[Deployment]:
    """A pipeline with a function that reads two secrets."""
    assert deployment.invoke("init").code == 0
    file = deployment.root / PIPELINE
    before = file.read_text(encoding="utf-8")
    named = 'Function("validate", secrets=["weather-key", "news-token"]'
    file.write_text(before.replace('Function("validate"', named, 1), encoding="utf-8")
    yield deployment
    file.write_text(before, encoding="utf-8")


def test_apply_refuses_all_missing_secrets_in_one_line_before_anything_is_built(
    needing: Deployment,
) -> None:
    result = needing.invoke("apply", "--all", "--env", "dev", "--yes")
    assert result.code == 2, result.text
    reads = f"(read by {CLEANING}: validate)"
    assert result.err == (
        f"error: dev has no secret 'news-token' {reads}; 'weather-key' {reads}: store it with "
        "`invoke secret set news-token --env dev` and `invoke secret set weather-key --env dev`.\n"
    )
    assert needing.aws.builds() == []
    assert needing.aws.client("s3").list_buckets()["Buckets"] == []


def test_no_value_is_in_the_state_the_functions_the_machine_or_the_output(
    needing: Deployment,
) -> None:
    values = f'weather-key = "{VALUE}"\nnews-token = "{VALUE}"\n'
    (needing.root / "secrets.toml").write_text(values, encoding="utf-8")
    copied = needing.invoke("secret", "copy", "--from", "local", "--to", "dev")
    assert copied.code == 0, copied.text
    shown = copied.text + needing.apply("universal").text + needing.apply("infra", "dev").text
    shown += needing.apply(CLEANING, "dev").text
    functions = needing.aws.client("lambda")
    validate = functions.get_function(FunctionName=f"{MACHINE}--validate")
    variables = validate["Configuration"]["Environment"]["Variables"]
    name = "/my-pipelines/dev/weather-key"
    assert variables["SECRET_WEATHER_KEY"] == name
    states = needing.aws.client("stepfunctions")
    [machine] = states.list_state_machines()["stateMachines"]
    described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
    everything = [shown, str(validate), str(described)]
    state = Path(urlparse(needing.environment["INFRA_BUCKET"]).path)
    everything += [file.read_text() for file in state.rglob("*") if file.is_file()]
    dorc = needing.root / ".dorc"
    everything += [file.read_text(errors="replace") for file in dorc.rglob("*") if file.is_file()]
    assert any("SECRET_WEATHER_KEY" in text for text in everything)
    assert not any(VALUE in text for text in everything)
