"""Everything about a run that is known before it starts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.documents import LARGEST_PAYLOAD, Document
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import InputError
from dorc_runtime.local.aws.access.roles import Roles
from dorc_runtime.local.aws.mocks import check_answers, read_mocks, refuse_unanswered_tasks
from dorc_runtime.local.aws.run_resources import used_resources
from dorc_runtime.local.aws.run_secrets import RunSecret, run_secrets
from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.http.http_answers import HttpAnswers, read_answers
from dorc_runtime.local.inputs import Request, Start, start_of
from dorc_runtime.local.interpreter.executions import Machine
from dorc_runtime.local.plan.function_source import function_source
from dorc_runtime.local.plan.local_target import local_machine, local_target
from dorc_runtime.local.plan.planned_pipelines import PlannedPipelines
from dorc_runtime.local.plan.run_sources import run_sources
from dorc_runtime.local.seeds.example_seeds import (
    Resources,
    ServiceSeeds,
    seeds_after,
    seeds_of,
    seeds_with,
)
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.triggers import QueueTrigger
from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.environment_values.secret_files import (
    example_secrets,
    read_secrets,
    secret_file,
)
from dorc_runtime.project.environment_values.targets import check_buckets
from dorc_runtime.project.repository import PipelineFolder, Repository
from dorc_runtime.runs.redaction import Redaction


@dataclass(frozen=True)
class Plan:
    """A run before it starts; to make a plan changes nothing.

    ``functions`` and ``roles`` also have those of called pipelines, by
    ``<layer>.<pipeline>.<function>``; ``machines`` has the called pipelines, by ARN. ``resources``
    are those of ``target`` that the run needs, and ``seeds`` what is in them before; so are
    ``secrets``. ``answers`` are those of hosts that the example plays, ``token_answers`` those that
    steps wait for. ``redaction`` knows all values of secrets that are on this machine. ``function``
    is the only one that is called, "" for the whole pipeline. ``root`` is the repository.
    """

    root: Path
    source: Source
    start: Start
    functions: Mapping[str, LocalFunction]
    roles: Roles
    buckets: tuple[str, ...]
    target: Target
    resources: tuple[Resource, ...]
    seeds: ServiceSeeds
    answers: HttpAnswers
    document: Document
    machines: Mapping[str, Machine]
    mocks: Mapping[str, JsonValue]
    token_answers: Mapping[str, JsonValue]
    secrets: tuple[RunSecret, ...] = ()
    redaction: Redaction = field(default_factory=Redaction)
    function: str = ""

    @property
    def title(self) -> str:
        """The name of what is run: ``layer/name``, or ``layer/name/function``."""
        return f"{self.source.id}/{self.function}" if self.function else self.source.id

    @property
    def example(self) -> str:
        """The folder of the example from the repository's root, "" without one."""
        name = self.start.example
        return f"src/{self.source.id}/examples/{name}" if name else ""

    @property
    def region(self) -> str:
        """The region of all that is not in S3."""
        return self.target.region

    @property
    def machine(self) -> str:
        """The ARN of the pipeline's own state machine."""
        return local_machine(self.source.id, self.region)


def plan(
    repository: Repository,
    pipeline: str,
    request: Request,
    *,
    cache: Path,
    on_install: Callable[[], None],
) -> Plan:
    """Return the plan of a run of ``pipeline`` (``layer/name``).

    Packages of its requirements files are installed into ``cache`` if they are missing there; then
    old ones that no pipeline needs are removed.
    Raises a ``DorcError`` for a definition, an input or requirements that cannot be used, and for
    a pipeline that cannot run on this machine.
    """
    folder = repository.pipeline(pipeline)
    config = load_config(repository)
    if config is not None:
        check_buckets(repository, config)
    target = local_target(repository, config)
    sources, wholes = _sources(repository, folder, request, target)
    pipelines, source = PlannedPipelines(repository, sources, target), sources[folder.id]
    start = start_of(folder, source.pipeline, request, now=datetime.now(UTC), target=target)
    start = replace(start, seeds=pipelines.with_shared_lakes(start.seeds))
    _check_size(start)
    values = {
        **read_secrets(repository),
        **example_secrets(folder, start.example),
        **request.secrets,
    }
    redaction = Redaction(values)
    used = tuple(dict.fromkeys(each for one in wholes for each in used_resources(one, target)))
    return Plan(
        root=folder.root,
        source=source,
        start=replace(start, origin=redaction.text(start.origin)),
        mocks=_mocks(folder, request, start.example, pipelines.documents),
        token_answers=request.answers,
        functions=pipelines.functions(cache=cache, on_install=on_install),
        roles=pipelines.roles(config.buckets if config else {}),
        buckets=pipelines.buckets(start.seeds),
        target=target,
        resources=used,
        seeds=_seeds(folder, source, start.example, request, Resources(target.resources, used)),
        answers=_answers(folder, start.example),
        document=pipelines.documents[folder.id],
        machines=pipelines.called,
        secrets=run_secrets(
            sources.values(),
            values,
            target,
            example_file=secret_file(folder, start.example),
        ),
        redaction=redaction,
        function=request.function,
    )


def _sources(
    repository: Repository, folder: PipelineFolder, request: Request, target: Target
) -> tuple[dict[str, Source], Sequence[Source]]:
    """Return the pipelines of the run by their ids, and those with the resources that it needs."""
    if not request.function:
        sources = run_sources(repository, folder, target)
        return sources, list(sources.values())
    has_event = request.input is not None
    alone = function_source(folder, request.function, target, has_event=has_event)
    # The resources are those of the whole pipeline: an example has seeds for all of them.
    return {folder.id: alone.source}, [alone.whole]


def _mocks(
    folder: PipelineFolder,
    request: Request,
    example: str | None,
    documents: Mapping[str, Document],
) -> Mapping[str, JsonValue]:
    """Return the mocks of the example; raise for a step that nothing can answer."""
    mocks = {} if request.function else read_mocks(folder, example, documents[folder.id])
    check_answers(documents[folder.id], request.answers, mocks=mocks)
    for name, document in documents.items():
        answered = {**mocks, **request.answers} if name == folder.id else {}
        refuse_unanswered_tasks(document, pipeline=name, mocks=answered, example=example)
    return mocks


def _seeds(
    folder: PipelineFolder,
    source: Source,
    example: str | None,
    request: Request,
    resources: Resources,
) -> ServiceSeeds:
    """Return the seeds of the example, with those of the request in their place.

    The messages of a queue that starts the pipeline are its input, and no longer in the queue.
    """
    seeds = ServiceSeeds()
    if example is not None:
        seeds = seeds_of(folder.path / "examples" / example, resources, root=folder.root)
    if request.earlier is not None:
        seeds = seeds_after(seeds, request.earlier.tables, resources, root=folder.root)
    seeds = seeds_with(seeds, request.seeds, resources)
    starting = {
        trigger.queue.name
        for trigger in source.pipeline.triggers
        if isinstance(trigger, QueueTrigger)
    }
    left = {name: texts for name, texts in seeds.queues.items() if name not in starting}
    return replace(seeds, queues=left)


def _answers(folder: PipelineFolder, example: str | None) -> HttpAnswers:
    if example is None:
        return {}
    return read_answers(folder.path / "examples" / example, root=folder.root)


def _check_size(start: Start) -> None:
    size = len(json.dumps(start.event, ensure_ascii=False, separators=(",", ":")).encode())
    if size > LARGEST_PAYLOAD:
        raise InputError(
            f"the input, {start.origin}, has {size:,} bytes, more than Step Functions' limit of "
            f"{LARGEST_PAYLOAD:,}: put the data into the lake and pass its key."
        )
