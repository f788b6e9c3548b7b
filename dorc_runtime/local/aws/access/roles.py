"""The policies of functions and state machines on AWS, for a local run to apply."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dorc_runtime.compile.arns import log_group_arn
from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.permissions.machine_permissions import MachineContext, machine_permissions
from dorc_runtime.compile.permissions.policies import function_policy, machine_policy
from dorc_runtime.compile.permissions.service_actions import Place
from dorc_runtime.compile.target import Target
from dorc_runtime.model.steps import Function, all_steps, called_pipelines

# Names of functions have no capital letters.
_MACHINE = "STATES-"
# In a run, all topics, queues and event buses are in one account.
_ACCOUNT_OF_MESSAGES = re.compile(r"(?<=:)(events|sns|sqs):([^:]*):[^:]*(?=:)")


@dataclass(frozen=True)
class Roles:
    """The policy of each caller, by its access key: a function's name in the run, or a machine's.

    ``buckets`` has the names of buckets on AWS, by their names here, and ``partition`` is the part
    of AWS that they are in: policies use those. ``sessions`` has how AWS calls each caller as the
    user of its role: ``ROLE/FUNCTION``.
    """

    policies: Mapping[str, Document]
    buckets: Mapping[str, str]
    partition: str
    sessions: Mapping[str, str] = field(default_factory=dict)


def machine_key(machine: str) -> str:
    """Return the access key of the state machine with the ARN ``machine``."""
    return _MACHINE + machine.rpartition(":")[2]


def is_machine_key(key: str) -> bool:
    """Return whether ``key`` is the access key of a state machine."""
    return key.startswith(_MACHINE)


def policies(
    source: Source, *, prefix: str, machine: str, target: Target
) -> Iterator[tuple[str, Document]]:
    """Yield the policies of a pipeline, each with its access key.

    Its functions are named with ``prefix`` in the run; ``machine`` is the ARN of its state machine
    there. In ``target`` buckets have the names that they have on AWS.
    """
    own = target.names.pipeline(source.layer, source.name)
    for step in _functions(source):
        group = own.function_log_group(step.name)
        yield (
            prefix + step.name,
            function_policy(
                step,
                layer=source.layer,
                target=target,
                log_group_arn=log_group_arn(target.region, target.account, group),
                in_vpc=False,
            ),
        )
    yield machine_key(machine), _machine_policy(source, target)


def sessions(
    source: Source, *, prefix: str, machine: str, target: Target
) -> Iterator[tuple[str, str]]:
    """Yield ``ROLE/FUNCTION`` for the functions and the machine, each with its access key."""
    own = target.names.pipeline(source.layer, source.name)
    for step in _functions(source):
        yield prefix + step.name, f"{own.function_role(step.name)}/{own.function(step.name)}"
    yield machine_key(machine), f"{own.machine_role}/local"


def _functions(source: Source) -> Iterator[Function]:
    return (step for step in all_steps(source.pipeline.steps) if isinstance(step, Function))


def _machine_policy(source: Source, target: Target) -> Document:
    """Return the policy for the steps of a state machine that are no functions."""
    called = called_pipelines(source.pipeline.steps)
    context = MachineContext(
        place=Place(target.region, target.account),
        layer=source.layer,
        machine=target.names.pipeline(source.layer, source.name).machine,
        machines={name: target.names.pipeline(*name.split("/", 1)).machine for name in called},
        buckets=target.buckets,
    )
    permissions = machine_permissions(source.pipeline, context)
    account = rf"\1:\2:{target.account}"
    return machine_policy(
        function_arns=(),
        permissions=[
            each.model_copy(
                update={
                    "resources": tuple(
                        _ACCOUNT_OF_MESSAGES.sub(account, arn) for arn in each.resources
                    )
                }
            )
            for each in permissions
        ],
    )
