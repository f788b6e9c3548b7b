"""The state machine of a pipeline with its log group and its role."""

import json
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import cloudwatch, sfn
from pydantic import JsonValue

from dorc_runtime.deploy.components.encryption import KeyArn, machine_encryption
from dorc_runtime.deploy.components.service_role import RolePlan, ServiceRole


class Workflow(pulumi.ComponentResource):
    """The state machine ``machine`` with the Amazon States Language document ``definition``.

    It is created after the ``functions`` that it calls. Every event of an execution is logged to
    ``log_group``, with its data if ``log_data``, and stays for ``log_days``; Step Functions itself
    keeps an execution with its data for 90 days. ``tags`` are those of the state machine alone.
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        machine: str,
        definition: Mapping[str, JsonValue],
        functions: Sequence[pulumi.Resource],
        role: RolePlan,
        log_group: str,
        log_days: int,
        log_data: bool,
        key_arn: KeyArn,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:Workflow", name, None, opts)
        logs = cloudwatch.LogGroup(
            name,
            name=log_group,
            retention_in_days=log_days,
            kms_key_id=key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        service_role = ServiceRole(name, plan=role, opts=pulumi.ResourceOptions(parent=self))
        state_machine = sfn.StateMachine(
            name,
            name=machine,
            type="STANDARD",
            role_arn=service_role.arn,
            definition=json.dumps(definition),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": log_data,
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            encryption_configuration=machine_encryption(key_arn),
            tags=tags or None,
            # Step Functions checks at creation that the role can deliver logs:
            # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
            opts=pulumi.ResourceOptions(parent=self, depends_on=[service_role, *functions]),
        )
        self.arn = state_machine.arn
        self.register_outputs({"arn": self.arn})
