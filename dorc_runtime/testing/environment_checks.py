"""The problems of definitions, in every environment and in runs on this machine."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from pydantic import JsonValue

from dorc_runtime.compile.arns import EXAMPLE_ACCOUNT
from dorc_runtime.compile.checks import Problem, Source
from dorc_runtime.compile.graph_checks import problems_between
from dorc_runtime.compile.target import LOCAL, Target
from dorc_runtime.errors import DorcError
from dorc_runtime.local.plan.local_target import local_target
from dorc_runtime.model.config import Config
from dorc_runtime.model.references import setting_names
from dorc_runtime.project.environment_values.setting_values import (
    EnvironmentSettings,
    environment_names,
    environment_settings,
    setting_problems,
)
from dorc_runtime.project.environment_values.targets import environment_target
from dorc_runtime.project.environments import Program, environment_config
from dorc_runtime.project.repository import CONFIGURATION, PipelineFolder, Repository

Sources = Mapping[PipelineFolder, Source]
Check = Callable[[Source], Iterator[Problem]]


@dataclass(frozen=True)
class Environment:
    """An environment; ``complete`` says that each of its settings has a valid value."""

    target: Target
    buckets: Mapping[str, str]
    complete: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.target.environment


@dataclass(frozen=True)
class CheckedPipelines:
    """Pipelines with the values of the first environment that has them, and all problems.

    ``faultless`` are the pipelines without a problem of their own.
    """

    sources: Sources
    faultless: frozenset[PipelineFolder]
    problems: tuple[str, ...]


def checked_environments(
    repository: Repository, config: Config | None, *, infra: str
) -> tuple[tuple[Environment, ...], tuple[str, ...]]:
    """Return runs on this machine and all environments, and the problems of their settings.

    An environment with a stack file that cannot be read is left out. Without a configuration that
    can be read, settings are not checked.
    """
    readable = config is not None or not (repository.root / CONFIGURATION).is_file()
    names = environment_names(repository, infra=infra)
    problems = list(_shared_files(repository, names[1:], infra))
    environments: list[Environment] = []
    settings: list[EnvironmentSettings] = []
    for name in names:
        model = config.settings if config else None
        own, complete = EnvironmentSettings(name, (), {}, ()), False
        try:
            if readable:
                own = environment_settings(repository, model, name, infra=infra)
                complete = not own.faults
        except DorcError as error:
            problems.append(str(error))
        settings.append(own)
        values = {setting: each.value for setting, each in own.values.items()}
        if name == LOCAL:
            target = _local_target(repository, config, values)
            buckets = config.buckets if config else {}
            environments.append(Environment(target, buckets, complete))
        elif config is not None:
            try:
                with_file = environment_config(repository, config, name, infra=infra)
            except DorcError:
                continue  # The check of stack files reports it.
            account = with_file.universal.account or EXAMPLE_ACCOUNT
            try:
                target = environment_target(
                    repository, with_file, name, account=account, infra=infra, settings=values
                )
            except DorcError as error:
                problems.append(str(error))
                continue
            environments.append(Environment(target, with_file.buckets, complete))
    return tuple(environments), (*problems, *setting_problems(settings))


def _local_target(
    repository: Repository, config: Config | None, settings: Mapping[str, JsonValue]
) -> Target:
    try:
        return local_target(repository, config, settings=settings)
    except DorcError:
        # The check of settings reports a file that cannot be read.
        return local_target(repository, config, settings=settings, with_outputs=False)


def check_pipelines(
    loaded: Sources,
    environments: Sequence[Environment],
    *,
    check: Check,
    unreadable: Collection[str] = (),
) -> CheckedPipelines:
    """Return ``loaded`` pipelines with the problems that ``check`` finds, and those between them.

    A pipeline without settings is the same in all environments, and checked once. ``unreadable``
    has the ids of pipelines that could not be loaded.
    """
    first = environments[0].name
    dependent = {folder for folder, each in loaded.items() if setting_names(each.pipeline)}
    sources: dict[PipelineFolder, Source] = {}
    faulty: set[PipelineFolder] = set()
    findings = _Findings([each.name for each in environments if each.complete])
    for environment in environments:
        resolved: dict[PipelineFolder, Source] = {}
        for folder, source in loaded.items():
            own = environment.name if folder in dependent else ""
            if own and not environment.complete:
                continue
            try:
                pipeline = environment.target.resolve(source.pipeline)
            except DorcError as error:
                findings.add(f"{source.file}: {error}", own)
                continue
            resolved[folder] = replace(source, pipeline=pipeline, target=environment.target)
            if own or environment.name == first:
                problems = list(check(resolved[folder]))
                faulty |= {folder} if problems else set()
                for problem in problems:
                    findings.add(str(problem), own)
        sources = resolved | sources
        if environment.complete if dependent else environment.name == first:
            own = environment.name if dependent else ""
            left_out = (folder.id for folder in loaded.keys() - resolved.keys())
            between = problems_between(
                tuple(resolved.values()),
                buckets=environment.buckets,
                unreadable={*unreadable, *left_out},
            )
            for problem in between:
                findings.add(str(problem), own)
    faultless = frozenset(sources.keys() - faulty)
    return CheckedPipelines(sources, faultless, findings.lines)


class _Findings:
    """Problems, each once, with the environments that have it."""

    def __init__(self, environments: Sequence[str]) -> None:
        self._environments = environments
        self._found: dict[str, list[str]] = defaultdict(list)

    def add(self, problem: str, environment: str) -> None:
        """Add a problem in an environment, "" for one in all of them."""
        if environment not in self._found[problem]:
            self._found[problem].append(environment)

    @property
    def lines(self) -> tuple[str, ...]:
        """The problems, with their environments where others do not have them."""
        return tuple(
            problem
            if "" in names or set(names) >= set(self._environments)
            else f"{problem.removesuffix('.')} (in {', '.join(names)})"
            for problem, names in self._found.items()
        )


def _shared_files(repository: Repository, environments: Sequence[str], infra: str) -> Iterator[str]:
    """Yield the pairs of environments with one stack file, by a link."""
    program = Program(repository.root / infra)
    for one, other in combinations(environments, 2):
        files = program.stack_file(one), program.stack_file(other)
        if files[0].samefile(files[1]):
            names = " and ".join(repository.show(file) for file in files)
            yield (
                f"{names} are one file, which Pulumi rewrites for each of them: replace the link "
                "by a file of its own."
            )
