"""A Lambda function of dorc's own, which rules of EventBridge call."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, lambda_

from dorc_runtime.deploy.components.encryption import KeyArn
from dorc_runtime.deploy.components.service_role import RolePlan, ServiceRole

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIME = "python3.13"
# Lambda tries a call that fails two more times, for at most six hours:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_RETRIES = 2
_LONGEST_AGE = 6 * 3600


@dataclass(frozen=True)
class FunctionPlan:
    """The function ``name``: it calls ``handler`` in ``files``, the texts of files by their paths.

    ``rules`` are the ARNs of the rules that may call it, by a short name. ``timeout`` is in
    seconds, ``memory`` in MiB.
    """

    name: str
    description: str
    files: Mapping[str, str]
    handler: str
    rules: Mapping[str, str]
    role: RolePlan
    log_group: str
    timeout: int
    memory: int


class ArchiveFunction(pulumi.ComponentResource):
    """A Lambda function with its log group, its role, and the rules that may call it.

    A call that failed finally is sent to the topic ``failures``, an ARN.
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        plan: FunctionPlan,
        architecture: str,
        environment: Mapping[str, pulumi.Input[str]],
        log_days: int,
        key_arn: KeyArn,
        failures: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:ArchiveFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            name,
            name=plan.log_group,
            retention_in_days=log_days,
            kms_key_id=key_arn,
            opts=child,
        )
        role = ServiceRole(name, plan=plan.role, opts=child)
        files = {path: pulumi.StringAsset(text) for path, text in plan.files.items()}
        function = lambda_.Function(
            name,
            name=plan.name,
            description=plan.description,
            runtime=RUNTIME,
            handler=plan.handler,
            code=pulumi.AssetArchive({**files}),
            architectures=[architecture],
            role=role.arn,
            timeout=plan.timeout,
            memory_size=plan.memory,
            environment={"variables": environment},
            kms_key_arn=key_arn,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "Active"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, role]),
        )
        # Lambda checks here that the role may publish to the topic.
        lambda_.FunctionEventInvokeConfig(
            name,
            function_name=function.name,
            maximum_retry_attempts=_RETRIES,
            maximum_event_age_in_seconds=_LONGEST_AGE,
            destination_config={"on_failure": {"destination": failures}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        permissions = [
            lambda_.Permission(
                f"{name}-{rule}",
                statement_id=rule,
                action="lambda:InvokeFunction",
                function=function.name,
                principal="events.amazonaws.com",
                source_arn=arn,
                opts=child,
            )
            for rule, arn in plan.rules.items()
        ]
        # A rule that calls it needs its permission too.
        self.arn = pulumi.Output.all(function.arn, *(each.id for each in permissions)).apply(
            lambda values: str(values[0])
        )
        self.register_outputs({"arn": self.arn})
