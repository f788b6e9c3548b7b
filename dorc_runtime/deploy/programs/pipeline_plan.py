"""The names, documents and roles of a pipeline on AWS, before any resource exists."""

import json
from dataclasses import dataclass
from functools import cached_property

from dorc_runtime.compile.arns import (
    function_arn,
    log_group_arn,
    machine_arn,
    pipe_arn,
    queue_arn,
    rule_arn,
    schedule_group_arn,
)
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.names import Names, PipelineNames, zones
from dorc_runtime.compile.permissions.function_access import LAYER_VARIABLES, function_variables
from dorc_runtime.compile.permissions.machine_permissions import MachineContext, machine_permissions
from dorc_runtime.compile.permissions.policies import (
    function_policy,
    machine_policy,
    pipe_policy,
    trigger_policy,
    trust,
)
from dorc_runtime.compile.permissions.service_actions import Place
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.rules import Pipe, Rule, Schedule, triggers
from dorc_runtime.deploy.components.service_role import RolePlan
from dorc_runtime.errors import DefinitionError
from dorc_runtime.model.config import Config
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Call, Function, Step, all_steps, called_pipelines

# In characters, whitespace apart:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_LONGEST_TRUST = 2_048
_LONGEST_POLICY = 10_240


@dataclass(frozen=True)
class PipelinePlan:
    """The pipeline ``layer/name`` in its environment, ``target``.

    A role raises ``DefinitionError`` when a policy is
    longer than IAM allows.
    """

    layer: str
    name: str
    pipeline: Pipeline
    config: Config
    target: Target

    @property
    def shared(self) -> Names:
        """The names of the resources that the environment's pipelines share."""
        return self.target.names

    @cached_property
    def names(self) -> PipelineNames:
        """The names of the pipeline's own resources."""
        return self.shared.pipeline(self.layer, self.name)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions that its steps call."""
        return tuple(step for step in self._steps if isinstance(step, Function))

    @cached_property
    def definition(self) -> Document:
        """The document of its state machine."""
        return state_machine(
            self.pipeline,
            arns=self._function_arns,
            machines=self._called_arns,
            buckets=self.target.buckets,
        )

    @cached_property
    def triggers(self) -> tuple[Rule | Schedule | Pipe, ...]:
        """The rules, schedules and pipes that start it."""
        return triggers(self.pipeline, layer=self.layer, target=self.target)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The events that start it."""
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, Rule))

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """The times that start it."""
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, Schedule))

    @property
    def pipes(self) -> tuple[Pipe, ...]:
        """The messages that start it."""
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, Pipe))

    @property
    def zone_variables(self) -> dict[str, str]:
        """The zone of each environment variable of its functions that names a bucket."""
        between = zones(self.layer)
        return dict(zip(LAYER_VARIABLES, between or (), strict=False))

    def variables(self, step: Function) -> dict[str, str]:
        """Return the environment variables of a function."""
        return function_variables(step, self.layer, self.target)

    def function_role(self, step: Function) -> RolePlan:
        """Return the role of a function."""
        logs = self.names.function_log_group(step.name)
        return self._role(
            self.names.function_role(step.name),
            trust=trust("lambda", account=self.target.account),
            policy=function_policy(
                step,
                layer=self.layer,
                target=self.target,
                log_group_arn=log_group_arn(*self._place, logs),
                in_vpc=self.config.vpc_id is not None,
                key_arn=self.config.kms_key_arn,
            ),
        )

    @property
    def machine_role(self) -> RolePlan:
        """The role of the state machine."""
        return self._role(
            self.names.machine_role,
            trust=trust("states", account=self.target.account, source_arn=self._machine_arn),
            policy=machine_policy(
                function_arns=list(self._function_arns.values()),
                permissions=machine_permissions(self.pipeline, self._machine_context),
                key_arn=self.config.kms_key_arn,
            ),
        )

    @property
    def rules_role(self) -> RolePlan:
        """The role with which rules start the state machine."""
        rules = [
            rule_arn(*self._place, self.names.trigger(rule.key), bus=rule.bus)
            for rule in self.rules
        ]
        return self._role(
            self.names.rules_role,
            trust=trust("events", account=self.target.account, source_arn=rules),
            policy=trigger_policy(machine_arn=self._machine_arn),
        )

    @property
    def schedules_role(self) -> RolePlan:
        """The role with which schedules start the state machine."""
        group = schedule_group_arn(*self._place, self.names.schedule_group)
        return self._role(
            self.names.schedules_role,
            trust=trust("scheduler", account=self.target.account, source_arn=group),
            policy=trigger_policy(
                machine_arn=self._machine_arn,
                dead_letters_arn=queue_arn(*self._place, self.shared.shared),
                key_arn=self.config.kms_key_arn,
            ),
        )

    @property
    def pipes_role(self) -> RolePlan:
        """The role with which pipes receive messages and start the state machine."""
        pipes = [pipe_arn(*self._place, self.names.trigger(pipe.key)) for pipe in self.pipes]
        return self._role(
            self.names.pipes_role,
            trust=trust("pipes", account=self.target.account, source_arn=pipes),
            policy=pipe_policy(
                machine_arn=self._machine_arn,
                queue_arns=[self.queue_of(pipe) for pipe in self.pipes],
                key_arn=self.config.kms_key_arn,
            ),
        )

    def queue_of(self, pipe: Pipe) -> str:
        """Return the ARN of the queue that ``pipe`` receives from."""
        return pipe.queue or queue_arn(*self._place, self.names.trigger(pipe.key))

    @property
    def _place(self) -> tuple[str, str]:
        return self.target.region, self.target.account

    @property
    def _machine_arn(self) -> str:
        return machine_arn(*self._place, self.names.machine)

    @cached_property
    def _function_arns(self) -> dict[str, str]:
        return {
            step.name: function_arn(*self._place, self.names.function(step.name))
            for step in self.functions
        }

    @property
    def _called_arns(self) -> dict[str, str]:
        called = [step.pipeline for step in self._steps if isinstance(step, Call)]
        machines = {name: self.shared.pipeline(*name.split("/", 1)).machine for name in called}
        return {name: machine_arn(*self._place, machine) for name, machine in machines.items()}

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return tuple(all_steps(self.pipeline.steps))

    @cached_property
    def _called_machines(self) -> dict[str, str]:
        return {
            name: self.shared.pipeline(*name.split("/")).machine
            for name in called_pipelines(self.pipeline.steps)
        }

    @property
    def _machine_context(self) -> MachineContext:
        return MachineContext(
            place=Place(*self._place),
            layer=self.layer,
            machine=self.names.machine,
            machines=self._called_machines,
            buckets=self.target.buckets,
        )

    def _role(self, name: str, *, trust: Document, policy: Document) -> RolePlan:
        for document, longest, remedy in (
            (trust, _LONGEST_TRUST, "use fewer triggers"),
            (
                policy,
                _LONGEST_POLICY,
                "name fewer resources, or split the pipeline and use a Call step",
            ),
        ):
            length = len("".join(json.dumps(document).split()))
            if length > longest:
                raise DefinitionError(
                    f"{self.layer}/{self.name}: a policy of the role {name} has {length:,} "
                    f"characters, but IAM allows {longest:,}: {remedy}."
                )
        return RolePlan(name, trust, policy, self.config.universal.permissions_boundary)
