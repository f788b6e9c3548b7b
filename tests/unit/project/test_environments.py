"""The environments of a repository, from its stack files."""

from pathlib import Path

import pytest

from dorc_runtime import Config, UniversalConfig
from dorc_runtime.errors import DefinitionError, UnknownNameError
from dorc_runtime.project.environments import Program, config_with_settings, environment_config
from dorc_runtime.project.repository import Repository

CONFIG = Config(universal=UniversalConfig(region="eu-west-2", project="penguins"))


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: penguins.infra\nruntime: python\n")
    return folder


def test_the_stacks_of_a_program_are_those_that_have_a_file(infra: Path) -> None:
    for name in ("prod", "dev"):
        (infra / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    assert Program(infra).stacks == ("dev", "prod")
    assert Program(infra).project == "penguins.infra"


@pytest.mark.parametrize(
    ("prefix", "days"),
    [("", "365"), ("penguins.infra:", '"365"')],
    ids=["as written", "as pulumi writes"],
)
def test_a_field_in_the_stack_file_wins(infra: Path, prefix: str, days: str) -> None:
    lines = ["config:", f"  {prefix}environment: prod", f"  {prefix}log_retention_days: {days}"]
    (infra / "Pulumi.prod.yaml").write_text("\n".join([*lines, "  aws:region: eu-west-1"]))
    found = environment_config(Repository(infra.parent), CONFIG, "prod")
    assert found == Config(universal=CONFIG.universal, log_retention_days=365)


def test_a_list_may_be_written_as_pulumi_stores_it(infra: Path) -> None:
    settings = {"vpc_id": "vpc-1", "private_subnet_ids": '["subnet-1", "subnet-2"]'}
    found = config_with_settings(CONFIG, settings, where="infra/Pulumi.prod.yaml")
    assert found.private_subnet_ids == ("subnet-1", "subnet-2")


def test_an_unknown_environment_names_the_known_ones(infra: Path) -> None:
    (infra / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(UnknownNameError, match="no environment 'prd'; known: prod"):
        environment_config(Repository(infra.parent), CONFIG, "prd")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("config: {vpc_id: vpc-1}", "infra/Pulumi.prod.yaml: .*without private_subnet_ids"),
        ("config: {log_retention_days: 2}", "infra/Pulumi.prod.yaml: log_retention_days: "),
        ("config: {buckets: {raw: Not_A_Bucket}}", "infra/Pulumi.prod.yaml: buckets.raw: "),
        ("config: {alert_emails: {secure: abc}}", "infra/Pulumi.prod.yaml: alert_emails is enc"),
        ("config: [", r"Pulumi.prod.yaml:\d is not YAML"),
    ],
    ids=["half a VPC", "retention", "bucket", "encrypted", "no YAML"],
)
def test_an_invalid_value_is_reported_with_its_file(
    infra: Path, content: str, message: str
) -> None:
    (infra / "Pulumi.prod.yaml").write_text(content)
    with pytest.raises(DefinitionError, match=message):
        environment_config(Repository(infra.parent), CONFIG, "prod")
