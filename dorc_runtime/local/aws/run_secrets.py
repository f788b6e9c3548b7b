"""The secrets of a run, in the AWS that is played."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.secret_users import check_sizes, missing_secrets, secret_users
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import SecretError
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.model.secrets import Secret


@dataclass(frozen=True)
class RunSecret:
    """A secret with its value; functions ask for it by ``id``, a parameter's name or an ARN."""

    secret: Secret
    id: str
    value: str = field(repr=False)


def run_secrets(
    sources: Iterable[Source], values: Mapping[str, str], target: Target, *, example_file: str
) -> tuple[RunSecret, ...]:
    """Return the secrets that functions of ``sources`` read, with their ``values``.

    ``example_file`` is where the example of the run may have values. Raises ``SecretError`` for
    secrets without a value, and for values that are too large for SSM.
    """
    users = secret_users(sources)
    missing = {secret: users[secret] for secret in users if secret.name not in values}
    if missing:
        message = missing_secrets(missing, environment=target.environment)
        raise SecretError(f"{message} Made-up values for tests may be in {example_file}.")
    check_sizes(users, values, where="secrets")
    return tuple(
        RunSecret(secret, target.secret_id(secret), values[secret.name]) for secret in users
    )


def store_secret(lake: Lake, stored: RunSecret, *, region: str) -> None:
    """Store a secret where functions look for it."""
    if stored.secret.store == "ssm":
        parameter = {"Name": stored.id, "Value": stored.value, "Type": "SecureString"}
        lake.server.call("ssm", "PutParameter", {**parameter, "Overwrite": True}, region=region)
        return
    # moto finds what has this name by the whole ARN.
    secret = {"Name": stored.id.rpartition(":")[2], "SecretString": stored.value}
    exists = ("ResourceExistsException",)
    lake.server.call("secretsmanager", "CreateSecret", secret, region=region, accepted=exists)
