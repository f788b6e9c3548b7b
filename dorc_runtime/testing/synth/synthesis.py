"""All programs of a repository recorded, each with what the ones before it export."""

import json
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from pydantic import JsonValue

from dorc_runtime.deploy.driver.instances import Instance, infra, pipeline, universal
from dorc_runtime.deploy.programs.image_plan import PLAN_VARIABLE, ImagePlan, write_plan
from dorc_runtime.errors import DefinitionError, StackError
from dorc_runtime.model.config import Config
from dorc_runtime.project.environments import Program, environment_config
from dorc_runtime.project.fingerprint import recipes
from dorc_runtime.project.repository import CONFIGURATION, Repository, load_config
from dorc_runtime.project.settings import Settings, read_settings
from dorc_runtime.testing.synth.cloud_answers import Cloud
from dorc_runtime.testing.synth.program_runs import AtOnce, hurry, in_haste, run_program
from dorc_runtime.testing.synth.recorder import Question, Recorder, Resource
from dorc_runtime.testing.synth.wire import HIDDEN, Properties

# Stands for an account where none is named, as in AWS's own pages.
ACCOUNT = "123456789012"
# What backends that know no organizations have for one.
_ORGANIZATION = "organization"


@dataclass(frozen=True)
class Stack:
    """What the program of one stack asks for; ``instance`` is as tasks take it."""

    instance: str
    project: str
    stack: str
    resources: tuple[Resource, ...]
    questions: tuple[Question, ...]
    exports: Properties

    @property
    def outputs(self) -> dict[str, JsonValue]:
        """What it exports, with the values of secrets."""
        return self.exports.values

    def of_type(self, kind: str) -> tuple[Resource, ...]:
        """Return the resources of one type, such as ``aws:sqs/queue:Queue``."""
        return tuple(resource for resource in self.resources if resource.type == kind)

    def document(self) -> dict[str, object]:
        """Return it as JSON, without the values of secrets."""
        return {
            "instance": self.instance,
            "project": self.project,
            "stack": self.stack,
            "outputs": {**self.outputs, **dict.fromkeys(self.exports.secrets, HIDDEN)},
            "resources": [vars(resource) for resource in self.resources],
            "questions": [vars(question) for question in self.questions],
        }


@dataclass(frozen=True)
class Synthesis:
    """What the programs of a repository ask for in one environment."""

    account: str
    environment: str
    stacks: tuple[Stack, ...]

    def document(self) -> dict[str, object]:
        """Return it as JSON, without the values of secrets."""
        return {**vars(self), "stacks": [stack.document() for stack in self.stacks]}


def synth(
    repository: Repository,
    *,
    environment: str,
    account: str = ACCOUNT,
    processes: int = 1,
) -> Synthesis:
    """Return what the programs of ``repository`` ask for in ``environment``.

    These are universal's, as if no image were built yet, then infra's, then those of all pipelines,
    as if every image were. AWS is played, as ``account``, in the region of the configuration. One
    process does for some 20 pipelines; from there on more ``processes`` take less time.

    Raises ``DorcError`` for what would keep `invoke preview` from showing a plan, and for what
    cannot be known offline.
    """
    offline = _Offline.of(repository, account)
    settings = offline.settings
    wanted = infra(repository, settings, environment)
    environment_config(repository, offline.config, environment, infra=wanted.id)
    pipelines = [pipeline(repository, folder, environment) for folder in repository.pipelines]
    with in_haste(), _executor(processes) as executor:
        first = executor.submit(offline.stack, universal(repository, settings), {})
        shared = offline.stack(wanted, {})
        follow = partial(offline.stack, references=_references(shared))
        following = executor.map(follow, pipelines)
        return Synthesis(account, environment, (first.result(), shared, *following))


def synth_instance(repository: Repository, instance: Instance, *, account: str = ACCOUNT) -> Stack:
    """Return what the program of one instance asks for; otherwise as ``synth``."""
    offline = _Offline.of(repository, account)
    if instance.pipeline is None or instance.environment is None:
        return offline.stack(instance, {})
    with in_haste():
        shared = offline.stack(infra(repository, offline.settings, instance.environment), {})
        return offline.stack(instance, _references(shared))


def _executor(processes: int) -> Executor:
    if processes == 1:
        return AtOnce()
    # A copy of this process would have half of what Pulumi's gRPC holds open.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=hurry)


def _references(stack: Stack) -> dict[str, Properties]:
    """Return the exports of ``stack`` by the name that others refer to it by."""
    return {f"{_ORGANIZATION}/{stack.project}/{stack.stack}": stack.exports}


@dataclass(frozen=True)
class _Offline:
    """A repository where its programs are run, in an account."""

    repository: Repository
    settings: Settings
    config: Config
    account: str

    @classmethod
    def of(cls, repository: Repository, account: str) -> Self:
        config = load_config(repository)
        if config is None:
            raise DefinitionError(f"{CONFIGURATION} is not there: it says what to make, and where.")
        return cls(repository, read_settings(repository.root), config, account)

    def stack(self, instance: Instance, references: Mapping[str, Properties]) -> Stack:
        """Return what an instance asks for, which refers to stacks in ``references``."""
        if instance.kind != "universal":
            return self._run(instance, references, {})
        found = recipes(self.repository, self.config.universal)
        # Nothing is built, so that a context is its name and no more.
        plan = ImagePlan.of(found, contexts={recipe.id: Path(recipe.id) for recipe in found})
        with TemporaryDirectory(prefix="dorc-synth-") as temporary:
            file = Path(temporary, "plan.json")
            write_plan(plan, file)
            return self._run(instance, references, {PLAN_VARIABLE: str(file)})

    def _run(
        self,
        instance: Instance,
        references: Mapping[str, Properties],
        variables: Mapping[str, str],
    ) -> Stack:
        program = instance.program
        recorder = Recorder(
            organization=_ORGANIZATION,
            project=program.project,
            stack=instance.stack,
            cloud=Cloud(self.account, self.config.universal.region),
            references=references,
        )
        try:
            run_program(
                program.folder,
                recorder,
                root=self.repository.root,
                config=_config(program, instance.stack),
                variables=variables,
            )
        except StackError as error:
            raise StackError(f"{instance.title}: {error}") from error
        return Stack(
            instance=instance.id,
            project=program.project,
            stack=instance.stack,
            resources=tuple(recorder.resources.values()),
            questions=tuple(recorder.questions),
            exports=recorder.outputs,
        )


def _config(program: Program, stack: str) -> dict[str, str]:
    """Return the stack's configuration as Pulumi hands it to programs, texts all."""
    settings: Mapping[str, JsonValue] = program.settings(stack)
    return {
        f"{program.project}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
    }
