"""An environment on AWS: its names, its clients, and what AWS refuses there."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dorc_runtime.compile.arns import execution_arn, machine_arn
from dorc_runtime.compile.names import Names
from dorc_runtime.errors import CredentialsError, DorcError, StackError, sentence

# Of calls that fail for another reason than their number:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_RETRIES = {"mode": "standard", "max_attempts": 5}
# How services say that they get too many calls; the page above names them too.
_TOO_MANY_CALLS = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_MOST_ATTEMPTS = 10
_LONGEST_PAUSE = 20.0


@dataclass(frozen=True)
class AwsEnvironment:
    """The environment of ``names`` in an account; ``endpoint`` stands for AWS where it is set.

    ``caller`` is the ARN of the user or role of the credentials, as STS has it. ``on_pause`` is
    called with the seconds to wait when AWS gets too many calls, before the call is made again.
    """

    names: Names
    region: str
    account: str
    caller: str
    endpoint: str | None = None
    on_pause: Callable[[float], None] = lambda seconds: None

    @cached_property
    def states(self) -> Any:
        """boto3's client of Step Functions."""
        return self._client("stepfunctions")

    @cached_property
    def tagging(self) -> Any:
        """boto3's client of the Resource Groups Tagging API."""
        return self._client("resourcegroupstaggingapi")

    @cached_property
    def s3(self) -> Any:
        """boto3's client of S3."""
        return self._client("s3")

    @cached_property
    def sqs(self) -> Any:
        """boto3's client of SQS."""
        return self._client("sqs")

    @cached_property
    def logs(self) -> Any:
        """boto3's client of CloudWatch Logs."""
        return self._client("logs")

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        client = boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            config=Config(retries=_RETRIES),
        )
        # botocore calls this before its own handler of the same event, and takes the first answer.
        service_id = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service_id}", self._pauses.after)
        return client

    @cached_property
    def _pauses(self) -> "_Pauses":
        return _Pauses(self.on_pause)

    def machine(self, pipeline: str) -> str:
        """Return the ARN of the state machine of ``pipeline`` (``layer/name``)."""
        layer, name = pipeline.split("/")
        return machine_arn(self.region, self.account, self.names.pipeline(layer, name).machine)

    def execution(self, pipeline: str, name: str) -> str:
        """Return the ARN of an execution of ``pipeline``."""
        layer, short = pipeline.split("/")
        machine = self.names.pipeline(layer, short).machine
        return execution_arn(self.region, self.account, machine, name)


@dataclass
class _Pauses:
    """The pauses between calls that AWS refuses because there are too many."""

    on_pause: Callable[[float], None]
    _end: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def after(self, response: Any, attempts: int, **_: Any) -> float | bool | None:
        """Return the seconds to wait after ``response``, and False after too many attempts.

        It is None for another answer than that there are too many calls.
        """
        code = response[1].get("Error", {}).get("Code") if response else None
        if code not in _TOO_MANY_CALLS:
            return None
        if attempts >= _MOST_ATTEMPTS:
            return False
        seconds = min(2.0 ** (attempts - 1), _LONGEST_PAUSE)
        with self._turn:
            # Threads that wait at the same time need one line.
            now = time.monotonic()
            is_new = self._end <= now
            self._end = max(self._end, now + seconds)
        if is_new:
            self.on_pause(seconds)
        return seconds


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn what AWS refuses into an error for users; ``action`` is as in a policy.

    Raises ``CredentialsError`` where the credentials may not do it, else ``StackError``.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(action, error.response["Error"]) from error
    except BotoCoreError as error:
        raise StackError(f"{action} got no answer: {error}; check the network.") from error


def _refusal(action: str, details: Mapping[str, str]) -> DorcError:
    code, message = details["Code"], details.get("Message") or details["Code"]
    if "AccessDenied" in code or "UnrecognizedClient" in code or "ExpiredToken" in code:
        return CredentialsError(f"AWS refuses {action}: {message}; use credentials that may do it.")
    if code in _TOO_MANY_CALLS:
        return StackError(
            f"AWS still gets too many calls, the last of {action}: try again in some minutes."
        )
    return StackError(f"AWS refuses {action}: {sentence(message)}")
