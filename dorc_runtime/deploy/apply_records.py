"""What the last successful apply of each stack applied: what is still the same needs no evaluation.

The record of a stack is one of its tags, so all who use the backend share it. It has two digests:
of everything that the program registers with Pulumi, and of the state that the apply left. While
both are the same, an evaluation finds nothing to do. A backend that does not show its files has no
records; there, everything is evaluated.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass

from dorc_runtime import __version__
from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Output, Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.programs.image_plan import image_digests
from dorc_runtime.deploy.state_store.files import backend_files
from dorc_runtime.deploy.state_store.stack_files import StackFiles, State
from dorc_runtime.deploy.synth.backend_exports import BackendExports
from dorc_runtime.deploy.synth.cloud_answers import AnsweredCloud
from dorc_runtime.deploy.synth.program_runs import fast_settings
from dorc_runtime.deploy.synth.synthesis import registered
from dorc_runtime.deploy.synth.wire import has_secret
from dorc_runtime.errors import DorcError
from dorc_runtime.project.environments import PROJECT_FILE
from dorc_runtime.project.working_tree import tree_stamp

_TAG = "dorc:applied"


@dataclass(frozen=True)
class _Draft:
    """What is known of an instance before an apply: a record, except for the state it will leave.

    ``program`` is the digest of what the program registers, ``tree`` the stamp of the repository's
    files, ``history`` the operations on the stack so far; ``state`` is the state of the stack, if
    the last record is still right.
    """

    program: str
    tree: str
    history: frozenset[str]
    state: State | None


class ApplyRecords:
    """The records of the stacks of a repository."""

    def __init__(self, context: DeploymentContext) -> None:
        self._context = context
        self._files = backend_files(context.backend, lambda: context.client("s3"))
        self._drafts: dict[str, _Draft] = {}
        self._cloud: AnsweredCloud | None = None

    def prepare(self, instances: Sequence[Instance]) -> None:
        """Find out which of ``instances`` are unchanged.

        This runs their programs offline in this process: call it before threads start.
        """
        if self._files is None:
            return
        tree = tree_stamp(self._context.repository.root)
        exports = BackendExports(self._files)
        with fast_settings():
            for instance in instances:
                self._drafts.pop(instance.id, None)
                # What cannot be read or run offline is evaluated, and reports its problem itself.
                with suppress(DorcError, ValueError, LookupError):
                    program = self._program_digest(instance, exports)
                    if program is not None:
                        self._drafts[instance.id] = self._draft(instance, program, tree)

    def outputs(self, instance: Instance) -> Mapping[str, Output] | None:
        """Return the outputs of ``instance`` when it is unchanged, else None."""
        draft = self._drafts.get(instance.id)
        if draft is None or draft.state is None:
            return None
        return {
            name: Output(None if has_secret(value) else value, has_secret(value))
            for name, value in sorted(draft.state.outputs.items())
        }

    def save(self, stack: Stack) -> None:
        """Record a successful apply of a stack.

        Nothing is recorded when a file of the repository changed meanwhile, since the program may
        have registered something else, or when there was another operation on the stack.
        """
        instance = stack.instance
        if instance.kind == "universal":
            self._cloud = None
        draft = self._drafts.pop(instance.id, None)
        if draft is None or draft.tree != tree_stamp(self._context.repository.root):
            return
        with suppress(DorcError, ValueError, LookupError):
            files = self._stack_files(instance)
            [operation] = files.history() - draft.history
            state = files.past_state(operation)
            if state is not None and state.is_complete:
                stack.tag(_TAG, _record(draft.program, state))

    def _draft(self, instance: Instance, program: str, tree: str) -> _Draft:
        files = self._stack_files(instance)
        history, tags, state = files.history(), files.tags(), files.state()
        same = state is not None and tags.get(_TAG) == _record(program, state)
        all_images = instance.kind != "universal" or self._has_all_images()
        is_unchanged = same and all_images and not files.locks()
        return _Draft(program, tree, history, state if is_unchanged else None)

    def _stack_files(self, instance: Instance) -> StackFiles:
        if self._files is None:
            raise LookupError("a backend that does not show its files")
        return StackFiles(self._files, instance.program.project, instance.stack)

    def _program_digest(self, instance: Instance, exports: BackendExports) -> str | None:
        """Return the digest of what the program registers, None when it depends on more."""
        context, printed = self._context, io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            try:
                stack = registered(
                    context.repository,
                    instance,
                    cloud=self._answered_cloud(),
                    references=exports,
                    variables=context.variables,
                )
            # A program of a team can raise anything, and then Pulumi reports it.
            except (Exception, SystemExit):
                return None
        if stack.digest is None:
            return None
        files = (PROJECT_FILE, instance.program.stack_file(instance.stack).name)
        parts = [
            __version__,
            str(context.settings.aws_endpoint_url),
            self._answered_cloud().account,
            stack.digest,
            *((instance.program.folder / name).read_text(encoding="utf-8") for name in files),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _answered_cloud(self) -> AnsweredCloud:
        """Return the cloud with AWS's answers, which it gets once, and again after new images."""
        if self._cloud is None:
            context = self._context
            identity = context.client("sts").get_caller_identity()
            account = str(identity["Account"])
            digests = image_digests(context.recipes, client=context.client("ecr"))
            self._cloud = AnsweredCloud(
                account=account,
                region=context.config.universal.region,
                identity={
                    "id": account,
                    "accountId": account,
                    "arn": str(identity["Arn"]),
                    "userId": str(identity["UserId"]),
                },
                images={
                    (recipe.repository, recipe.tag): digests[recipe.id]
                    for recipe in context.recipes
                    if recipe.id in digests
                },
            )
        return self._cloud

    def _has_all_images(self) -> bool:
        return len(self._answered_cloud().images) == len(self._context.recipes)


def _record(program: str, state: State) -> str:
    return f"{program} {state.digest}"
