"""The problems in a repository: in definitions, between them, and in their examples."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from dorc_runtime.compile.checks import Problem, Source, problems_of
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.permissions.function_access import objects
from dorc_runtime.compile.secret_users import secret_users
from dorc_runtime.compile.triggers.schedule_times import next_fires
from dorc_runtime.compile.triggers.schedules import check_schedule
from dorc_runtime.errors import DorcError, sentence, suggestion
from dorc_runtime.local.aws.mocks import read_mocks
from dorc_runtime.model.config import Config
from dorc_runtime.model.resources import Bucket
from dorc_runtime.model.steps import Function, all_steps, called_pipelines
from dorc_runtime.model.triggers import CronTrigger, S3Trigger
from dorc_runtime.project.definitions import load_config, load_source
from dorc_runtime.project.environment_values.secret_files import secret_file_problems
from dorc_runtime.project.environments import PROJECT_FILE, Kind, Program, stack_file_problems
from dorc_runtime.project.repository import (
    ANSWERS,
    DEFINITION,
    SHARED_LAKE,
    PipelineFolder,
    Repository,
)
from dorc_runtime.project.requirements import requirement_problems
from dorc_runtime.project.template.answers import deleted_pipelines
from dorc_runtime.testing.environment_checks import check_pipelines, checked_environments
from dorc_runtime.testing.examples.example_files import example_problems
from dorc_runtime.testing.examples.expected_files import ERROR, FOLDER, OUTPUT, expected_error
from dorc_runtime.testing.written_files import json_of


def problems_in(
    repository: Repository, *, now: datetime, universal: str = "universal", infra: str = "infra"
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return the pipelines that can be read, and all problems, each with its file.

    ``universal`` and ``infra`` are the folders of these programs. Schedules must fire after
    ``now``.
    """
    problems: list[str] = []
    loaded: dict[PipelineFolder, Source] = {}
    config: Config | None = None
    try:
        config = load_config(repository)
    except DorcError as error:
        problems.append(str(error))
    for folder in repository.pipelines:
        try:
            loaded[folder] = load_source(folder)
        except DorcError as error:
            problems.append(str(error))
    problems += _deleted_pipelines(repository)
    problems += _requirements(repository)
    environments, of_settings = checked_environments(repository, config, infra=infra)

    def check(source: Source) -> Iterator[Problem]:
        yield from problems_of(source)
        yield from _past_schedules(source, now)
        yield from _environments(repository, source, infra)

    unreadable = [folder.id for folder in repository.pipelines if folder not in loaded]
    checked = check_pipelines(loaded, environments, check=check, unreadable=unreadable)
    problems += [*checked.problems, *of_settings]
    problems += _stack_files(repository, config, universal=universal, infra=infra)
    sources = tuple(checked.sources.values())
    complete = len(sources) == len(repository.pipelines)
    problems += secret_file_problems(repository, secret_users(sources), complete=complete)
    # A definition that cannot be read may name more of them.
    places = _places(repository, sources) if complete else None
    of_ids = {source.id: source for source in sources}
    for folder, source in checked.sources.items():
        # A definition with problems does not show what its examples need.
        if folder in checked.faultless:
            problems += _examples(folder, source, places)
            problems += example_problems(folder, of_ids, environments[0].target)
    # A mistake in the file of infra is found again with each pipeline.
    return sources, tuple(dict.fromkeys(sentence(problem) for problem in problems))


def _requirements(repository: Repository) -> Iterator[str]:
    """Yield the problems of the requirements files of all pipelines."""
    files = (file for folder in repository.pipelines for file in folder.requirements)
    for file in dict.fromkeys(files):
        yield from requirement_problems(file, name=repository.show(file))


def _deleted_pipelines(repository: Repository) -> Iterator[str]:
    """Yield the pipelines in the answers, and the folders with a program, without a definition."""
    try:
        deleted = deleted_pipelines(repository.root)
    except DorcError as error:
        yield str(error)
        return
    for layer, name in deleted:
        yield (
            f"src/{layer}/{name}/{DEFINITION} does not exist, but {ANSWERS} has the pipeline: "
            f"restore it from git, or run `invoke remove-pipeline {layer}/{name}`"
        )
    for file in sorted(repository.root.glob(f"src/*/*/{PROJECT_FILE}")):
        folder = file.parent
        in_answers = (folder.parent.name, folder.name) in deleted
        if not (folder / DEFINITION).is_file() and not in_answers:
            yield (
                f"{repository.show(folder / DEFINITION)} does not exist, so nothing in this folder "
                "is used: restore it from git, or remove the folder"
            )


def _examples(
    folder: PipelineFolder, source: Source, places: Collection[str] | None
) -> Iterator[str]:
    """Yield the problems in examples; ``places`` has zones and buckets, None for unknown ones."""
    yield from _lake(folder, folder.path / "examples" / SHARED_LAKE, places)
    for example in folder.examples:
        for check in (_input, _mocks, _expected):
            try:
                check(folder, source, example)
            except DorcError as error:
                yield str(error)
        path = folder.path / "examples" / example
        for lake in (path / "lake", path / FOLDER / "lake"):
            yield from _lake(folder, lake, places)


def _places(repository: Repository, sources: Sequence[Source]) -> frozenset[str]:
    """Return the zones of all layers, and the zones and buckets that ``sources`` name."""
    places = {zone for folder in repository.pipelines for zone in zones(folder.layer) or ()}
    for source in sources:
        triggers = source.pipeline.triggers
        places |= {each.bucket for each in triggers if isinstance(each, S3Trigger) and each.bucket}
        resources = source.target.resources if source.target else ()
        places |= {each.name for each in resources if isinstance(each, Bucket)}
        for step in all_steps(source.pipeline.steps):
            if isinstance(step, Function):
                used = objects((*(step.reads or ()), *(step.writes or ())))
                places |= {place.partition("/")[0] for place in used}
    return frozenset(places)


def _past_schedules(source: Source, now: datetime) -> Iterator[Problem]:
    """Yield the schedules that fired for the last time before ``now``."""
    for trigger in source.pipeline.triggers:
        if not isinstance(trigger, CronTrigger):
            continue
        try:
            check_schedule(trigger.schedule)
            fires = next_fires(trigger.schedule, 1, timezone=trigger.timezone, after=now)
        except DorcError:
            continue  # The check of the pipeline reports it.
        if not fires:
            message = (
                f"schedule '{trigger.schedule}' is in the past and never fires again: write a "
                "later time, or remove the trigger"
            )
            yield Problem(source.file, "CronTrigger", message)


def _environments(repository: Repository, source: Source, infra: str) -> Iterator[Problem]:
    """Yield the environments in schedules that have no stack file."""
    program = Program(repository.root / infra)
    triggers = [each for each in source.pipeline.triggers if isinstance(each, CronTrigger)]
    for trigger in triggers if program.folder.is_dir() else ():
        for name in () if isinstance(trigger.enabled, bool) else trigger.enabled:
            if name not in program.stacks:
                near = suggestion(name, program.stacks)
                message = (
                    f"enabled: no environment '{name}'.{near} "
                    f"{repository.show(program.stack_file(name))} does not exist: "
                    f"`invoke new-env {name}` creates it"
                )
                yield Problem(source.file, "CronTrigger", message)


def _stack_files(
    repository: Repository, config: Config | None, *, universal: str, infra: str
) -> Iterator[str]:
    programs: list[tuple[Path, Kind]] = [
        (repository.root / universal, "universal"),
        (repository.root / infra, "infra"),
        *((folder.path, "pipeline") for folder in repository.pipelines),
    ]
    for path, kind in programs:
        program = Program(path)
        for stack in program.stacks:
            yield from stack_file_problems(
                repository, program, stack, kind=kind, config=config, infra=infra
            )


def _input(folder: PipelineFolder, _: Source, example: str) -> None:
    _read(folder, folder.path / "examples" / example / "input.json", json_of)


def _mocks(folder: PipelineFolder, source: Source, example: str) -> None:
    steps = source.pipeline.steps
    names = [step.name for step in all_steps(steps) if isinstance(step, Function)]
    document = state_machine(
        source.pipeline,
        arns={name: name for name in names},
        machines={name: name for name in called_pipelines(steps)},
    )
    read_mocks(folder, example, document)


def _expected(folder: PipelineFolder, _: Source, example: str) -> None:
    expected = folder.path / "examples" / example / FOLDER
    _read(folder, expected / OUTPUT, json_of)
    _read(folder, expected / ERROR, expected_error)


def _read(folder: PipelineFolder, file: Path, read: Callable[[str, bytes], object]) -> None:
    if file.is_file():
        read(file.relative_to(folder.root).as_posix(), file.read_bytes())


def _lake(folder: PipelineFolder, lake: Path, places: Collection[str] | None) -> Iterator[str]:
    for path in sorted(lake.glob("[!.]*")):
        shown = path.relative_to(folder.root).as_posix()
        if path.is_file():
            yield f"{shown} is in no zone: move it to {lake.name}/<zone>/{path.name}"
        elif places is not None and path.name not in places:
            near = suggestion(path.name, places) or f" Known: {', '.join(sorted(places))}."
            yield f"{shown}: no zone or bucket '{path.name}'.{near}"
