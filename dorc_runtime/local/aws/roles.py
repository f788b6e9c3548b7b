"""The policies of functions on AWS, for a local run to apply."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.names import Names, log_group_arn
from dorc_runtime.compile.permissions.policies import function_policy
from dorc_runtime.compile.target import Target
from dorc_runtime.model.steps import Function, all_steps


@dataclass(frozen=True)
class Roles:
    """The policy of each function, by its name in the run.

    ``buckets`` has the names of buckets on AWS, by their names here, and ``partition`` is the part
    of AWS that they are in: policies use those. ``sessions`` has how AWS calls each function as the
    user of its role: ``ROLE/FUNCTION``.
    """

    policies: Mapping[str, Document]
    buckets: Mapping[str, str]
    partition: str
    sessions: Mapping[str, str] = field(default_factory=dict)


def policies(
    source: Source,
    *,
    prefix: str,
    target: Target,
) -> dict[str, Document]:
    """Return the policies of a pipeline's functions, named with ``prefix`` in the run.

    In ``target`` buckets have the names that they have on AWS.
    """
    own = target.names.pipeline(source.layer, source.name)

    def logs(function: str) -> str:
        group = own.function_log_group(function)
        return log_group_arn(target.region, target.account, group)

    return {
        prefix + step.name: function_policy(
            step,
            layer=source.layer,
            target=target,
            log_group_arn=logs(step.name),
            in_vpc=False,
        )
        for step in all_steps(source.pipeline.steps)
        if isinstance(step, Function)
    }


def sessions(source: Source, *, prefix: str, names: Names) -> dict[str, str]:
    """Return ``ROLE/FUNCTION`` for a pipeline's functions, named with ``prefix`` in the run."""
    own = names.pipeline(source.layer, source.name)
    return {
        prefix + step.name: f"{own.function_role(step.name)}/{own.function(step.name)}"
        for step in all_steps(source.pipeline.steps)
        if isinstance(step, Function)
    }
