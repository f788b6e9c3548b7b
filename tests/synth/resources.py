"""The resources of programs, for the rules about them."""

import json
from collections.abc import Iterator
from typing import Any

from dorc_runtime.deploy.synth.recorder import Resource
from dorc_runtime.deploy.synth.synthesis import Synthesis

POLICY = "aws:iam/rolePolicy:RolePolicy"


def provided(synthesis: Synthesis) -> list[Resource]:
    """Return the resources that providers create, of all stacks."""
    return [
        resource
        for stack in synthesis.stacks
        for resource in stack.resources
        if resource.custom and not resource.type.startswith("pulumi:")
    ]


def of_type(resources: list[Resource], kind: str) -> list[Resource]:
    """Return the resources of a type, of which there has to be one."""
    chosen = [resource for resource in resources if resource.type == kind]
    assert chosen, f"there is no {kind}"
    return chosen


def statements(document: object) -> Iterator[dict[str, Any]]:
    """Yield the statements of a policy."""
    yield from json.loads(str(document))["Statement"]


def policies(resources: list[Resource]) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Yield each statement of a policy of roles, queues and topics, with its resource."""
    kinds = (POLICY, "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy")
    for kind in kinds:
        for resource in of_type(resources, kind):
            for statement in statements(resource.inputs["policy"]):
                yield resource, statement


def as_list(value: Any) -> list[Any]:
    """Return a value as a list, if it is none."""
    return value if isinstance(value, list) else [value]
