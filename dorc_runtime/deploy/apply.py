"""Applies instances: one after the other, or the instances of a stage at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from dorc_runtime.deploy.apply_records import ApplyRecords
from dorc_runtime.deploy.deployment import open_stack, prerequisites
from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Applied, Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.driver.stop import stop_in_order
from dorc_runtime.deploy.image_builds import images, open_universal_stack, prunable, prune
from dorc_runtime.deploy.locks import locks, recover, unlock
from dorc_runtime.deploy.observer import DeployObserver, report_file_change
from dorc_runtime.deploy.secret_stores.needed_secrets import check_secrets
from dorc_runtime.errors import DorcError, StoppedError

# An engine needs about 200 MB, and one processor most of the time.
_MOST_ENGINES = 4


class Apply:
    """Applies instances.

    ``confirm`` asks a question after a preview, and raises when the answer is no; without it
    nothing is asked. ``skip_unchanged`` leaves out instances that are as their last apply left
    them. ``refresh`` also undoes what was changed on AWS without dorc.
    """

    def __init__(
        self,
        context: DeploymentContext,
        observer: DeployObserver,
        *,
        confirm: Callable[[str], None] | None,
        skip_unchanged: bool,
        refresh: bool = False,
    ) -> None:
        self._context = context
        self._observer = observer
        self._confirm = confirm
        self._skip_unchanged = skip_unchanged
        self._refresh = refresh
        self._records = ApplyRecords(context)
        self._message = context.message("invoke apply")
        # Whether the prerequisites of an instance are applied before it anyway.
        self._in_order = False

    def apply(self, stages: Sequence[Sequence[Instance]]) -> dict[str, Applied]:
        """Apply the instances of each stage in turn; return what was done, by the instances' ids.

        Those of one stage are applied at the same time, or one by one when a person is asked. When
        one fails, the others of the stage still continue, and the first failure is raised at the
        end. When a user stops this, no other instance starts. Raises ``SecretError`` before any of
        it when the environment does not have all secrets that the instances need.
        """
        applied: dict[str, Applied] = {}
        unchanged: list[Instance] = []
        self._in_order = len(stages) > 1
        check_secrets(self._context, [each for stage in stages for each in stage])
        for stage in stages:
            self._records.prepare(stage)
            for instance in stage if self._skip_unchanged else ():
                if (outputs := self._records.outputs(instance)) is not None:
                    applied[instance.id] = Applied(Changes({}), outputs)
                    unchanged.append(instance)
            applied |= self._apply_stage([each for each in stage if each not in unchanged])
        self._observer.unchanged(unchanged)
        return applied

    def _apply_stage(self, stage: Sequence[Instance]) -> dict[str, Applied]:
        if self._confirm or len(stage) == 1:
            return {each.id: self._apply(each, self._observer) for each in stage}
        return self._apply_together(stage) if stage else {}

    def _apply_together(self, instances: Sequence[Instance]) -> dict[str, Applied]:
        started: dict[str, Future[Applied]] = {}

        def cancel(text: str) -> None:
            self._observer.note(text)
            for each in started.values():
                each.cancel()

        with (
            self._observer.working(),
            stop_in_order(cancel) as stop,
            ThreadPoolExecutor(_MOST_ENGINES) as threads,
        ):
            for instance in instances:
                if not stop.requested:
                    started[instance.id] = threads.submit(self._apply_part, instance)
        ended = [each for each in started.values() if not each.cancelled()]
        failures = [error for each in ended if (error := _error(each))]
        for error in failures[1:]:
            self._observer.problem(str(error))
        if stop.requested and not failures:
            raise StoppedError(
                "stopped: what was created stays, and the same command continues from there."
            )
        return {id_: each.result() for id_, each in started.items()}

    def _apply_part(self, instance: Instance) -> Applied:
        """Apply an instance while others are applied; report it in one piece."""
        with self._observer.part() as observer:
            return self._apply(instance, observer, brief=True)

    def _apply(
        self, instance: Instance, observer: DeployObserver, *, brief: bool = False
    ) -> Applied:
        """Apply an instance; ``brief`` reports no outputs."""
        self._apply_prerequisites(instance)
        self._remove_stale_locks(instance)
        observer.title(f"{instance.title}: applying")
        with open_stack(
            self._context, instance, applying=True, after_prerequisites=self._in_order
        ) as (stack, scope):
            report_file_change(stack, repository=self._context.repository, observer=observer)
            if self._confirm:
                changes = stack.preview(
                    observer.steps(planning=True), scope=scope, refresh=self._refresh
                )
                observer.changes(instance.title, changes, planning=True)
                if not changes.total:
                    return Applied(changes, stack.outputs())
                self._confirm(f"Apply {instance.title}?")
            with observer.working():
                applied = stack.apply(
                    observer.steps(),
                    message=self._message,
                    scope=scope,
                    refresh=self._refresh,
                )
            self._records.save(stack)
        observer.changes(instance.title, applied.changes)
        if not brief:
            observer.outputs(instance, applied.outputs)
        return applied

    def prune_images(self, instance: Instance) -> None:
        """Remove the images of functions that the repository no longer has.

        ``instance`` is universal.
        """
        observer, current = self._observer, images(self._context)
        with open_universal_stack(self._context, instance, current) as (stack, _):
            functions = prunable(stack, current.recipes)
            if not functions:
                observer.note("no images of functions that no longer exist")
                return
            if self._confirm:
                self._confirm(f"Remove the images of {', '.join(functions)} permanently?")
            with observer.working():
                applied = stack.apply(
                    observer.steps(), message=self._message, scope=prune(stack, functions)
                )
        observer.changes("pruned", applied.changes)

    def _remove_stale_locks(self, instance: Instance) -> None:
        """Remove the locks of processes that no longer run, if a person agrees."""
        stack_locks = locks(self._context, instance) if self._confirm else ()
        if self._confirm and stack_locks and all(lock.is_stale for lock in stack_locks):
            names = " and ".join(str(lock) for lock in stack_locks)
            self._confirm(
                f"{instance.title} is locked by {names}, but that process no longer runs. Remove "
                "the lock?"
            )
            stack = Stack.open(instance, self._context.variables, create=False)
            unlock(stack, self._observer)
            recover(stack, self._observer)

    def _apply_prerequisites(self, instance: Instance) -> None:
        """Apply the prerequisites of ``instance``, if a person agrees."""
        if self._confirm and not self._in_order:
            for missing in prerequisites(self._context, instance):
                self._confirm(f"{instance.title} needs {missing.title} applied first. Do it now?")
                self._apply(missing, self._observer)


def _error(ended: Future[Applied]) -> DorcError | None:
    error = ended.exception()
    return error if isinstance(error, DorcError) else None
