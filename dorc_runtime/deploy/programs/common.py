"""What all programs share: how they end on a mistake, what they know of AWS, and their zones."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws.get_caller_identity import get_caller_identity
from pulumi_aws.provider import Provider

from dorc_runtime.compile.names import Names, zones
from dorc_runtime.errors import CredentialsError, DorcError, StackError
from dorc_runtime.model.config import Config, UniversalConfig
from dorc_runtime.project.environments import ENVIRONMENT, Program
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import read_settings


@dataclass(frozen=True)
class Cloud:
    """The account and the region that a program deploys to, and its one way there."""

    account: str
    region: str
    provider: Provider

    @property
    def resource(self) -> pulumi.ResourceOptions:
        """What every resource without a parent is made with."""
        return pulumi.ResourceOptions(provider=self.provider)

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """What AWS is asked with."""
        return pulumi.InvokeOptions(provider=self.provider)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the program with the one line of a ``DorcError``, where Pulumi would add a traceback."""
    try:
        yield
    except DorcError as error:
        raise pulumi.RunError(str(error)) from error


def connect(universal: UniversalConfig, *, root: Path, tags: Mapping[str, str]) -> Cloud:
    """Return the way to AWS, after having asked there whose credentials these are.

    No other account will do than the one that ``universal``, or the setting ``AWS_ACCOUNT`` of the
    repository at ``root``, names. Everything gets ``tags``, and the tags of ``universal``, which
    win. An ``AWS_ENDPOINT_URL`` that is set leads there instead of to AWS. Raises
    ``CredentialsError`` when AWS does not take the credentials, or they are another account's.
    """
    account = universal.account or read_settings(root).aws_account
    provider = Provider(
        "aws",
        region=universal.region,
        allowed_account_ids=[account] if account else None,
        default_tags={"tags": {**tags, **universal.tags}},
        # Emulators answer at one address for all buckets.
        s3_use_path_style=bool(os.environ.get("AWS_ENDPOINT_URL")),
    )
    try:
        identity = get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except Exception as error:  # Pulumi raises nothing narrower
        raise CredentialsError(
            f"AWS does not say whose credentials these are: {refusal(error)}. "
            "`aws sts get-caller-identity` should."
        ) from error
    if account and identity.account_id != account:
        raise CredentialsError(
            f"the credentials are of account {identity.account_id}, and pipeline_config.py or "
            f"AWS_ACCOUNT says {account}: take that account's."
        )
    return Cloud(identity.account_id, universal.region, provider)


def refusal(error: Exception) -> str:
    """Return in one line what AWS said, of what Pulumi raises when it is asked something."""
    whole = " ".join(str(error).split())
    return re.sub(r".*\baws:[\w/]+:\w+( failed)?: ", "", whole).rstrip(".")


def stack_environment(repository: Repository, program: Program, stack: str) -> str:
    """Return the environment of ``stack``, which is called like it.

    Raises ``StackError`` when the stack's file says otherwise.
    """
    said = program.settings(stack).get(ENVIRONMENT, stack)
    if said != stack:
        raise StackError(
            f"{repository.show(program.stack_file(stack))} says environment: {said}, and the stack "
            f"is called {stack}: write environment: {stack}, or use a stack called {said}."
        )
    return stack


def zone_buckets(
    repository: Repository, config: Config, names: Names, *, account: str
) -> dict[str, str]:
    """Return the bucket of each zone that a layer of the repository names.

    It is the one that ``config`` says lies there already, else the one that infra makes.
    """
    layers = dict.fromkeys(folder.layer for folder in repository.pipelines)
    found = dict.fromkeys(zone for layer in layers for zone in zones(layer) or ())
    return {zone: config.buckets.get(zone) or names.bucket(zone, account) for zone in found}
