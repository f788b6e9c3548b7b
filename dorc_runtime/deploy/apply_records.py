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

from botocore.exceptions import BotoCoreError, ClientError

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
        self._identity: dict[str, str] | None = None
        self._images: dict[str, str] = {}

    def prepare(self, instances: Sequence[Instance]) -> None:
        """Find out which of ``instances`` are unchanged.

        This runs their programs offline in this process: call it before threads start.
        """
        if self._files is None:
            return
        for instance in instances:
            self._drafts.pop(instance.id, None)
        tree = tree_stamp(self._context.repository.root)
        exports = BackendExports(self._files)
        # What cannot be read or run offline is evaluated, and reports its problem itself.
        with fast_settings(), suppress(DorcError, BotoCoreError, ClientError):
            cloud = self._answered_cloud(instances)
            for instance in instances:
                with suppress(DorcError, ValueError, LookupError):
                    program = self._program_digest(instance, cloud, exports)
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
            self._images.clear()
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

    def _program_digest(
        self, instance: Instance, cloud: AnsweredCloud, exports: BackendExports
    ) -> str | None:
        """Return the digest of what the program registers, None when it depends on more."""
        context, printed = self._context, io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            try:
                stack = registered(
                    context.repository,
                    instance,
                    cloud=cloud,
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
            cloud.account,
            stack.digest,
            *((instance.program.folder / name).read_text(encoding="utf-8") for name in files),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _answered_cloud(self, instances: Sequence[Instance]) -> AnsweredCloud:
        """Return the cloud with AWS's answers to the programs of ``instances``."""
        context = self._context
        if self._identity is None:
            identity = context.client("sts").get_caller_identity()
            self._identity = {
                "id": str(identity["Account"]),
                "accountId": str(identity["Account"]),
                "arn": str(identity["Arn"]),
                "userId": str(identity["UserId"]),
            }
        names = {each.id for each in instances}
        needs_all = any(each.kind == "universal" for each in instances)
        recipes = [
            recipe
            for recipe in context.recipes
            if needs_all or f"{recipe.layer}/{recipe.pipeline}" in names
        ]
        new = [recipe for recipe in recipes if recipe.id not in self._images]
        self._images |= image_digests(new, client=context.client("ecr")) if new else {}
        return AnsweredCloud(
            account=self._identity["accountId"],
            region=context.config.universal.region,
            identity=self._identity,
            images={
                (recipe.repository, recipe.tag): self._images[recipe.id]
                for recipe in recipes
                if recipe.id in self._images
            },
        )

    def _has_all_images(self) -> bool:
        return all(recipe.id in self._images for recipe in self._context.recipes)


def _record(program: str, state: State) -> str:
    return f"{program} {state.digest}"
