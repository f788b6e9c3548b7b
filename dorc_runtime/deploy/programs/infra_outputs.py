"""The outputs of infra that the definition of a pipeline names."""

from collections.abc import Iterable
from typing import Any

import pulumi
from pydantic import JsonValue

from dorc_runtime.compile.target import unknown_output
from dorc_runtime.errors import DefinitionError

# What Pulumi's engine itself answers: the outputs of another stack.
QUESTION = "pulumi:pulumi:readStackOutputs"


def infra_outputs(stack: str, names: Iterable[str]) -> dict[str, JsonValue]:
    """Return the outputs of the infra's ``stack`` that have one of ``names``.

    In a preview, a placeholder stands for one that does not exist yet. Raises ``DefinitionError``
    for a secret, which would be in the definition as plain text.
    """
    answer: Any = pulumi.runtime.invoke(QUESTION, {"name": stack}).value
    outputs: dict[str, JsonValue] = {}
    for name in sorted(names):
        if name in (answer.get("secretOutputNames") or ()):
            raise DefinitionError(
                f"the output '{name}' of infra is secret, and a definition is not: store it with "
                f"`invoke secret set {name}`, and use secrets=."
            )
        if name in answer["outputs"]:
            outputs[name] = answer["outputs"][name]
        elif pulumi.runtime.is_dry_run():
            pulumi.log.info(f"infra has no output {name} yet")
            outputs[name] = unknown_output(name)
    return outputs
