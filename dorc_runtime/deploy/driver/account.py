"""The AWS account and the region, checked before anything else is."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from dorc_runtime.errors import CredentialsError, SettingsError, StackError
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.settings import Settings


class Caller(NamedTuple):
    """Who has the credentials: the account, and the ARN of the user or role.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """

    account: str
    arn: str


def check_region(universal: UniversalConfig, settings: Settings, *, known: Iterable[str]) -> None:
    """Raise ``SettingsError`` for an unknown region, or when two settings name different ones."""
    from difflib import get_close_matches

    if settings.aws_region not in (None, universal.region):
        raise SettingsError(
            f"AWS_REGION is {settings.aws_region}, and pipeline_config.py says {universal.region}: "
            "change one of them, or unset AWS_REGION."
        )
    regions = tuple(known)
    if universal.region not in regions:
        near = get_close_matches(universal.region, regions, n=3)
        raise SettingsError(
            f"pipeline_config.py: there is no region '{universal.region}'"
            + (f"; near are {', '.join(near)}." if near else ".")
        )


def check_account(universal: UniversalConfig, settings: Settings, *, client: Any) -> Caller:
    """Return who has the credentials; ``client`` is boto3's for STS.

    Raises ``CredentialsError`` for missing or wrong credentials, or those of another account, and
    ``StackError`` when nothing answers.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnectionError

    try:
        identity = client.get_caller_identity()
    except (NoConnectionError, HTTPClientError) as error:
        raise StackError(
            f"nothing answered at {client.meta.endpoint_url}: {error}; check the network, and "
            "AWS_ENDPOINT_URL if it is set."
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise CredentialsError(
            f"AWS does not accept the credentials: {error}; log in, or export AWS_PROFILE."
        ) from error
    account = str(identity["Account"])
    expected = {"AWS_ACCOUNT": settings.aws_account, "pipeline_config.py": universal.account}
    for source, expected_account in expected.items():
        if expected_account not in (None, account):
            raise CredentialsError(
                f"{source} says the account is {expected_account}, but the credentials belong to "
                f"{account}: use credentials of {expected_account}, or correct {source}."
            )
    return Caller(account, str(identity["Arn"]))
