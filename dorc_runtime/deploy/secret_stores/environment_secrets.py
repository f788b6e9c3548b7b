"""The secrets of an environment on AWS: in SSM's Parameter Store, and in Secrets Manager."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3

from dorc_runtime.compile.arns import arn_region
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.secret_users import SecretUsers, missing_secrets
from dorc_runtime.deploy.deployment_context import shared_config
from dorc_runtime.deploy.driver.account import check_account
from dorc_runtime.errors import SecretError, UnknownNameError
from dorc_runtime.model.config import Config
from dorc_runtime.model.secrets import Secret
from dorc_runtime.project.environments import environment_config
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import Settings
from dorc_runtime.runs.redaction import Redaction


class SecretStore:
    """The secrets of ``environment``; the configuration says which region and key.

    Every method raises ``SecretError`` where AWS refuses.
    """

    def __init__(self, config: Config, environment: str, *, endpoint: str | None) -> None:
        self.environment = environment
        self._config = config
        self._names = Names(config.universal.project, environment)
        self._endpoint = endpoint

    def dates(self) -> dict[str, datetime]:
        """Return the names of the secrets in SSM, and when they were stored; asks for no value."""
        path = self._names.secrets
        pages = self._client("ssm").get_paginator("describe_parameters")
        filters = [{"Key": "Path", "Option": "OneLevel", "Values": [path]}]
        with self._refusals("ssm:DescribeParameters"):
            return {
                each["Name"].removeprefix(f"{path}/"): each["LastModifiedDate"]
                for page in pages.paginate(ParameterFilters=filters)
                for each in page["Parameters"]
            }

    def date(self, secret: Secret) -> datetime | None:
        """Return when a secret in Secrets Manager was changed, None if it does not exist."""
        assert secret.arn is not None, secret  # noqa: S101 # the model says so
        client = self._client("secretsmanager", region=arn_region(secret.arn))
        with self._refusals("secretsmanager:DescribeSecret"):
            try:
                answer = client.describe_secret(SecretId=secret.arn)
            except client.exceptions.ResourceNotFoundException:
                return None
        date: datetime | None = answer.get("LastChangedDate", answer.get("CreatedDate"))
        return None if "DeletedDate" in answer else date

    def read(self, name: str) -> str:
        """Return the value of a secret in SSM."""
        client = self._client("ssm")
        with self._refusals("ssm:GetParameter"):
            try:
                answer = client.get_parameter(Name=self._names.secret(name), WithDecryption=True)
            except client.exceptions.ParameterNotFound:
                raise UnknownNameError("secret", name, sorted(self.dates())) from None
        return str(answer["Parameter"]["Value"])

    def write(self, name: str, value: str, *, advanced: bool) -> None:
        """Store a secret in SSM, or replace it."""
        client = self._client("ssm")
        parameter = {
            "Name": self._names.secret(name),
            "Value": value,
            "Type": "SecureString",
        }
        if self._config.kms_key_arn is not None:
            parameter["KeyId"] = self._config.kms_key_arn
        with self._refusals("ssm:PutParameter", Redaction({name: value})):
            try:
                tier = "Advanced" if advanced else "Standard"
                client.put_parameter(**parameter, Tier=tier, Tags=self._tags())
            except client.exceptions.ParameterAlreadyExists:
                # What is advanced cannot become standard again.
                tier = "Advanced" if advanced else "Intelligent-Tiering"
                client.put_parameter(**parameter, Tier=tier, Overwrite=True)

    def remove(self, name: str) -> None:
        """Remove a secret from SSM."""
        with self._refusals("ssm:DeleteParameter"):
            self._client("ssm").delete_parameter(Name=self._names.secret(name))

    def check(self, users: SecretUsers) -> None:
        """Raise ``SecretError`` when secrets of ``users`` are missing; asks for no value."""
        stored = self.dates() if any(secret.store == "ssm" for secret in users) else {}
        missing = {
            secret: functions
            for secret, functions in users.items()
            if (secret.name not in stored if secret.store == "ssm" else self.date(secret) is None)
        }
        if missing:
            raise SecretError(missing_secrets(missing, environment=self.environment))

    def _tags(self) -> list[dict[str, str]]:
        universal = self._config.universal
        tags = {"dorc:project": universal.project, "dorc:environment": self.environment}
        return [{"Key": key, "Value": value} for key, value in (tags | universal.tags).items()]

    def _client(self, service: str, *, region: str | None = None) -> Any:
        return boto3.client(
            service,
            region_name=region or self._config.universal.region,
            endpoint_url=self._endpoint,
        )

    @contextmanager
    def _refusals(self, action: str, redaction: Redaction = Redaction()) -> Iterator[None]:  # noqa: B008 # frozen
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            message = redaction.text(str(error)).rstrip(".")
            raise SecretError(
                f"AWS refuses {action} in {self.environment}: {message}. Correct that, or use a "
                "role with the permission."
            ) from None


def secret_store(repository: Repository, settings: Settings, environment: str) -> SecretStore:
    """Return the secrets of ``environment``, after a check of the account and its credentials.

    Raises ``UnknownNameError``, ``SettingsError``, ``CredentialsError`` or ``DefinitionError``.
    """
    shared = shared_config(repository, settings)
    config = environment_config(repository, shared, environment, infra=settings.infra_stack_name)
    store = SecretStore(config, environment, endpoint=settings.aws_endpoint_url)
    client = boto3.client(
        "sts", region_name=config.universal.region, endpoint_url=settings.aws_endpoint_url
    )
    check_account(config.universal, settings, client=client)
    return store
