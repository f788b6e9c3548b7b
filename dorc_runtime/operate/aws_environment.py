"""An environment on AWS: its names, its clients, and what AWS refuses there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dorc_runtime.compile.names import Names, execution_arn, machine_arn
from dorc_runtime.errors import CredentialsError, StackError

# Waits longer and longer when AWS says that it gets too many calls:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_RETRIES = {"mode": "adaptive", "max_attempts": 10}


@dataclass(frozen=True)
class AwsEnvironment:
    """The environment of ``names`` in an account; ``endpoint`` stands for AWS where it is set.

    ``caller`` is the ARN of the user or role of the credentials, as STS has it.
    """

    names: Names
    region: str
    account: str
    caller: str
    endpoint: str | None = None

    @cached_property
    def states(self) -> Any:
        """boto3's client of Step Functions."""
        return self._client("stepfunctions")

    @cached_property
    def s3(self) -> Any:
        """boto3's client of S3."""
        return self._client("s3")

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            config=Config(retries=_RETRIES),
        )

    def machine(self, pipeline: str) -> str:
        """Return the ARN of the state machine of ``pipeline`` (``layer/name``)."""
        layer, name = pipeline.split("/")
        return machine_arn(self.region, self.account, self.names.pipeline(layer, name).machine)

    def execution(self, pipeline: str, name: str) -> str:
        """Return the ARN of an execution of ``pipeline``."""
        layer, short = pipeline.split("/")
        machine = self.names.pipeline(layer, short).machine
        return execution_arn(self.region, self.account, machine, name)


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn what AWS refuses into an error for users; ``action`` is as in a policy.

    Raises ``CredentialsError`` where the credentials may not do it, else ``StackError``.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        details = error.response["Error"]
        code, message = details["Code"], details.get("Message") or details["Code"]
        if "AccessDenied" in code or "UnrecognizedClient" in code or "ExpiredToken" in code:
            raise CredentialsError(
                f"AWS refuses {action}: {message}; use credentials that may do it."
            ) from error
        raise StackError(f"AWS refuses {action}: {message}.") from error
    except BotoCoreError as error:
        raise StackError(f"{action} got no answer: {error}; check the network.") from error
