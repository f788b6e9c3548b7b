"""Applying instances one by one, or those of a stage side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

from dorc_runtime.errors import DorcError, StoppedError
from dorc_runtime.tasks.options import FOUND, ask

if TYPE_CHECKING:
    from dorc_runtime.deploy.deployment_context import DeploymentContext
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.deploy.driver.instances import Instance
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing

# An engine takes about a fifth of a gigabyte, and a processor most of its time.
_SIDE_BY_SIDE = 4


class Applying:
    """Applies instances.

    ``asking`` shows a plan first, and goes on when a person agrees; ``skipping`` leaves out what
    has not changed.
    """

    def __init__(
        self, place: DeploymentContext, drawing: DeployDrawing, *, asking: bool, skipping: bool
    ) -> None:
        self._place = place
        self._drawing = drawing
        self._asking = asking
        self._skipping = skipping

    def apply_stage(self, stage: Sequence[Instance]) -> dict[str, Any]:
        """Apply the instances of a stage; return what was done with each, for machines.

        They go side by side, unless a person is asked. When some fail, the others are done all the
        same, and the first failure is raised in the end. When a user stops this, no more are begun.
        """
        if self._asking or len(stage) == 1:
            return {wanted.id: self.apply(wanted) for wanted in stage}
        from dorc_runtime.deploy.driver.stop import stop_in_order

        begun: dict[str, Future[dict[str, Any]]] = {}

        def stop(text: str) -> None:
            self._drawing.note(text)
            for each in begun.values():
                each.cancel()

        with (
            stop_in_order(stop) as stopping,
            ThreadPoolExecutor(_SIDE_BY_SIDE) as threads,
        ):
            for one in stage:
                if not stopping.asked:
                    begun[one.id] = threads.submit(self.apply, one, named=True)
        done = [each for each in begun.values() if not each.cancelled()]
        failed = [error for each in done if (error := _error(each))]
        for error in failed[1:]:
            self._drawing.problem(str(error))
        if stopping.asked and not failed:
            raise StoppedError(
                "stopped; what was made stays, and the same command goes on from there."
            )
        return {id_: each.result() for id_, each in begun.items()}

    def expect_nothing(self, wanted: Instance) -> None:
        """End with 3 when applying the instance would change anything."""
        from dorc_runtime.deploy.deployment import opened

        with opened(self._place, wanted, applying=False) as (stack, scope):
            changes = stack.preview(self._drawing.planned(wanted.id), scope=scope)
        self._drawing.changes(wanted.title, changes, planning=True)
        if changes.total:
            raise Exit(f"error: {wanted.title} has changes.", code=FOUND)

    def apply(self, wanted: Instance, *, named: bool = False) -> dict[str, Any]:
        """Apply an instance; return what was done, for machines.

        ``named`` tells of each resource whose it is, as others are applied beside it.
        """
        from dorc_runtime.deploy.deployment import opened
        from dorc_runtime.tasks.drawings.deploy_drawing import as_json, counted

        self._make_ready(wanted)
        drawing = self._drawing
        drawing.title(f"{wanted.title}: applying")
        with opened(self._place, wanted, applying=True) as (stack, scope):
            tell_rewritten(self._place, stack, drawing)
            if self._asking or self._skipping:
                see = drawing.planned(wanted.id, named=named)
                changes = stack.preview(see if self._asking else drawing.notes, scope=scope)
                if self._asking or not changes.total:
                    drawing.changes(wanted.title, changes, planning=True)
                if not changes.total:
                    return {"changes": counted(changes), "outputs": as_json(stack.outputs())}
                if self._asking:
                    ask(f"Apply {wanted.title}?")
            with drawing.living():
                see = drawing.done(wanted.id, named=named)
                changes = stack.apply(see, scope=scope)
            found = stack.outputs()
        drawing.changes(wanted.title, changes)
        if not named:
            drawing.outputs(found)
        return {"changes": counted(changes), "outputs": as_json(found)}

    def _make_ready(self, wanted: Instance) -> None:
        """Offer a person to apply first what ``wanted`` needs."""
        from dorc_runtime.deploy.deployment import needs

        if self._asking:
            for missing in needs(self._place, wanted):
                ask(f"{wanted.title} needs {missing.title} applied first. Do it now?")
                self.apply(missing)


def tell_rewritten(place: DeploymentContext, stack: Stack, drawing: DeployDrawing) -> None:
    """Tell of a stack file that Pulumi changed."""
    if stack.rewritten:
        instance = stack.instance
        file = place.repository.show(instance.program.stack_file(instance.stack))
        drawing.note(f"Pulumi wrote into {file} what the stack needs: commit it")


def prune_images(
    place: DeploymentContext, wanted: Instance, drawing: DeployDrawing, *, asking: bool
) -> None:
    """Remove the images of functions that are not in the tree any more."""
    from dorc_runtime.deploy.image_builds import images, prunable, prune, universal_stack

    wanted_images = images(place)
    with universal_stack(place, wanted, wanted_images) as (stack, _):
        functions = prunable(stack, wanted_images.recipes)
        if not functions:
            drawing.note("no images of functions that are gone")
            return
        if asking:
            ask(f"Remove the images of {', '.join(functions)} for good?")
        with drawing.living():
            changes = stack.apply(drawing.done(wanted.id), scope=prune(stack, functions))
    drawing.changes("pruned", changes)


def _error(done: Future[dict[str, Any]]) -> DorcError | None:
    error = done.exception()
    return error if isinstance(error, DorcError) else None
