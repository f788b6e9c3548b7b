"""What the secrets of a function become: a variable with a name, and one permission each."""

from typing import Any

import pytest

from dorc_runtime import Function, Secret
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.function_access import address_variables
from dorc_runtime.compile.permissions.policies import function_policy
from dorc_runtime.compile.target import Target

ACCOUNT = "123456789012"
MANAGED = f"arn:aws:secretsmanager:eu-west-2:{ACCOUNT}:secret:shop/database-AbCdEf"


def target(project: str = "shop", region: str = "eu-west-2") -> Target:
    return Target(Names(project, "prod"), region, ACCOUNT)


def statements(function: Function, where: Target) -> dict[str, Any]:
    logs = f"arn:aws:logs:{where.region}:{ACCOUNT}:log-group:/aws/lambda/clean"
    document: Any = function_policy(
        function, layer="default", target=where, log_group_arn=logs, in_vpc=False
    )
    return {each["Sid"]: each for each in document["Statement"]}


def test_a_function_gets_the_name_of_its_secret_in_the_environment() -> None:
    variables = address_variables(Function("a", secrets=["weather-key"]), "default", target())
    assert variables["SECRET_WEATHER_KEY"] == "/shop/prod/weather-key"  # noqa: S105 # its name


def test_a_function_may_read_that_one_parameter() -> None:
    allowed = statements(Function("a", secrets=["weather-key"]), target())["Secrets"]
    assert allowed["Action"] == ["ssm:GetParameter"]
    assert allowed["Resource"] == [
        f"arn:aws:ssm:eu-west-2:{ACCOUNT}:parameter/shop/prod/weather-key"
    ]


def test_the_parameter_is_in_the_partition_of_its_region() -> None:
    allowed = statements(Function("a", secrets="key"), target(region="cn-north-1"))["Secrets"]
    assert allowed["Resource"] == [f"arn:aws-cn:ssm:cn-north-1:{ACCOUNT}:parameter/shop/prod/key"]


def test_a_secret_of_secrets_manager_is_known_by_its_arn_alone() -> None:
    secret = Secret("database", store="secretsmanager", arn=MANAGED)
    function = Function("a", secrets=[secret])
    variables = address_variables(function, "default", target())
    assert variables["SECRET_DATABASE"] == MANAGED
    allowed = statements(function, target())
    assert allowed["ManagedSecrets"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert allowed["ManagedSecrets"]["Resource"] == [MANAGED]
    assert "Secrets" not in allowed


def test_a_function_without_secrets_may_read_none() -> None:
    assert {"Secrets", "ManagedSecrets"}.isdisjoint(statements(Function("a"), target()))


@pytest.mark.parametrize("project", ["aws-weather", "SSMprices"])
def test_a_project_that_ssm_reserves_the_name_of_has_a_path_that_it_accepts(project: str) -> None:
    variables = address_variables(Function("a", secrets=["key"]), "default", target(project))
    assert variables["SECRET_KEY"] == f"/p_{project}/prod/key"


@pytest.mark.parametrize("name", ["Weather Key", "weather_key", "9-lives", "a--b", "x" * 41, ""])
def test_a_name_that_a_variable_or_ssm_does_not_accept_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not the name of a secret: write at most 40"):
        Function("a", secrets=[name])


def test_a_secret_of_secrets_manager_needs_its_arn() -> None:
    with pytest.raises(ValueError, match="'key' has no arn: write the ARN"):
        Secret("key", store="secretsmanager")


@pytest.mark.parametrize("arn", ["database", MANAGED[:-6] + "*"])
def test_an_arn_of_no_secret_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="arn"):
        Secret("key", store="secretsmanager", arn=arn)


def test_a_secret_of_ssm_has_no_arn() -> None:
    with pytest.raises(ValueError, match='only store="secretsmanager" takes one'):
        Secret("key", arn=MANAGED)


def test_a_secret_is_named_once_in_a_function() -> None:
    with pytest.raises(ValueError, match="the secret 'key' is in the list twice"):
        Function("a", secrets=["key", Secret("key", store="secretsmanager", arn=MANAGED)])
