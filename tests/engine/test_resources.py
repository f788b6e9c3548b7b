"""Tables, topics, queues and buckets of the configuration, on the real engine."""

import pytest

from .deployment import CommandResult, Deployment

CONFIG = "Config(universal=universal)"
TABLE = 'Table("orders", partition_key="id", ttl="expires"), '
RESOURCES = f"""Config(
    universal=universal,
    resources=[{TABLE}Topic("news"), Queue("work"), Bucket("archive")],
)"""
INFRA = ("--instance", "infra", "--env", "dev")


@pytest.fixture(scope="module")
def applied(deployment: Deployment) -> CommandResult:
    """Infra with a resource of each kind."""
    assert deployment.invoke("init").code == 0
    _replace(deployment, "import Config", "import Bucket, Config, Queue, Table, Topic")
    _replace(deployment, CONFIG, RESOURCES)
    return deployment.apply("infra", "dev")


def test_infra_creates_a_resource_of_each_kind(
    deployment: Deployment, applied: CommandResult
) -> None:
    aws = deployment.aws
    assert aws.client("dynamodb").list_tables()["TableNames"] == ["my-pipelines--dev--orders"]
    topics = aws.client("sns").list_topics()["Topics"]
    assert any(topic["TopicArn"].endswith(":my-pipelines--dev--news") for topic in topics)
    buckets = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    assert "my-pipelines--dev--archive--123456789012" in buckets


def test_a_second_apply_changes_nothing(deployment: Deployment, applied: CommandResult) -> None:
    result = deployment.invoke("apply", *INFRA, "--yes", "--expect-no-changes")
    assert result.code == 0, result.text


def test_a_resource_that_is_no_longer_declared_is_not_deleted(
    deployment: Deployment, applied: CommandResult
) -> None:
    _replace(deployment, TABLE, "")
    preview = deployment.invoke("preview", *INFRA)
    result = deployment.invoke("apply", *INFRA, "--yes")
    _replace(deployment, "resources=[Topic", f"resources=[{TABLE}Topic")
    for refused in (preview, result):
        assert refused.code == 2, refused.text
        assert "infra in dev: Table orders would be deleted, but it is protected" in refused.err
    assert "- delete  table                      orders" in preview.out
    assert deployment.aws.client("dynamodb").list_tables()["TableNames"]


def test_a_resource_without_protection_is_deleted_when_it_is_no_longer_declared(
    deployment: Deployment, applied: CommandResult
) -> None:
    stack = deployment.root / "infra" / "Pulumi.dev.yaml"
    text = stack.read_text(encoding="utf-8")
    stack.write_text(text.replace("config:", "config:\n  protect_buckets: false", 1), "utf-8")
    deployment.apply("infra", "dev")
    _replace(deployment, TABLE, "")
    deployment.apply("infra", "dev")
    assert not deployment.aws.client("dynamodb").list_tables()["TableNames"]


def _replace(
    deployment: Deployment, old: str, new: str, *, file: str = "pipeline_config.py"
) -> None:
    path = deployment.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


CLEANING = "raw-to-processed/penguins"
PIPELINE = ("--instance", CLEANING, "--env", "dev")
MACHINE = "my-pipelines--dev--raw-to-processed--penguins"


@pytest.fixture(scope="module")
def named(deployment: Deployment, applied: CommandResult) -> Deployment:
    """A pipeline that messages start, and that names an output of infra."""
    deployment.apply("universal")
    definition = f"src/{CLEANING}/pipeline.py"
    triggers = 'QueueTrigger(Queue("work")), TopicTrigger(Topic("news")), '
    _replace(deployment, "triggers=[", f"triggers=[{triggers}", file=definition)
    step = 'Function("validate"'
    _replace(deployment, step, f"{step}, environment=PARTNER", file=definition)
    file = deployment.root / definition
    names = "Queue, QueueTrigger, Topic, TopicTrigger, infra_output"
    head, rest = file.read_text(encoding="utf-8").split("\npipeline =", 1)
    lines = f'from dorc_runtime import {names}\n\nPARTNER = {{"PARTNER": infra_output("partner")}}'
    file.write_text(f"{head}\n{lines}\npipeline ={rest}", encoding="utf-8")
    return deployment


def test_an_output_that_infra_does_not_have_yet_is_previewed_and_not_applied(
    named: Deployment,
) -> None:
    preview = named.invoke("preview", *PIPELINE)
    refused = named.invoke("apply", *PIPELINE, "--yes")
    assert preview.code == 0, preview.text
    assert "infra has no output partner yet" in preview.text
    assert refused.code == 2, refused.text
    assert "infra has no output 'partner' in dev." in refused.err
    assert "`invoke apply --instance infra --env dev`" in refused.err


def test_a_pipeline_has_the_output_of_infra_and_pipes_for_its_messages(named: Deployment) -> None:
    with (named.root / "infra" / "__main__.py").open("a", encoding="utf-8") as program:
        program.write('\nimport pulumi\n\npulumi.export("partner", "a-partner")\n')
    named.apply("infra", "dev")
    named.apply(CLEANING, "dev")
    again = named.invoke("apply", *PIPELINE, "--yes", "--expect-no-changes")
    assert again.code == 0, again.text
    function = named.aws.client("lambda").get_function_configuration(
        FunctionName=f"{MACHINE}--validate"
    )
    assert function["Environment"]["Variables"]["PARTNER"] == "a-partner"
    pipes = named.aws.client("pipes").list_pipes()["Pipes"]
    assert {pipe["Target"].rpartition(":")[2] for pipe in pipes} == {MACHINE}
    assert len(pipes) == 2
