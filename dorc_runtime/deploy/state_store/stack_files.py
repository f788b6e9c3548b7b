"""What a backend keeps of one stack: its state, locks, tags and history.

The names of the files are those of Pulumi's backends for folders and buckets:
https://github.com/pulumi/pulumi/tree/master/pkg/backend/diy
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dorc_runtime.deploy.driver.lock import Lock
from dorc_runtime.deploy.state_store.files import BackendFiles

_ROOT_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class State:
    """The state of a stack; ``digest`` identifies its exact content."""

    digest: str
    deployment: Mapping[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether no operation is left to finish: created, replaced or deleted halfway."""
        halfway = ("delete", "pendingReplacement", "taint", "initErrors")
        resources = self.deployment.get("resources") or ()
        return not self.deployment.get("pending_operations") and not any(
            resource.get(mark) for resource in resources for mark in halfway
        )

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs of the stack, as the state has them: secrets are encrypted."""
        for resource in self.deployment.get("resources") or ():
            if resource["type"] == _ROOT_TYPE:
                return dict(resource.get("outputs") or {})
        return {}


@dataclass(frozen=True)
class StackFiles:
    """The files of the stack ``stack`` of a project."""

    files: BackendFiles
    project: str
    stack: str

    def locks(self) -> tuple[Lock, ...]:
        """Return the locks of the stack."""
        folder = f".pulumi/locks/organization/{self.project}/{self.stack}/"
        texts = (self.files.read(name) for name in self.files.names(folder) if _is_json(name))
        return tuple(Lock.of(json.loads(text)) for text in texts if text is not None)

    def state(self) -> State | None:
        """Return the state, None when there is none that can be read.

        Pulumi can compress it, which few do; then it is not read.
        """
        name = f".pulumi/stacks/{self.project}/{self.stack}.json"
        if {f"{name}.gz", f"{name}.zst"} & set(self.files.names(name)):
            return None
        content = self.files.read(name)
        return None if content is None else _state(content)

    def tags(self) -> Mapping[str, str]:
        """Return the tags of the stack."""
        content = self.files.read(f".pulumi/stacks/{self.project}/{self.stack}.pulumi-tags")
        tags: Mapping[str, str] = json.loads(content)["tags"] if content else {}
        return tags

    def history(self) -> frozenset[str]:
        """Return the names of the states in the history: each operation adds the state it left."""
        folder = f".pulumi/history/{self.project}/{self.stack}/"
        names = self.files.names(folder)
        return frozenset(name for name in names if name.endswith(".checkpoint.json"))

    def past_state(self, name: str) -> State | None:
        """Return one of the states in the history."""
        content = self.files.read(name)
        return None if content is None else _state(content)


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _state(content: bytes) -> State:
    checkpoint = json.loads(content).get("checkpoint") or {}
    return State(hashlib.sha256(content).hexdigest(), checkpoint.get("latest") or {})
