"""The one way to Pulumi's engine: its Automation API over the programs of a repository.

What the engine does is told as it happens, in values of our own; what it refuses, in one line.
https://www.pulumi.com/docs/iac/using-pulumi/automation-api/
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pulumi.automation as auto
from pydantic import JsonValue

from dorc_runtime.deploy.driver.failures import Change, Diagnosis, explained
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import PARTS_OF_OTHERS, Changes, Note, See, Watch, name_of
from dorc_runtime.deploy.driver.stop import stop_in_order
from dorc_runtime.deploy.driver.unfinished import Unfinished, taken_up
from dorc_runtime.errors import StackError

# With it a resource that names no provider fails, in place of going wherever credentials lead.
# https://www.pulumi.com/docs/iac/concepts/resources/providers/#disabling-default-providers
_NO_DEFAULT_PROVIDERS = "pulumi:disable-default-providers"

# An engine that is killed breaks the stream off, which is told by how it ended.
warnings.filterwarnings("ignore", message="Error in event stream", category=UserWarning)


@dataclass(frozen=True)
class Output:
    """What a stack tells of what it made; a secret's value stays unknown here."""

    value: JsonValue
    secret: bool


@dataclass(frozen=True)
class Held:
    """A resource in the state of a stack, with what the program said of it."""

    urn: str
    type: str
    name: str
    protected: bool
    inputs: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Scope:
    """What an operation is about, as URNs: all when nothing is given.

    ``replaced`` is made anew, though nothing tells that it changed.
    """

    targets: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


EVERYTHING = Scope()


class Stack:
    """The stack of an instance, as the backend has it."""

    def __init__(self, instance: Instance, stack: auto.Stack, *, rewritten: bool) -> None:
        self.instance = instance
        self.rewritten = rewritten
        self._stack = stack

    @classmethod
    def open(cls, instance: Instance, environment: Mapping[str, str], *, create: bool) -> Self:
        """Return the stack of ``instance``, made when it is missing and ``create`` says so.

        ``environment`` is what the engine and the programs find beside this process's variables.
        Pulumi writes into the file of a new stack, which ``rewritten`` then tells.
        Raises ``StackError`` for a stack that is not there, and whatever ``failures`` tells.
        """
        folder = str(instance.program.folder)
        options = auto.LocalWorkspaceOptions(env_vars=dict(environment))
        enter = auto.create_or_select_stack if create else auto.select_stack
        file = instance.program.stack_file(instance.stack)
        before = file.read_bytes() if file.is_file() else b""
        with _explaining(instance):
            try:
                stack = enter(instance.stack, work_dir=folder, opts=options)
            except auto.StackNotFoundError as error:
                raise StackError(
                    f"{instance.title} is not deployed: `invoke apply {instance.words}` does it."
                ) from error
            if create and _NO_DEFAULT_PROVIDERS.encode() not in file.read_bytes():
                stack.set_config(f"{_NO_DEFAULT_PROVIDERS}[0]", auto.ConfigValue("*"), path=True)
        after = file.read_bytes() if file.is_file() else b""
        return cls(instance, stack, rewritten=before != after)

    def preview(self, see: See, *, scope: Scope = EVERYTHING) -> Changes:
        """Return what ``apply`` would change."""
        with self._watched(see, planning=True) as watch:
            self._stack.preview(
                on_event=watch.see,
                target=list(scope.targets) or None,
                replace=list(scope.replaced) or None,
            )
        return watch.changes

    def apply(self, see: See, *, scope: Scope = EVERYTHING) -> Changes:
        """Make what the program says; return what changed."""
        with self._watched(see, change="apply") as watch:
            self._stack.up(
                on_event=watch.see,
                show_secrets=False,
                target=list(scope.targets) or None,
                replace=list(scope.replaced) or None,
            )
        return watch.changes

    def drift(self, see: See) -> Changes:
        """Return what AWS has otherwise than the state says; neither is changed."""
        with self._watched(see) as watch:
            self._stack.preview_refresh(on_event=watch.see)
        return watch.changes

    def destroy(self, see: See, *, preview: bool = False) -> Changes:
        """Remove everything that is not protected; return what was, or with ``preview`` would be.

        Raises ``DeployError`` for a resource that cannot be removed.
        """
        change: Change | None = None if preview else "destroy"
        with self._watched(see, change=change, planning=preview) as watch:
            remove = self._stack.preview_destroy if preview else self._stack.destroy
            remove(on_event=watch.see, exclude_protected=True)
        return watch.changes

    def forget(self) -> None:
        """Remove the stack, which has to be empty, from the backend; its file stays."""
        with _explaining(self.instance):
            self._stack.workspace.remove_stack(self.instance.stack, preserve_config=True)

    def outputs(self) -> dict[str, Output]:
        """Return what the stack tells of what it made."""
        with _explaining(self.instance):
            found = self._stack.outputs()
        return {
            name: Output(None if output.secret else output.value, output.secret)
            for name, output in sorted(found.items())
        }

    def resources(self) -> tuple[Held, ...]:
        """Return the resources that the state holds, providers and components left out."""
        with _explaining(self.instance):
            state = self._stack.export_stack().deployment or {}
        return tuple(
            Held(
                each["urn"],
                each["type"],
                name_of(each["urn"]),
                bool(each.get("protect")),
                each.get("inputs") or {},
            )
            for each in state.get("resources", ())
            if each.get("custom") and not each["type"].startswith(PARTS_OF_OTHERS)
        )

    def unprotect(self, urns: Sequence[str]) -> None:
        """Let these resources be removed."""
        with _explaining(self.instance):
            for urn in urns:
                self._run("state", "unprotect", urn, "--yes")

    def unlock(self) -> None:
        """Take away the lock that an operation left that was killed."""
        with _explaining(self.instance):
            self._stack.cancel()

    def recover(self) -> tuple[Unfinished, ...]:
        """Take up what a killed operation was making, where AWS has it; return what that was."""
        with _explaining(self.instance), TemporaryDirectory() as folder:
            # Not by the Automation API, which would have secrets in the clear.
            state, found = taken_up(json.loads(self._run("stack", "export")))
            if found:
                file = Path(folder, "state.json")
                file.write_text(json.dumps(state), encoding="utf-8")
                self._run("stack", "import", "--file", str(file))
            if known := [each.urn for each in found if each.id]:
                self._stack.refresh(target=known, show_secrets=False)
        return found

    @contextmanager
    def _watched(
        self, see: See, *, change: Change | None = None, planning: bool = False
    ) -> Iterator[Watch]:
        with (
            stop_in_order(lambda text: see(Note(text))) as stop,
            Watch(self.instance, see, stop, change=change, planning=planning) as watch,
        ):
            yield watch

    def _run(self, *words: str) -> str:
        """Run a command of the CLI that the Automation API does not have; return its output."""
        workspace = self._stack.workspace
        folder = str(self.instance.program.folder)
        command = [*words, "--stack", self.instance.stack]
        return workspace.pulumi_command.run(command, folder, workspace.env_vars).stdout


def deployed(instance: Instance, environment: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return how many resources each stack of the backend has, by its project and its name.

    ``instance`` is any, for Pulumi looks from a program's folder.
    """
    with _explaining(instance):
        workspace = auto.LocalWorkspace(
            work_dir=str(instance.program.folder), env_vars=dict(environment)
        )
        stacks = workspace.list_stacks(include_all=True)
    found = {}
    for stack in stacks:
        # One of this project's own may come without it: organization/project/stack, or stack.
        *_, project, name = (instance.program.project, *stack.name.split("/"))
        found[project, name] = stack.resource_count or 0
    return found


@contextmanager
def _explaining(instance: Instance) -> Iterator[None]:
    """Turn what Pulumi raises into the error that it means to the user."""
    try:
        yield
    except Exception as error:
        raise explained(error, instance, Diagnosis()) from error
