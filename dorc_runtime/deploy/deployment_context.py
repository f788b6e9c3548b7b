"""What every deployment needs to know, read and checked once at the start."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import boto3

from dorc_runtime.deploy.driver.account import Caller, check_account, check_region
from dorc_runtime.deploy.driver.backend import backend_url, engine_url, passphrase
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.errors import DefinitionError, StackError
from dorc_runtime.model.config import Config
from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.environments import (
    PROJECT_FILE,
    Program,
    environment_config,
    stack_file_problems,
)
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipes
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import Settings


@dataclass(frozen=True)
class DeploymentContext:
    """A repository with its settings; ``backend`` is the URL of Pulumi's backend."""

    repository: Repository
    settings: Settings
    config: Config
    backend: str
    passphrase: str

    @property
    def variables(self) -> dict[str, str]:
        """The variables that Pulumi and the programs get in addition to this process's own."""
        path = [str(self.repository.root), os.environ.get("PYTHONPATH", "")]
        settings = {
            "AWS_ACCOUNT": self.settings.aws_account,
            "AWS_ENDPOINT_URL": self.settings.aws_endpoint_url,
            "UNIVERSAL_STACK_NAME": self.settings.universal_stack_name,
            "INFRA_STACK_NAME": self.settings.infra_stack_name,
        }
        return {
            **{name: value for name, value in settings.items() if value is not None},
            "PULUMI_BACKEND_URL": engine_url(self.backend),
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
        }

    @cached_property
    def recipes(self) -> tuple[ImageRecipe, ...]:
        """The images of all functions of the current code."""
        return recipes(self.repository, self.config.universal)

    @cached_property
    def caller(self) -> Caller:
        """Who has the credentials, as AWS reports it.

        Raises ``CredentialsError``, or ``StackError`` when nothing answers.
        """
        return check_account(self.config.universal, self.settings, client=self.client("sts"))

    def message(self, command: str) -> str:
        """Return the text for Pulumi's history of a stack: ``command``, and who ran it."""
        return f"{command} by {self.caller.arn}"

    def config_of(self, environment: str) -> Config:
        """Return the configuration of ``environment``; raises ``DefinitionError``."""
        infra = self.settings.infra_stack_name
        return environment_config(self.repository, self.config, environment, infra=infra)

    def client(self, service: str) -> Any:
        """Return boto3's client of a service."""
        return boto3.client(
            service,
            region_name=self.config.universal.region,
            endpoint_url=self.settings.aws_endpoint_url,
        )

    def check_environment(self, instance: Instance) -> None:
        """Raise ``DefinitionError`` for a mistake in the stack files of the instance and infra."""
        if instance.environment is not None:
            self.config_of(instance.environment)
        problems = stack_file_problems(
            self.repository,
            instance.program,
            instance.stack,
            kind=instance.kind,
            config=self.config,
            infra=self.settings.infra_stack_name,
        )
        if problem := next(problems, None):
            raise DefinitionError(problem)


def deployment_context(repository: Repository, settings: Settings) -> DeploymentContext:
    """Return the context of a repository, after all checks that need no AWS.

    Raises ``SettingsError`` or ``DefinitionError``.
    """
    config = shared_config(repository, settings)
    url = backend_url(settings, region=config.universal.region)
    return DeploymentContext(repository, settings, config, url, passphrase(settings, url))


def shared_config(repository: Repository, settings: Settings) -> Config:
    """Return the configuration in ``pipeline_config.py``, after a check of its region.

    Raises ``SettingsError`` or ``DefinitionError``.
    """
    config = load_config(repository)
    if config is None:
        raise DefinitionError(
            "pipeline_config.py does not exist: create it with "
            "`config = Config(universal=universal)`."
        )
    check_region(config.universal, settings, known=_regions())
    return config


@cache
def _regions() -> tuple[str, ...]:
    session = boto3.Session()
    parts = session.get_available_partitions()
    return tuple(
        region for part in parts for region in session.get_available_regions("lambda", part)
    )


def check_credentials(context: DeploymentContext) -> str:
    """Return the account of the credentials, after asking AWS.

    Raises ``CredentialsError``, or ``StackError`` when nothing answers.
    """
    return context.caller.account


def deployed_pipelines(
    context: DeploymentContext, counts: Mapping[tuple[str, str], int]
) -> tuple[str, ...]:
    """Return the pipelines that are deployed, as ``layer/name in environment``.

    ``counts`` is the result of ``resource_counts``.
    """
    deployed = []
    for folder in context.repository.pipelines:
        program = Program(folder.path)
        if (folder.path / PROJECT_FILE).is_file():
            deployed += [
                f"{folder.id} in {stack}"
                for (project, stack), count in counts.items()
                if project == program.project and count
            ]
    return tuple(sorted(deployed))


def buckets_without_events(context: DeploymentContext, environment: str) -> tuple[str, ...]:
    """Return the buckets in ``Config(buckets=...)`` that send no events to EventBridge."""
    from botocore.exceptions import BotoCoreError, ClientError

    config = context.config_of(environment)
    client = context.client("s3")
    without_events = []
    for bucket in config.buckets.values():
        try:
            notification = client.get_bucket_notification_configuration(Bucket=bucket)
        except (BotoCoreError, ClientError) as error:
            raise StackError(f"the bucket {bucket} cannot be read: {error}") from error
        if "EventBridgeConfiguration" not in notification:
            without_events.append(bucket)
    return tuple(without_events)
