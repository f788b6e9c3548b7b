"""What a killed operation was making: nobody knows whether AWS has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

# What AWS refuses to make twice under one name, and the properties that its id is made of, as the
# section "Import" of each page says: https://www.pulumi.com/registry/packages/aws/api-docs/
_IDS: Mapping[str, tuple[str, ...]] = {
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:ecr/repository:Repository": ("name",),
    "aws:iam/role:Role": ("name",),
    "aws:lambda/function:Function": ("name",),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:scheduler/schedule:Schedule": ("groupName", "name"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("name",),
}


@dataclass(frozen=True)
class Unfinished:
    """A resource that was being made; ``id`` is what AWS calls it, None where only AWS knows."""

    urn: str
    id: str | None


def taken_up(state: Document) -> tuple[Document, tuple[Unfinished, ...]]:
    """Return a state in which nothing is being made, and what was.

    ``state`` is a stack's, as Pulumi exports it. What has an id is among the resources then, as if
    it had been made: a refresh finds out whether AWS has it. The rest is left out.
    """
    deployment = state["deployment"]
    creating = [
        operation["resource"]
        for operation in deployment.get("pending_operations") or ()
        if operation["type"] == "creating"
    ]
    found = tuple(Unfinished(each["urn"], _id(each)) for each in creating)
    made = [
        {**each, "id": its.id, "outputs": each.get("inputs", {})}
        for each, its in zip(creating, found, strict=True)
        if its.id
    ]
    resources = [*(deployment.get("resources") or ()), *made]
    deployment = {**deployment, "resources": resources, "pending_operations": []}
    return {**state, "deployment": deployment}, found


def _id(resource: Mapping[str, Any]) -> str | None:
    parts = [resource.get("inputs", {}).get(name) for name in _IDS.get(resource["type"], ())]
    if not parts or not all(isinstance(part, str) for part in parts):
        return None
    return "/".join(parts)
