"""Whose AWS account it is, and which region, before anything is asked of them."""

from collections.abc import Iterable
from typing import Any

from dorc_runtime.errors import CredentialsError, SettingsError
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.settings import Settings


def check_region(universal: UniversalConfig, settings: Settings, *, known: Iterable[str]) -> None:
    """Raise ``SettingsError`` for a region that is none of those ``known``, or is not agreed on."""
    from difflib import get_close_matches

    if settings.aws_region not in (None, universal.region):
        raise SettingsError(
            f"AWS_REGION is {settings.aws_region}, and pipeline_config.py says {universal.region}: "
            "let both say the same."
        )
    regions = tuple(known)
    if universal.region not in regions:
        near = get_close_matches(universal.region, regions, n=3)
        raise SettingsError(
            f"pipeline_config.py: there is no region '{universal.region}'"
            + (f"; near are {', '.join(near)}." if near else ".")
        )


def check_account(universal: UniversalConfig, settings: Settings, *, client: Any) -> str:
    """Return the account of the credentials; ``client`` is boto3's for STS.

    Raises ``CredentialsError`` when there are none, or they are those of another account.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        account = str(client.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise CredentialsError(
            f"AWS does not take the credentials: {error}; log in, or export AWS_PROFILE."
        ) from error
    wanted = {"AWS_ACCOUNT": settings.aws_account, "pipeline_config.py": universal.account}
    for place, said in wanted.items():
        if said not in (None, account):
            raise CredentialsError(
                f"{place} says the account is {said}, and the credentials are those of {account}: "
                "use the credentials of the one that is meant."
            )
    return account
