"""What starts the state machine of a pipeline: rules, schedules and pipes."""

import pulumi
from pulumi_aws import scheduler

from dorc_runtime.compile.permissions.resource_policies import topic_queue_policy
from dorc_runtime.deploy.components.clock import Clock
from dorc_runtime.deploy.components.delivery import Delivery
from dorc_runtime.deploy.components.event_pipe import EventPipe
from dorc_runtime.deploy.components.event_rule import EventRule
from dorc_runtime.deploy.components.service_role import ServiceRole
from dorc_runtime.deploy.components.topic_queue import TopicQueue
from dorc_runtime.deploy.components.workflow import Workflow
from dorc_runtime.deploy.programs.common import Cloud
from dorc_runtime.deploy.programs.infra_outputs import InfraExports
from dorc_runtime.deploy.programs.pipeline_plan import PipelinePlan


def create_triggers(
    plan: PipelinePlan, workflow: Workflow, infra: InfraExports, cloud: Cloud
) -> None:
    """Create the triggers of ``plan``, each kind with a role of its own."""
    _start_by_rules(plan, workflow, infra, cloud)
    _start_by_schedules(plan, workflow, infra, cloud)
    _start_by_messages(plan, workflow, infra, cloud)


def _start_by_rules(
    plan: PipelinePlan, workflow: Workflow, infra: InfraExports, cloud: Cloud
) -> None:
    if not plan.rules:
        return
    role = ServiceRole("rules", plan=plan.rules_role, opts=cloud.resource_options)
    delivery = Delivery(workflow.arn, role, infra.output("dead_letters"))
    for rule in plan.rules:
        EventRule(
            rule.key,
            rule=rule,
            rule_name=plan.names.trigger(rule.key),
            delivery=delivery,
            opts=cloud.resource_options,
        )


def _start_by_schedules(
    plan: PipelinePlan, workflow: Workflow, infra: InfraExports, cloud: Cloud
) -> None:
    if not plan.schedules:
        return
    role = ServiceRole("schedules", plan=plan.schedules_role, opts=cloud.resource_options)
    delivery = Delivery(workflow.arn, role, infra.output("dead_letters"))
    group = scheduler.ScheduleGroup(
        "schedules", name=plan.names.schedule_group, opts=cloud.resource_options
    )
    for schedule in plan.schedules:
        Clock(
            schedule.key,
            schedule=schedule,
            schedule_name=plan.names.trigger(schedule.key),
            group=group.name,
            delivery=delivery,
            key_arn=plan.config.kms_key_arn,
            opts=cloud.resource_options,
        )


def _start_by_messages(
    plan: PipelinePlan, workflow: Workflow, infra: InfraExports, cloud: Cloud
) -> None:
    if not plan.pipes:
        return
    role = ServiceRole("pipes", plan=plan.pipes_role, opts=cloud.resource_options)
    for pipe in plan.pipes:
        name, arn = plan.names.trigger(pipe.key), plan.queue_of(pipe)
        queue: pulumi.Input[str] = arn
        if pipe.topic is not None:
            queue = TopicQueue(
                pipe.key,
                queue=name,
                topic=pipe.topic,
                policy=topic_queue_policy(queue_arn=arn, topic_arn=pipe.topic),
                dead_letters=infra.output("dead_letters"),
                key_arn=plan.config.kms_key_arn,
                opts=cloud.resource_options,
            ).arn
        EventPipe(
            pipe.key,
            pipe=pipe,
            pipe_name=name,
            queue=queue,
            machine=workflow.arn,
            role=role,
            opts=cloud.resource_options,
        )
