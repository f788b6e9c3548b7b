"""What is deployed by itself: universal, infra in an environment, a pipeline in an environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from dorc_runtime.deploy.driver.order import stages
from dorc_runtime.errors import StackError, UnknownNameError
from dorc_runtime.project.environments import PROJECT_FILE, Program
from dorc_runtime.project.repository import PipelineFolder, Repository, load_pipeline
from dorc_runtime.project.settings import Settings

Kind = Literal["universal", "infra", "pipeline"]


@dataclass(frozen=True)
class Instance:
    """A program and one of its stacks.

    ``id`` is what ``--instance`` takes. ``environment`` is None for universal, ``pipeline`` for all
    but a pipeline.
    """

    kind: Kind
    id: str
    program: Program
    stack: str
    environment: str | None
    pipeline: PipelineFolder | None = None

    @property
    def words(self) -> str:
        """The options that name it on the command line."""
        where = f" --env {self.environment}" if self.environment else ""
        return f"--instance {self.id}{where}"

    @property
    def title(self) -> str:
        """What people read."""
        return f"{self.id} in {self.environment}" if self.environment else self.id


def find_instance(
    repository: Repository,
    settings: Settings,
    *,
    instance: str | None,
    layer: str | None,
    environment: str | None,
) -> Instance:
    """Return what the options name; ``instance`` is a pipeline's name where ``layer`` is given.

    Raises ``StackError`` for options that do not go together, ``UnknownNameError`` for an instance
    or an environment that is not there.
    """
    if instance is None:
        known = ", ".join(_known(repository, settings))
        raise StackError(f"say what: --instance X, where X is one of {known}; or --all.")
    if layer is None and instance == settings.universal_stack_name:
        if environment is not None:
            raise StackError(f"{instance} is the same for all environments: leave out --env.")
        return universal(repository, settings)
    if layer is None and instance == settings.infra_stack_name:
        return infra(repository, settings, _needed(repository, settings, instance, environment))
    wanted = f"{layer}/{instance}" if layer else instance
    try:
        folder = repository.pipeline(wanted)
    except UnknownNameError:
        raise _unknown(wanted, _known(repository, settings)) from None
    return pipeline(repository, folder, _needed(repository, settings, wanted, environment))


def universal(repository: Repository, settings: Settings) -> Instance:
    """Return universal."""
    name = settings.universal_stack_name
    program = _program(repository, name)
    stack = name if name in program.stacks else "universal"
    return Instance("universal", name, program, stack, None)


def infra(repository: Repository, settings: Settings, environment: str) -> Instance:
    """Return infra in ``environment``.

    Raises ``UnknownNameError`` when the environment has no stack file there.
    """
    name = settings.infra_stack_name
    program = _program(repository, name)
    _check_environment(repository, program, environment)
    return Instance("infra", name, program, environment, environment)


def pipeline(repository: Repository, folder: PipelineFolder, environment: str) -> Instance:
    """Return a pipeline in ``environment``.

    Raises ``UnknownNameError`` when the environment has no stack file there.
    """
    program = _program(repository, repository.show(folder.path))
    _check_environment(repository, program, environment)
    return Instance("pipeline", folder.id, program, environment, environment, folder)


def all_instances(
    repository: Repository, settings: Settings, environment: str
) -> tuple[tuple[Instance, ...], ...]:
    """Return all that is deployed to ``environment``, in stages: each needs what is before it.

    Raises ``DefinitionError`` for pipelines that follow each other in a ring.
    """
    pipelines = {folder.id: load_pipeline(folder) for folder in repository.pipelines}
    return (
        (universal(repository, settings),),
        (infra(repository, settings, environment),),
        *(
            tuple(pipeline(repository, repository.pipeline(id_), environment) for id_ in stage)
            for stage in stages(pipelines)
        ),
    )


def _program(repository: Repository, folder: str) -> Program:
    program = Program(repository.root / folder)
    for name in ("__main__.py", PROJECT_FILE):
        if not (program.folder / name).is_file():
            raise StackError(
                f"{folder}/{name} is not there, so {folder} cannot be deployed: `copier update` "
                "writes it, or write it as docs/deploying.md has it."
            )
    return program


def _check_environment(repository: Repository, program: Program, environment: str) -> None:
    if environment not in program.stacks:
        file = repository.show(program.stack_file(environment))
        remedy = f"Each has a file, and {file} is not there: `invoke new-env {environment}`."
        raise UnknownNameError("environment", environment, program.stacks, remedy=remedy)


def _needed(
    repository: Repository, settings: Settings, instance: str, environment: str | None
) -> str:
    if environment is None:
        there = ", ".join(Program(repository.root / settings.infra_stack_name).stacks) or "none yet"
        raise StackError(f"{instance} is deployed to an environment: add --env; known: {there}.")
    return environment


def _known(repository: Repository, settings: Settings) -> tuple[str, ...]:
    pipelines = (folder.id for folder in repository.pipelines)
    return (settings.universal_stack_name, settings.infra_stack_name, *pipelines)


def _unknown(wanted: str, known: Sequence[str]) -> UnknownNameError:
    near = get_close_matches(wanted, known, n=2, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else ""
    return UnknownNameError("instance", wanted, known, remedy=remedy)
