"""Secrets: values that functions read at run time, and that no definition holds."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dorc_runtime.model.base import Model
from dorc_runtime.model.references import Resolvable

# In bytes, of a parameter of SSM:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
LARGEST_STANDARD = 4_096
LARGEST_ADVANCED = 8_192
_LONGEST_NAME = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def checked_name(name: str) -> str:
    """Return ``name``, or raise ``ValueError`` where it is not the name of a secret."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(
            f"'{name}' is not the name of a secret: write at most {_LONGEST_NAME} lower-case "
            "letters and digits, a letter first, with single dashes between them"
        )
    return name


# The name is part of an environment variable, and of a parameter's name, for which SSM has rules:
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
SecretName = Annotated[str, AfterValidator(checked_name)]
SecretArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+$"),
    Resolvable,
]


class Secret(Model):
    """A secret that a function reads; ``Function(secrets=[...])`` takes a name for one in SSM.

    ``name`` has lower-case letters, digits and single dashes. With the ``store`` "ssm" it is a
    SecureString of SSM's Parameter Store, which `invoke secret set` writes for each environment.
    With ``store="secretsmanager"`` it is the secret of Secrets Manager that ``arn`` names, which
    exists already; ``arn`` may be a ``setting(...)``.
    """

    name: SecretName
    store: Literal["ssm", "secretsmanager"]
    arn: SecretArn | None

    def __init__(
        self,
        name: str,
        *,
        store: Literal["ssm", "secretsmanager"] = "ssm",
        arn: Any = None,
    ) -> None:
        super().__init__(name=name, store=store, arn=arn)

    @model_validator(mode="after")
    def _arn_of_the_store(self) -> Self:
        if self.store == "secretsmanager" and self.arn is None:
            raise ValueError(
                f"the secret '{self.name}' has no arn: write the ARN that Secrets Manager shows"
            )
        if self.store == "ssm" and self.arn is not None:
            raise ValueError(
                f"the secret '{self.name}' has an arn: only store=\"secretsmanager\" takes one"
            )
        return self
