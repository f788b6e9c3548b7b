"""What every command about what runs on AWS says where it cannot do its work."""

import re
from collections.abc import Iterator

import boto3
import pytest

from tests.local.operate.commands import COMMANDS
from tests.local.operate.conftest import Operator

ALL = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def no_session() -> Iterator[None]:
    """The boto3 that has not found credentials yet, before the tests and after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


def says(operator: Operator, command: str, *words: str, env: str = "dev", **variables: str) -> str:
    """Return the one line of a command that ends with 2."""
    done = operator.invoke(*COMMANDS[command], "--env", env, *words, **variables)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    return done.err.removeprefix("error: ").removesuffix("\n")


@ALL
def test_missing_credentials(no_session: None, operator: Operator, command: str) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(operator.root),
               "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    assert says(operator, command, **nothing) == (
        "AWS does not accept the credentials: Unable to locate credentials; log in, or export "
        "AWS_PROFILE."
    )


@ALL
def test_another_account(deployed: Operator, command: str) -> None:
    assert says(deployed, command, AWS_ACCOUNT="999999999999") == (
        "AWS_ACCOUNT says the account is 999999999999, but the credentials belong to 123456789012: "
        "use credentials of 999999999999, or correct AWS_ACCOUNT."
    )


@ALL
def test_another_region(deployed: Operator, command: str) -> None:
    assert says(deployed, command, AWS_REGION="us-east-1") == (
        "AWS_REGION is us-east-1, and pipeline_config.py says eu-west-2: change one of them, or "
        "unset AWS_REGION."
    )


@ALL
def test_an_unknown_environment(deployed: Operator, command: str) -> None:
    assert says(deployed, command, env="tset") == (
        "no environment 'tset'; known: dev, prod. `invoke new-env tset` creates it."
    )


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"status"}))
def test_nothing_deployed(operator: Operator, command: str) -> None:
    """`status` shows it, and is no error."""
    said = says(operator, command)
    assert re.search(
        "not deployed in dev: `invoke apply|no execution '|bucket .* exist: `inv", said
    )
