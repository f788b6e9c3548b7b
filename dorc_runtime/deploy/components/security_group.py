"""The security group of functions in a VPC."""

import pulumi
from pulumi_aws import ec2, vpc


class FunctionSecurityGroup(pulumi.ComponentResource):
    """The security group ``group`` in the VPC ``vpc_id``: all traffic out, no traffic in."""

    id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        group: str,
        vpc_id: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:FunctionSecurityGroup", name, None, opts)
        security_group = ec2.SecurityGroup(
            name,
            name=group,
            description="Functions of data pipelines",
            vpc_id=vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=security_group.id,
            description="All traffic of the functions",
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = security_group.id
        self.register_outputs({"id": self.id})
