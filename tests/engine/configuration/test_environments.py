"""The pipeline of the page on environments, in dev and prod on the real engine."""

import shutil
from pathlib import Path

import pytest

from tests.engine.cloud.process import Cloud
from tests.engine.deployment import Deployment
from tests.engine.pulumi_cli.environment import environment
from tests.repositories import copy_template, page_blocks, render_repository, write_block

ENVIRONMENTS = ("dev", "prod")
KEY = "the key of "


@pytest.fixture(scope="module")
def applied(
    cli: Path, started_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """Everything on the page, applied to both environments."""
    started_cloud.reset()
    folder = tmp_path_factory.mktemp("deployment")
    root = folder / "weather"
    template = copy_template(tmp_path_factory.mktemp("template"))
    render_repository(template, root, ["ingest/weather"], layers=["ingest"])
    shutil.rmtree(root / "src/ingest/weather/greet")
    for language, block in page_blocks("environments.md"):
        if language != "console" and block.startswith("# "):
            write_block(block, root)
    deployment = Deployment(root, started_cloud, environment(folder, cli=cli, aws=started_cloud))
    assert deployment.invoke("init").code == 0
    parameters = started_cloud.client("ssm")
    for name in ENVIRONMENTS:
        parameters.put_parameter(
            Name=f"/weather/{name}/birds-key", Type="SecureString", Value=KEY + name
        )
        result = deployment.invoke("apply", "--all", "--env", name, "--yes")
        assert result.code == 0, result.text
    return deployment


@pytest.mark.parametrize(
    ("name", "url", "memory"),
    [("dev", "https://test.birds.example/", 256), ("prod", "https://api.birds.example/", 1024)],
)
def test_each_environment_has_its_own_values(
    applied: Deployment, name: str, url: str, memory: int
) -> None:
    functions = applied.aws.client("lambda")
    function = functions.get_function_configuration(
        FunctionName=f"weather--{name}--ingest--weather--fetch"
    )
    assert function["MemorySize"] == memory
    assert function["Environment"]["Variables"] == {
        "ENVIRONMENT": name,
        "API_URL": url,
        "SEEN_TABLE": f"weather--{name}--seen",
        "SECRET_BIRDS_KEY": f"/weather/{name}/birds-key",
    }


def test_each_environment_has_its_own_table_and_topic(applied: Deployment) -> None:
    tables = applied.aws.client("dynamodb").list_tables()["TableNames"]
    assert [f"weather--{name}--seen" in tables for name in ENVIRONMENTS] == [True, True]
    topics = [each["TopicArn"] for each in applied.aws.client("sns").list_topics()["Topics"]]
    for name in ENVIRONMENTS:
        assert any(arn.endswith(f":weather--{name}--news") for arn in topics)


def test_the_value_of_a_secret_is_in_no_file_of_the_deployment(applied: Deployment) -> None:
    for file in applied.root.parent.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file
