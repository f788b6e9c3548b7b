"""What an apply asks AWS about secrets: whether they exist, and never for a value."""

from typing import Any

import boto3
import pytest

from dorc_runtime import Config, Secret, UniversalConfig
from dorc_runtime.deploy.secret_stores.environment_secrets import SecretStore
from dorc_runtime.errors import SecretError
from dorc_runtime.local.aws.lake import Lake

REGION = "eu-west-2"
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:shop-AbCdEf"
USERS = ("orders/daily: load",)


@pytest.fixture
def store(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> SecretStore:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LOCAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    universal = UniversalConfig(region=REGION, project="shop")
    return SecretStore(Config(universal=universal), "prod", endpoint=lake.endpoint)


@pytest.fixture
def manager(lake: Lake, store: SecretStore) -> Any:
    return boto3.client("secretsmanager", region_name=REGION, endpoint_url=lake.endpoint)


def managed(arn: str) -> dict[Secret, tuple[str, ...]]:
    return {Secret("database", store="secretsmanager", arn=arn): USERS}


def test_a_secret_of_secrets_manager_that_exists_is_enough(
    store: SecretStore, manager: Any
) -> None:
    arn = manager.create_secret(Name="shop", SecretString="value")["ARN"]
    store.check(managed(arn))


def test_one_that_does_not_exist_is_named_by_its_arn(store: SecretStore) -> None:
    with pytest.raises(SecretError) as refused:
        store.check(managed(ARN))
    assert str(refused.value) == (
        "prod has no secret 'database' (read by orders/daily: load): create "
        f"{ARN} in Secrets Manager, or correct it."
    )


def test_one_that_is_about_to_be_deleted_does_not_count(store: SecretStore, manager: Any) -> None:
    arn = manager.create_secret(Name="shop", SecretString="value")["ARN"]
    manager.delete_secret(SecretId=arn)
    with pytest.raises(SecretError, match="prod has no secret 'database'"):
        store.check(managed(arn))


def test_all_that_is_missing_is_in_one_message(store: SecretStore) -> None:
    with pytest.raises(SecretError) as refused:
        store.check({Secret("key"): USERS, **managed(ARN)})
    assert "store it with `invoke secret set key --env prod`; create arn:aws:" in str(refused.value)


def test_a_refusal_of_aws_has_its_words(store: SecretStore) -> None:
    with pytest.raises(SecretError) as refused:
        store.remove("key")
    assert "AWS refuses ssm:DeleteParameter in prod: An error occurred (Param" in str(refused.value)
