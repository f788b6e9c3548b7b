"""The reports of a deployment while it runs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from dorc_runtime.deploy.driver.engine import Output, Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes, OnProgress
from dorc_runtime.project.repository import Repository


class DeployObserver(Protocol):
    """Gets the reports of deployments, also of several at the same time."""

    def title(self, text: str) -> None:
        """Report what starts now."""

    def note(self, text: str) -> None:
        """Report something that the user should know."""

    def problem(self, text: str) -> None:
        """Report a failure that is not the one that the command ends with."""

    def working(self) -> AbstractContextManager[None]:
        """Return a context that lasts as long as the engine works."""

    def part(self) -> AbstractContextManager["DeployObserver"]:
        """Return a context with an observer for one of several instances at the same time."""

    def steps(self, *, planning: bool = False) -> OnProgress:
        """Return what reports the steps of an operation; with ``planning``, of a preview."""

    def changes(self, title: str, changes: Changes, *, planning: bool = False) -> None:
        """Report how much was changed, or with ``planning`` would be."""

    def unchanged(self, instances: Sequence[Instance]) -> None:
        """Report the instances that were left out, because nothing about them has changed."""

    def outputs(self, instance: Instance, outputs: Mapping[str, Output]) -> None:
        """Report the outputs of an instance after its apply."""


def report_file_change(stack: Stack, *, repository: Repository, observer: DeployObserver) -> None:
    """Report a stack file that Pulumi changed."""
    if stack.file_changed:
        instance = stack.instance
        file = repository.show(instance.program.stack_file(instance.stack))
        observer.note(f"Pulumi wrote into {file} what the stack needs: commit it")
