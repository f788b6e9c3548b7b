"""The problems of pipelines that are found before a run, each with file, step and remedy."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise

from dorc_runtime.compile.document.document_checks import (
    Findings,
    document_problems,
    step_problems,
)
from dorc_runtime.compile.document.repeat_checks import repeat_problems
from dorc_runtime.compile.documents import is_expression
from dorc_runtime.compile.function_checks import function_problems, service_problems
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.event_patterns import pattern_problems
from dorc_runtime.compile.triggers.schedules import check_schedule, check_timezone
from dorc_runtime.errors import DefinitionError, DorcError
from dorc_runtime.model.identifiers import check_name
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Choice,
    Fail,
    Function,
    Map,
    Objects,
    Repeat,
    Rows,
    Service,
    Step,
    Succeed,
    all_steps,
    sequences,
)
from dorc_runtime.model.triggers import (
    CronTrigger,
    EventTrigger,
    QueueTrigger,
    S3Trigger,
    TopicTrigger,
)

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_STATE_NAME = 80


@dataclass(frozen=True)
class Source:
    """A pipeline as it is on disk.

    ``file`` is the path of the definition from the repository's root. ``functions`` has the folders
    with a ``lambda.py``, each with the problem of that file, "" for none. ``target`` is what the
    pipeline is resolved for.
    """

    layer: str
    name: str
    file: str
    pipeline: Pipeline
    functions: Mapping[str, str]
    target: Target | None = None

    @property
    def id(self) -> str:
        """``layer/name``."""
        return f"{self.layer}/{self.name}"


@dataclass(frozen=True)
class Problem:
    """A problem and its remedy, in a file, at a step ("" for the whole file)."""

    file: str
    step: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.step}" if self.step else self.file
        return f"{place}: {self.message}"


def resolved_source(source: Source, target: Target) -> Source:
    """Return ``source`` with the values of ``target`` in place of references.

    Raises ``DefinitionError``, with the file, for a reference without a fitting value.
    """
    try:
        return replace(source, pipeline=target.resolve(source.pipeline), target=target)
    except DorcError as error:
        raise DefinitionError(f"{source.file}: {error} (in {target.environment})") from error


def problems_of(source: Source) -> tuple[Problem, ...]:
    """Return the problems of one pipeline by itself."""
    problems = (
        *_check_names(source),
        *_check_functions(source),
        *_check_services(source),
        *_check_reachable(source.pipeline.steps),
        *step_problems(source.pipeline),
        *repeat_problems(source.pipeline),
        *_check_triggers(source),
        *_check_map_buckets(source),
        *document_problems(source.pipeline),
    )
    return tuple(Problem(source.file, step, message) for step, message in problems)


def _check_names(source: Source) -> Findings:
    for kind, name in (("pipeline", source.name), *(("function", n) for n in source.functions)):
        try:
            check_name(kind, name)
        except DorcError as error:
            yield "", str(error)


def _check_functions(source: Source) -> Findings:
    steps = list(all_steps(source.pipeline.steps))
    counts = Counter(step.name for step in steps if step.name)
    for name, count in counts.items():
        if count > 1:
            yield name, f"{count} steps are called '{name}': give each its own name"
        if len(name) > LONGEST_STATE_NAME:
            yield name[:20] + "...", f"its name is over {LONGEST_STATE_NAME} characters: shorten it"
    calls = [step for step in steps if isinstance(step, Function)]
    folder = source.file.rpartition("/")[0]
    similar = set()
    for step in calls:
        if step.name not in source.functions:
            near = get_close_matches(step.name, source.functions, n=1)
            similar.update(near)
            command = f"`invoke new-function {source.id} {step.name}`"
            remedy = f"Did you mean '{near[0]}'?" if near else f"Write it: {command}"
            yield step.name, f"no file {folder}/{step.name}/lambda.py. {remedy}"
        elif problem := source.functions[step.name]:
            yield step.name, problem
        yield from function_problems(step, source.layer, source.target)
    for name in sorted(set(source.functions) - {step.name for step in calls} - similar):
        message = f'no step calls it: add Function("{name}"), or remove the folder {folder}/{name}'
        yield name, message


def _check_services(source: Source) -> Findings:
    for step in all_steps(source.pipeline.steps):
        if isinstance(step, Service) and source.target:
            problems = service_problems(step, source.target)
            yield from ((_step_name(step), problem) for problem in problems)


def _check_reachable(steps: Sequence[Step]) -> Findings:
    for sequence in sequences(steps):
        for step, after in pairwise(sequence):
            if _ends(step):
                before = _step_name(step)
                message = f"it never runs, because {before} before it ends the run: remove one"
                yield _step_name(after), message
    for step in all_steps(steps):
        if isinstance(step, Repeat) and _ends(step.steps[-1]):
            yield _step_name(step), "each round ends the run, so until is never read: remove Repeat"


def _ends(step: Step) -> bool:
    match step:
        case Fail() | Succeed():
            return True
        case Choice():
            ways = [*(way.then for way in step.ways), step.otherwise]
            return all(way and _ends(way[-1]) for way in ways)
        case Repeat():
            return _ends(step.steps[-1])
        case _:
            return False


def _check_triggers(source: Source) -> Findings:
    for trigger in source.pipeline.triggers:
        kind = type(trigger).__name__
        match trigger:
            case S3Trigger(bucket=None) if zones(source.layer) is None:
                yield (
                    kind,
                    (
                        f"the layer '{source.layer}' has no source zone to watch: name a bucket, "
                        'S3Trigger(bucket="..."), or a layer like raw-to-processed'
                    ),
                )
            case CronTrigger():
                try:
                    check_schedule(trigger.schedule)
                    check_timezone(trigger.timezone)
                except DorcError as error:
                    yield kind, str(error)
            case QueueTrigger(queue=resource) | TopicTrigger(topic=resource) if source.target:
                try:
                    source.target.check_resource(resource)
                except DorcError as error:
                    yield kind, str(error).removesuffix(".")
            case EventTrigger():
                yield from ((kind, problem) for problem in pattern_problems(trigger.pattern))
            case _:
                pass


def _check_map_buckets(source: Source) -> Findings:
    triggers = [each for each in source.pipeline.triggers if isinstance(each, S3Trigger)]
    has_bucket = zones(source.layer) is not None or any(trigger.bucket for trigger in triggers)
    for step in () if has_bucket else all_steps(source.pipeline.steps):
        match step:
            case Map(over=Objects(bucket=bucket) | Rows(bucket=bucket)) if is_expression(bucket):
                yield (
                    _step_name(step),
                    (
                        "the bucket that it reads is unknown before a run, and neither the layer "
                        f"'{source.layer}' nor a trigger names one: name the bucket"
                    ),
                )
            case _:
                pass


def _step_name(step: Step) -> str:
    return step.name or type(step).__name__
