"""The role that a service of AWS has for a pipeline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam
from pydantic import JsonValue


@dataclass(frozen=True)
class RolePlan:
    """The role ``name``: ``trust`` says who can assume it, ``policy`` what it allows.

    ``permissions_boundary`` is the ARN of a policy that limits the role, or None.
    """

    name: str
    trust: Mapping[str, JsonValue]
    policy: Mapping[str, JsonValue] | pulumi.Output[Mapping[str, JsonValue]]
    permissions_boundary: str | None


class ServiceRole(pulumi.ComponentResource):
    """A role with its permissions.

    A resource depends on this component when AWS checks its permissions at creation.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, *, plan: RolePlan, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dorc:aws:ServiceRole", name, None, opts)
        role = iam.Role(
            name,
            name=plan.name,
            assume_role_policy=json.dumps(plan.trust),
            permissions_boundary=plan.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )
        permissions = plan.policy
        iam.RolePolicy(
            name,
            name="permissions",
            role=role.name,
            policy=permissions.apply(json.dumps)
            if isinstance(permissions, pulumi.Output)
            else json.dumps(permissions),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
