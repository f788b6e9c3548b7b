"""The secrets that pipelines need, and the functions that read them."""

from collections.abc import Iterable, Mapping

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.target import LOCAL
from dorc_runtime.errors import SecretError
from dorc_runtime.model.secrets import LARGEST_ADVANCED, Secret
from dorc_runtime.model.steps import Function, all_steps

# Each secret with its functions, as ``layer/name: function``.
SecretUsers = Mapping[Secret, tuple[str, ...]]


def secret_users(sources: Iterable[Source]) -> SecretUsers:
    """Return the secrets that functions of ``sources`` read, sorted by name, with the functions."""
    users: dict[Secret, list[str]] = {}
    for source in sources:
        for step in all_steps(source.pipeline.steps):
            for secret in step.secrets if isinstance(step, Function) else ():
                users.setdefault(secret, []).append(f"{source.id}: {step.name}")
    return {
        secret: tuple(dict.fromkeys(functions))
        for secret, functions in sorted(users.items(), key=lambda each: each[0].name)
    }


def webhook_users(webhooks: Iterable[str]) -> SecretUsers:
    """Return the secrets of ``Config(alert_webhooks=...)``, which the function of alerts reads."""
    return {Secret(name): ("infra: alerts",) for name in webhooks}


def check_sizes(users: SecretUsers, values: Mapping[str, str], *, where: str) -> None:
    """Raise ``SecretError`` for a value in ``where`` that no parameter of SSM can take."""
    for name in (secret.name for secret in users if secret.store == "ssm"):
        size = len(values.get(name, "").encode())
        if size > LARGEST_ADVANCED:
            raise SecretError(
                f"{where}: {name} has {size:,} bytes, and a parameter of SSM at most "
                f'{LARGEST_ADVANCED:,}: create it in Secrets Manager and write Secret("{name}", '
                'store="secretsmanager", arn=...).'
            )


def missing_secrets(missing: SecretUsers, *, environment: str) -> str:
    """Return in one line which secrets ``environment`` does not have, and the commands."""
    needs = "; ".join(
        f"'{secret.name}' (read by {', '.join(functions)})" for secret, functions in missing.items()
    )
    own = [secret.name for secret in missing if secret.store == "ssm" or environment == LOCAL]
    commands = [f"`invoke secret set {name} --env {environment}`" for name in dict.fromkeys(own)]
    arns = [str(secret.arn) for secret in missing if secret.name not in own]
    remedies = [f"store it with {' and '.join(commands)}"] if commands else []
    remedies += [f"create {' and '.join(arns)} in Secrets Manager, or correct it"] if arns else []
    return f"{environment} has no secret {needs}: {'; '.join(remedies)}."
