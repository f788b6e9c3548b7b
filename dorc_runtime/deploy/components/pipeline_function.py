"""A function of a pipeline: a Lambda function with its log group and its role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, lambda_

from dorc_runtime.deploy.components.encryption import KeyArn
from dorc_runtime.deploy.components.service_role import RolePlan, ServiceRole
from dorc_runtime.model.steps import Function
from dorc_runtime.project.images.fingerprint import IMAGE_TAG


@dataclass(frozen=True)
class Network:
    """The subnets of a VPC in which functions run, and their security group."""

    subnet_ids: Sequence[str]
    security_group_id: pulumi.Input[str]


class PipelineFunction(pulumi.ComponentResource):
    """The Lambda function ``function``: it runs ``image`` (a name with a digest) for ``step``.

    ``fingerprint`` identifies the content of the image; it becomes a tag of the function.
    ``environment`` has its environment variables. Its JSON logs go to ``log_group`` and stay for
    ``log_days``; the group is created first, because Lambda would create one that keeps logs for
    ever. Without a ``network`` it runs outside the account's VPCs.
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        step: Function,
        function: str,
        image: pulumi.Input[str],
        fingerprint: str,
        architecture: str,
        environment: Mapping[str, pulumi.Input[str]],
        role: RolePlan,
        log_group: str,
        log_days: int,
        network: Network | None,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:PipelineFunction", name, None, opts)
        logs = cloudwatch.LogGroup(
            name,
            name=log_group,
            retention_in_days=log_days,
            kms_key_id=key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        service_role = ServiceRole(name, plan=role, opts=pulumi.ResourceOptions(parent=self))
        lambda_function = lambda_.Function(
            name,
            name=function,
            package_type="Image",
            image_uri=image,
            architectures=[architecture],
            role=service_role.arn,
            timeout=int(step.timeout.total_seconds()),
            memory_size=step.memory,
            ephemeral_storage={"size": step.storage},
            environment={"variables": environment} if environment else None,
            kms_key_arn=key_arn,
            reserved_concurrent_executions=step.concurrency,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "Active"},
            tags={IMAGE_TAG: fingerprint},
            vpc_config=_vpc_config(network),
            # Lambda checks at creation that the role can join a VPC:
            # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, service_role]),
        )
        self.arn = lambda_function.arn
        self.register_outputs({"arn": self.arn})


def _vpc_config(network: Network | None) -> lambda_.FunctionVpcConfigArgsDict | None:
    if network is None:
        return None
    return {
        "subnet_ids": network.subnet_ids,
        "security_group_ids": [network.security_group_id],
    }
