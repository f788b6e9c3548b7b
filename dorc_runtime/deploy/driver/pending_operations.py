"""What a killed operation was creating: it is not known whether AWS has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

# Types with names that are unique on AWS, and the properties that form their id. See the section
# "Import" of each page: https://www.pulumi.com/registry/packages/aws/api-docs/
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
class PendingResource:
    """A resource that was being created; ``id`` is its id on AWS, None when only AWS knows it."""

    urn: str
    id: str | None


def without_pending(state: Document) -> tuple[Document, tuple[PendingResource, ...]]:
    """Return the state without pending operations, and the resources that were being created.

    ``state`` is a stack's state, as Pulumi exports it. Each resource with an id is added to the
    resources, as if it exists: a refresh finds out whether it does. The others are left out.
    """
    deployment = state["deployment"]
    creating = [
        operation["resource"]
        for operation in deployment.get("pending_operations") or ()
        if operation["type"] == "creating"
    ]
    pending = tuple(PendingResource(each["urn"], _id(each)) for each in creating)
    added = [
        {**each, "id": resource.id, "outputs": each.get("inputs", {})}
        for each, resource in zip(creating, pending, strict=True)
        if resource.id
    ]
    resources = [*(deployment.get("resources") or ()), *added]
    deployment = {**deployment, "resources": resources, "pending_operations": []}
    return {**state, "deployment": deployment}, pending


def _id(resource: Mapping[str, Any]) -> str | None:
    parts = [resource.get("inputs", {}).get(name) for name in _IDS.get(resource["type"], ())]
    if not parts or not all(isinstance(part, str) for part in parts):
        return None
    return "/".join(parts)
