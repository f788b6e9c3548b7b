"""Pulumi's engine, through its Automation API, for the programs of a repository.

Progress is reported as it happens, in values of our own; a failure is explained in one line.
https://www.pulumi.com/docs/iac/using-pulumi/automation-api/
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pulumi.automation as auto
from pydantic import JsonValue

from dorc_runtime.deploy.driver.failures import Change, Diagnosis, user_error
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.pending_operations import PendingResource, without_pending
from dorc_runtime.deploy.driver.progress import (
    INTERNAL_TYPES,
    Changes,
    Note,
    OnProgress,
    Watch,
    name_of,
)
from dorc_runtime.deploy.driver.stop import stop_in_order
from dorc_runtime.errors import StackError

# With it a resource without a provider fails; else it would go wherever the credentials lead.
# https://www.pulumi.com/docs/iac/concepts/resources/providers/#disabling-default-providers
_NO_DEFAULT_PROVIDERS = "pulumi:disable-default-providers"

# An engine that is killed breaks the stream off; its exit code is reported instead.
warnings.filterwarnings("ignore", message="Error in event stream", category=UserWarning)


@dataclass(frozen=True)
class Output:
    """An output of a stack; the value of a secret is None."""

    value: JsonValue
    secret: bool


@dataclass(frozen=True)
class Applied:
    """What an apply changed, and the outputs of the stack."""

    changes: Changes
    outputs: Mapping[str, Output]


@dataclass(frozen=True)
class StateResource:
    """A resource in the state of a stack, with the inputs that the program gave."""

    urn: str
    type: str
    name: str
    protected: bool
    inputs: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Scope:
    """The resources of an operation, as URNs: all when there are no targets.

    Resources in ``replacements`` are created again, even when nothing about them changed.
    """

    targets: tuple[str, ...] = ()
    replacements: tuple[str, ...] = ()


EVERYTHING = Scope()


class Stack:
    """The stack of an instance; ``file_changed`` says whether Pulumi wrote into its file."""

    def __init__(self, instance: Instance, stack: auto.Stack, *, file_changed: bool) -> None:
        self.instance = instance
        self.file_changed = file_changed
        self._stack = stack

    @classmethod
    def open(cls, instance: Instance, variables: Mapping[str, str], *, create: bool) -> Self:
        """Return the stack of ``instance``; ``create`` creates it when it does not exist.

        The engine and the programs get ``variables`` in addition to this process's own.
        Raises ``StackError`` for a stack that does not exist, and the errors of ``failures``.
        """
        folder = str(instance.program.folder)
        select = auto.create_or_select_stack if create else auto.select_stack
        file = instance.program.stack_file(instance.stack)
        before = file.read_bytes() if file.is_file() else b""
        with _user_errors(instance):
            options = auto.LocalWorkspaceOptions(env_vars=dict(variables), pulumi_command=_cli())
            try:
                stack = select(instance.stack, work_dir=folder, opts=options)
            except auto.StackNotFoundError as error:
                raise StackError(
                    f"{instance.title} is not deployed: `invoke apply {instance.options}` "
                    "deploys it."
                ) from error
            if create and _NO_DEFAULT_PROVIDERS.encode() not in file.read_bytes():
                stack.set_config(f"{_NO_DEFAULT_PROVIDERS}[0]", auto.ConfigValue("*"), path=True)
        after = file.read_bytes() if file.is_file() else b""
        return cls(instance, stack, file_changed=before != after)

    def preview(
        self, on_progress: OnProgress, *, scope: Scope = EVERYTHING, refresh: bool = False
    ) -> Changes:
        """Return what ``apply`` would change."""
        with self._watch(on_progress, planning=True) as watch:
            self._stack.preview(
                on_event=watch.handle,
                refresh=refresh,
                target=list(scope.targets) or None,
                replace=list(scope.replacements) or None,
            )
        return watch.changes

    def apply(
        self,
        on_progress: OnProgress,
        *,
        message: str,
        scope: Scope = EVERYTHING,
        refresh: bool = False,
    ) -> Applied:
        """Create and change what the program asks for; return what changed, and the outputs.

        Pulumi compares the program with its state. With ``refresh`` it first reads from AWS what
        the state has, so that a change made without dorc counts. ``message`` is kept in Pulumi's
        history of the stack.
        """
        with self._watch(on_progress, change="apply") as watch:
            result = self._stack.up(
                on_event=watch.handle,
                show_secrets=False,
                message=message,
                refresh=refresh,
                target=list(scope.targets) or None,
                replace=list(scope.replacements) or None,
            )
        return Applied(watch.changes, _outputs(result.outputs))

    def drift(self, on_progress: OnProgress) -> Changes:
        """Return where AWS differs from the state; neither is changed."""
        with self._watch(on_progress) as watch:
            self._stack.preview_refresh(on_event=watch.handle)
        return watch.changes

    def destroy(self, on_progress: OnProgress, *, message: str, preview: bool = False) -> Changes:
        """Delete everything that is not protected; return the changes.

        ``preview`` deletes nothing. Raises ``DeployError`` for a resource that cannot be deleted.
        ``message`` is kept in Pulumi's history of the stack.
        """
        change: Change | None = None if preview else "destroy"
        with self._watch(on_progress, change=change, planning=preview) as watch:
            destroy = self._stack.preview_destroy if preview else self._stack.destroy
            destroy(on_event=watch.handle, message=message, exclude_protected=True)
        return watch.changes

    def remove(self) -> None:
        """Remove the stack, which has to be empty, from the backend; its file stays."""
        with _user_errors(self.instance):
            self._stack.workspace.remove_stack(self.instance.stack, preserve_config=True)

    def outputs(self) -> dict[str, Output]:
        """Return the outputs of the stack, by name."""
        with _user_errors(self.instance):
            return _outputs(self._stack.outputs())

    def resources(self) -> tuple[StateResource, ...]:
        """Return the resources in the state, without providers and components."""
        with _user_errors(self.instance):
            state = self._stack.export_stack().deployment or {}
        return tuple(
            StateResource(
                each["urn"],
                each["type"],
                name_of(each["urn"]),
                bool(each.get("protect")),
                each.get("inputs") or {},
            )
            for each in state.get("resources", ())
            if each.get("custom") and not each["type"].startswith(INTERNAL_TYPES)
        )

    def unprotect(self, urns: Sequence[str]) -> None:
        """Remove the protection of these resources, so that they can be deleted."""
        with _user_errors(self.instance):
            for urn in urns:
                self._run("state", "unprotect", urn, "--yes")

    def tag(self, name: str, value: str) -> None:
        """Set a tag of the stack."""
        with _user_errors(self.instance):
            self._run("stack", "tag", "set", name, value)

    def unlock(self) -> None:
        """Remove the lock that a killed operation left."""
        with _user_errors(self.instance):
            self._stack.cancel()

    def recover(self) -> tuple[PendingResource, ...]:
        """Add what a killed operation was creating to the state, if AWS has it; return that."""
        with _user_errors(self.instance), TemporaryDirectory() as folder:
            # The Automation API would export secrets in plain text.
            state, pending = without_pending(json.loads(self._run("stack", "export")))
            if pending:
                file = Path(folder, "state.json")
                file.write_text(json.dumps(state), encoding="utf-8")
                self._run("stack", "import", "--file", str(file))
            if known := [each.urn for each in pending if each.id]:
                self._stack.refresh(target=known, show_secrets=False)
        return pending

    @contextmanager
    def _watch(
        self, on_progress: OnProgress, *, change: Change | None = None, planning: bool = False
    ) -> Iterator[Watch]:
        with (
            stop_in_order(lambda text: on_progress(Note(text))) as stop,
            Watch(self.instance, on_progress, stop, change=change, planning=planning) as watch,
        ):
            yield watch

    def _run(self, *words: str) -> str:
        """Run a command of the CLI that the Automation API lacks; return its output."""
        workspace = self._stack.workspace
        folder = str(self.instance.program.folder)
        command = [*words, "--stack", self.instance.stack]
        return workspace.pulumi_command.run(command, folder, workspace.env_vars).stdout


def resource_counts(instance: Instance, variables: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return the number of resources of each stack of the backend, by its project and its name.

    ``instance`` can be any: Pulumi needs the folder of a program to start in.
    """
    with _user_errors(instance):
        workspace = auto.LocalWorkspace(
            work_dir=str(instance.program.folder), env_vars=dict(variables), pulumi_command=_cli()
        )
        stacks = workspace.list_stacks(include_all=True)
    counts = {}
    for stack in stacks:
        # A name is organization/project/stack, or only the stack for this project's own.
        *_, project, name = (instance.program.project, *stack.name.split("/"))
        counts[project, name] = stack.resource_count or 0
    return counts


@cache
def _cli() -> auto.PulumiCommand:
    """Return Pulumi's CLI; it is asked for its version once."""
    return auto.PulumiCommand()


def _outputs(outputs: auto.OutputMap) -> dict[str, Output]:
    return {
        name: Output(None if output.secret else output.value, output.secret)
        for name, output in sorted(outputs.items())
    }


@contextmanager
def _user_errors(instance: Instance) -> Iterator[None]:
    """Turn an exception of Pulumi into an error for users."""
    try:
        yield
    except Exception as error:
        raise user_error(error, instance, Diagnosis()) from error
