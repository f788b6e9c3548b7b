"""The outputs of infra: those that every pipeline needs, and those that its definition names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pydantic import JsonValue

from dorc_runtime.compile.target import unknown_output
from dorc_runtime.errors import DefinitionError
from dorc_runtime.project.environments import Program

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


@dataclass(frozen=True)
class InfraExports:
    """The exports of infra in an environment.

    A missing export ends the program; in a preview it is unknown, because an apply of infra that is
    previewed together with the pipeline can add it.
    """

    environment: str
    stack: pulumi.StackReference

    def output(self, name: str) -> pulumi.Output[str]:
        """Return one of the exports."""
        return self.stack.outputs.apply(lambda outputs: self._export(name, outputs, name))

    def bucket(self, zone: str) -> pulumi.Output[str]:
        """Return the bucket of a zone."""
        what = f"bucket for the zone {zone}"
        return self.stack.outputs.apply(
            lambda outputs: self._export(zone, outputs.get("buckets", {}), what)
        )

    def _export(self, key: str, exports: Mapping[str, str], what: str) -> pulumi.Input[str]:
        if key in exports:
            return exports[key]
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(f"infra has no {what} in {self.environment} yet")
            return unknown_value()
        raise pulumi.RunError(
            f"infra has no {what} in {self.environment} yet: "
            f"`invoke apply --instance infra --env {self.environment}` creates it."
        )


def infra_exports(program: Program, environment: str) -> InfraExports:
    """Return the exports of infra's ``program`` in an environment."""
    stack = infra_stack_name(program, environment)
    return InfraExports(environment, pulumi.StackReference("infra", stack_name=stack))


def infra_stack_name(program: Program, environment: str) -> str:
    """Return the full name of the stack of infra's ``program``."""
    return f"{pulumi.get_organization()}/{program.project}/{environment}"


def unknown_value() -> pulumi.Output[str]:
    """Return a value that a preview shows as not known yet."""
    return pulumi.Output.from_input(cast("str", pulumi.UNKNOWN))
