"""Security groups and their rules."""

from typing import Any

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind, Step
from tests.engine.plugins.aws.shapes import Rename
from tests.engine.plugins.properties import Properties

_RULE: Rename = {
    "securityGroupId": ("GroupId",),
    "securityGroupRuleId": ("SecurityGroupRuleIds", "SecurityGroupRuleId"),
}


def _security_group(aws: Aws, given: Properties) -> Any:
    ec2 = aws.client("ec2")
    made = ec2.create_security_group(
        GroupName=given["name"], Description=given["description"], VpcId=given["vpcId"]
    )
    [found] = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"]
    if found["IpPermissionsEgress"]:
        # Pulumi's provider also keeps only the rules of the program.
        ec2.revoke_security_group_egress(
            GroupId=made["GroupId"], IpPermissions=found["IpPermissionsEgress"]
        )
    return made


def _permission(aws: Aws, given: Properties) -> Properties:
    if "securityGroupRuleId" in given:
        return {}
    text = {"Description": given["description"]} if given.get("description") else {}
    permission = {
        "IpProtocol": str(given["ipProtocol"]),
        "IpRanges": [{"CidrIp": given["cidrIpv4"], **text}] if given.get("cidrIpv4") else [],
        "Ipv6Ranges": [{"CidrIpv6": given["cidrIpv6"], **text}] if given.get("cidrIpv6") else [],
    }
    return {"ipPermissions": [permission], "ipProtocol": None}


def _describe(aws: Aws, given: Properties) -> None:
    rule = {
        "IpProtocol": str(given["ipProtocol"]),
        # moto wants the ports, also of all traffic.
        "FromPort": -1,
        "ToPort": -1,
        "CidrIpv4": given["cidrIpv4"],
        "Description": given.get("description") or "",
    }
    change = {"SecurityGroupRuleId": given["securityGroupRuleId"], "SecurityGroupRule": rule}
    aws.client("ec2").modify_security_group_rules(
        GroupId=given["securityGroupId"], SecurityGroupRules=[change]
    )


def _tag(output: str) -> Step:
    def tag(aws: Aws, given: Properties) -> None:
        if given.get("tags"):
            pairs = [{"Key": key, "Value": value} for key, value in given["tags"].items()]
            aws.client("ec2").create_tags(Resources=[given[output]], Tags=pairs)

    return tag


NETWORK = {
    "ec2/securityGroup": Kind(
        service="ec2",
        create=_security_group,
        read="describe_security_groups",
        delete="delete_security_group",
        id="{groupId}",
        path="SecurityGroups[0]",
        capture={"groupId": "GroupId"},
        update=(lambda aws, given: None,),
        replace=("name", "description", "vpcId"),
        rename={"groupId": ("GroupId", "GroupIds"), "name": ("GroupName",)},
        outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group/{groupId}"},
        tags=_tag("groupId"),
    ),
    "vpc/securityGroupEgressRule": Kind(
        service="ec2",
        create="authorize_security_group_egress",
        read="describe_security_group_rules",
        delete="revoke_security_group_egress",
        id="{securityGroupRuleId}",
        path="SecurityGroupRules[0]",
        capture={"securityGroupRuleId": "SecurityGroupRules[0].SecurityGroupRuleId"},
        rename=_RULE,
        prepare=_permission,
        update=(_describe,),
        replace=("securityGroupId",),
        tags=_tag("securityGroupRuleId"),
    ),
}
