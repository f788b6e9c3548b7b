"""The resources of all programs of a repository; each program gets the exports that it needs."""

import json
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from pydantic import JsonValue

from dorc_runtime.compile.arns import EXAMPLE_ACCOUNT
from dorc_runtime.deploy.driver.instances import Instance, infra, pipeline, universal
from dorc_runtime.deploy.programs.image_plan import PLAN_VARIABLE, ImagePlan, write_plan
from dorc_runtime.deploy.synth.cloud_answers import Cloud
from dorc_runtime.deploy.synth.program_runs import (
    ImmediateExecutor,
    fast_settings,
    run_program,
    set_fast,
)
from dorc_runtime.deploy.synth.recorder import Question, Recorder, Resource
from dorc_runtime.deploy.synth.wire import HIDDEN, Properties
from dorc_runtime.errors import DefinitionError, StackError
from dorc_runtime.model.config import Config
from dorc_runtime.project.definitions import load_config, load_pipeline
from dorc_runtime.project.environments import Program, environment_config, stack_file_problems
from dorc_runtime.project.images.fingerprint import recipes
from dorc_runtime.project.repository import CONFIGURATION, Repository
from dorc_runtime.project.settings import Settings, read_settings

# The account when none is set.
ACCOUNT = EXAMPLE_ACCOUNT
# The organization of backends that have none.
_ORGANIZATION = "organization"


@dataclass(frozen=True)
class Stack:
    """The resources of the program of one stack; ``instance`` is the value of ``--instance``.

    ``digest`` is that of ``Registrations``.
    """

    instance: str
    project: str
    stack: str
    resources: tuple[Resource, ...]
    questions: tuple[Question, ...]
    exports: Properties
    digest: str | None

    @property
    def outputs(self) -> dict[str, JsonValue]:
        """The exports, with the values of secrets."""
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
    """The resources of the programs of a repository in one environment."""

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
    """Return the resources of all programs of ``repository`` in ``environment``.

    First come those of universal, as if no image is built, then infra's, then those of all
    pipelines, as if every image is built. The answers of AWS are those of ``account`` in the region
    of the configuration. More ``processes`` take less time from about 20 pipelines on.

    Raises ``DorcError`` for a mistake that `invoke preview` would report, and for data that only
    AWS has.
    """
    offline = _Offline.of(repository, account)
    settings = offline.settings
    infra_instance = infra(repository, settings, environment)
    environment_config(repository, offline.config, environment, infra=infra_instance.id)
    pipelines = [pipeline(repository, folder, environment) for folder in repository.pipelines]
    with fast_settings(), _executor(processes) as executor:
        universal_stack = executor.submit(offline.stack, universal(repository, settings), {})
        infra_stack = offline.stack(infra_instance, {})
        synth_pipeline = partial(offline.stack, references=_references(infra_stack))
        pipeline_stacks = executor.map(synth_pipeline, pipelines)
        stacks = (universal_stack.result(), infra_stack, *pipeline_stacks)
        return Synthesis(account, environment, stacks)


def synth_instance(repository: Repository, instance: Instance, *, account: str = ACCOUNT) -> Stack:
    """Return the resources of the program of one instance, as ``synth`` does."""
    offline = _Offline.of(repository, account)
    if instance.pipeline is None or instance.environment is None:
        return offline.stack(instance, {})
    with fast_settings():
        infra_stack = offline.stack(infra(repository, offline.settings, instance.environment), {})
        return offline.stack(instance, _references(infra_stack))


def registered(
    repository: Repository,
    instance: Instance,
    *,
    cloud: Cloud,
    references: Mapping[str, Properties],
    variables: Mapping[str, str],
) -> Stack:
    """Return what the program of an instance registers when every image is built.

    ``cloud`` answers the program, which can refer to the stacks in ``references`` and gets the
    environment variables ``variables``.
    """
    offline = replace(_Offline.of(repository, cloud.account), cloud=cloud, variables=variables)
    return offline.stack(instance, references, built=True)


def _executor(processes: int) -> Executor:
    if processes == 1:
        return ImmediateExecutor()
    # A fork of this process would share connections of Pulumi's gRPC, which does not work.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=set_fast)


def _references(stack: Stack) -> dict[str, Properties]:
    """Return the exports of ``stack``, by the name that a reference has."""
    return {f"{_ORGANIZATION}/{stack.project}/{stack.stack}": stack.exports}


@dataclass(frozen=True)
class _Offline:
    """A repository with its settings, and the cloud for its programs."""

    repository: Repository
    settings: Settings
    config: Config
    cloud: Cloud
    variables: Mapping[str, str]

    @classmethod
    def of(cls, repository: Repository, account: str) -> Self:
        config = load_config(repository)
        if config is None:
            raise DefinitionError(
                f"{CONFIGURATION} does not exist: create it with "
                "`config = Config(universal=universal)`."
            )
        cloud = Cloud(account, config.universal.region)
        return cls(repository, read_settings(repository.root), config, cloud, {})

    def stack(
        self, instance: Instance, references: Mapping[str, Properties], *, built: bool = False
    ) -> Stack:
        """Return the resources of an instance; it can refer to the stacks in ``references``.

        ``built`` says whether universal's images exist.
        """
        self._check_stack_file(instance)
        if instance.kind != "universal":
            return self._run(instance, references, {})
        images = recipes(self.repository, self.config.universal)
        # Nothing is built: the name of a context is enough.
        contexts = {} if built else {recipe.id: Path(recipe.id) for recipe in images}
        plan = ImagePlan.of(images, contexts=contexts)
        with TemporaryDirectory(prefix="dorc-synth-") as temporary:
            file = Path(temporary, "plan.json")
            write_plan(plan, file)
            return self._run(instance, references, {PLAN_VARIABLE: str(file)})

    def _check_stack_file(self, instance: Instance) -> None:
        problems = stack_file_problems(
            self.repository,
            instance.program,
            instance.stack,
            kind=instance.kind,
            config=self.config,
            infra=self.settings.infra_stack_name,
        )
        for problem in problems:
            raise DefinitionError(problem)

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
            cloud=self.cloud,
            references=references,
        )
        try:
            run_program(
                program.folder,
                recorder,
                root=self.repository.root,
                config=_config(program, instance.stack),
                variables={**self.variables, **variables},
            )
        except StackError as error:
            raise StackError(f"{instance.title}: {error}") from error
        except Exception:
            if instance.pipeline is not None:
                # A definition that cannot be read is reported with its line.
                load_pipeline(instance.pipeline)
            raise
        return Stack(
            instance=instance.id,
            project=program.project,
            stack=instance.stack,
            resources=tuple(recorder.resources.values()),
            questions=tuple(recorder.questions),
            exports=recorder.outputs,
            digest=recorder.registrations.digest(),
        )


def _config(program: Program, stack: str) -> dict[str, str]:
    """Return the stack's configuration as Pulumi gives it to programs: all values are texts."""
    settings: Mapping[str, JsonValue] = program.settings(stack)
    return {
        f"{program.project}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
    }
