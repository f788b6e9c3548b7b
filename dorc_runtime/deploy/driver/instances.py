"""What is deployed alone: universal, infra in an environment, a pipeline in an environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from dorc_runtime.deploy.driver.order import stages
from dorc_runtime.errors import StackError, UnknownNameError
from dorc_runtime.project.definitions import load_pipeline
from dorc_runtime.project.environments import PROJECT_FILE, Program
from dorc_runtime.project.repository import PipelineFolder, Repository
from dorc_runtime.project.settings import Settings

Kind = Literal["universal", "infra", "pipeline"]


@dataclass(frozen=True)
class Instance:
    """A program and one of its stacks.

    ``id`` is the value of ``--instance``. ``environment`` is None for universal, ``pipeline`` is
    None for universal and infra.
    """

    kind: Kind
    id: str
    program: Program
    stack: str
    environment: str | None
    pipeline: PipelineFolder | None = None

    @property
    def options(self) -> str:
        """The options that name it on the command line."""
        where = f" --env {self.environment}" if self.environment else ""
        return f"--instance {self.id}{where}"

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{self.id} in {self.environment}" if self.environment else self.id


def find_instance(
    repository: Repository,
    settings: Settings,
    *,
    instance: str | None,
    layer: str | None,
    environment: str | None,
) -> Instance:
    """Return the instance; with ``layer``, ``instance`` is the name of a pipeline there.

    Raises ``StackError`` for options that contradict each other, ``UnknownNameError`` for an
    instance or an environment that does not exist.
    """
    if instance is None:
        known = ", ".join(_known_ids(repository, settings))
        raise StackError(f"no instance: add --instance X, where X is one of {known}; or --all.")
    if layer is None and instance == settings.universal_stack_name:
        if environment is not None:
            raise StackError(f"{instance} is the same for all environments: leave out --env.")
        return universal(repository, settings)
    if layer is None and instance == settings.infra_stack_name:
        environment = _environment(repository, settings, instance, environment)
        return infra(repository, settings, environment)
    id_ = f"{layer}/{instance}" if layer else instance
    try:
        folder = repository.pipeline(id_)
    except UnknownNameError:
        raise _unknown(id_, _known_ids(repository, settings)) from None
    return pipeline(repository, folder, _environment(repository, settings, id_, environment))


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

    Raises ``DefinitionError`` for pipelines that follow each other in a circle.
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
                f"{folder}/{name} does not exist, so {folder} cannot be deployed: run `copier "
                "update`, or write it as docs/deploying.md shows."
            )
    return program


def _check_environment(repository: Repository, program: Program, environment: str) -> None:
    if environment not in program.stacks:
        file = repository.show(program.stack_file(environment))
        remedy = f"{file} does not exist: `invoke new-env {environment}` writes it."
        raise UnknownNameError("environment", environment, program.stacks, remedy=remedy)


def _environment(
    repository: Repository, settings: Settings, instance: str, environment: str | None
) -> str:
    if environment is None:
        known = ", ".join(Program(repository.root / settings.infra_stack_name).stacks) or "none yet"
        raise StackError(f"{instance} is deployed to an environment: add --env; known: {known}.")
    return environment


def _known_ids(repository: Repository, settings: Settings) -> tuple[str, ...]:
    pipelines = (folder.id for folder in repository.pipelines)
    return (settings.universal_stack_name, settings.infra_stack_name, *pipelines)


def _unknown(id_: str, known: Sequence[str]) -> UnknownNameError:
    near = get_close_matches(id_, known, n=2, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else ""
    return UnknownNameError("instance", id_, known, remedy=remedy)
