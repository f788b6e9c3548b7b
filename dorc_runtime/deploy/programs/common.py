"""What all programs share: one-line errors, and the connection to AWS."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws.get_caller_identity import get_caller_identity
from pulumi_aws.provider import Provider

from dorc_runtime.errors import CredentialsError, DorcError, StackError
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.environments import Program, environment_problem
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import read_settings


@dataclass(frozen=True)
class Cloud:
    """The account and the region that a program deploys to, and the provider for them.

    ``emulated`` says that an emulator, which has no TLS, plays AWS.
    """

    account: str
    region: str
    provider: Provider
    emulated: bool

    @property
    def resource_options(self) -> pulumi.ResourceOptions:
        """The options of every resource without a parent."""
        return pulumi.ResourceOptions(provider=self.provider)

    @property
    def invoke_options(self) -> pulumi.InvokeOptions:
        """The options of every question to AWS."""
        return pulumi.InvokeOptions(provider=self.provider)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the program with the one line of a ``DorcError``; Pulumi would add a traceback."""
    try:
        yield
    except DorcError as error:
        raise pulumi.RunError(str(error)) from error


def connect(universal: UniversalConfig, *, root: Path, tags: Mapping[str, str]) -> Cloud:
    """Return the connection to AWS, after asking AWS for the account of the credentials.

    It has to be the account in ``universal``, or in the setting ``AWS_ACCOUNT`` of the repository
    at ``root``, if one is set. All resources get ``tags`` and the tags of ``universal``, which win.
    ``AWS_ENDPOINT_URL`` replaces AWS with an emulator. Raises ``CredentialsError`` when AWS does
    not accept the credentials, or they belong to another account.
    """
    account = universal.account or read_settings(root).aws_account
    emulated = bool(os.environ.get("AWS_ENDPOINT_URL"))
    provider = Provider(
        "aws",
        region=universal.region,
        allowed_account_ids=[account] if account else None,
        default_tags={"tags": {**tags, **universal.tags}},
        # An emulator has one address for all buckets.
        s3_use_path_style=emulated,
    )
    try:
        identity = get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except Exception as error:  # Pulumi raises nothing narrower
        raise CredentialsError(
            f"AWS does not say which account the credentials belong to: {refusal(error)}. Test "
            "them with `aws sts get-caller-identity`."
        ) from error
    if account and identity.account_id != account:
        raise CredentialsError(
            f"the credentials belong to account {identity.account_id}, but pipeline_config.py or "
            f"AWS_ACCOUNT says {account}: use credentials of that account."
        )
    return Cloud(identity.account_id, universal.region, provider, emulated)


def refusal(error: Exception) -> str:
    """Return in one line the message of AWS in an exception of Pulumi."""
    whole = " ".join(str(error).split())
    return re.sub(r".*\baws:[\w/]+:\w+( failed)?: ", "", whole).rstrip(".")


def stack_environment(repository: Repository, program: Program, stack: str) -> str:
    """Return the environment of ``stack``, which has the same name.

    Raises ``StackError`` when the stack's file names another environment.
    """
    if problem := environment_problem(program, stack):
        raise StackError(f"{repository.show(program.stack_file(stack))}: {problem}")
    return stack
