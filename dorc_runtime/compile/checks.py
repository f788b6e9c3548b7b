"""What is wrong with pipelines, found before anything runs: each with file, step and remedy."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from dorc_runtime.compile.document.document_checks import document_problems, nearest, step_problems
from dorc_runtime.compile.documents import is_expression
from dorc_runtime.compile.identifiers import check_name
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.triggers.event_patterns import pattern_problems
from dorc_runtime.compile.triggers.schedules import check_schedule, check_timezone
from dorc_runtime.errors import DorcError
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Choice,
    Fail,
    Function,
    Map,
    Objects,
    Rows,
    Step,
    Succeed,
    all_steps,
    called_pipelines,
    sequences,
)
from dorc_runtime.model.triggers import CronTrigger, EventTrigger, PipelineTrigger, S3Trigger

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_STATE_NAME = 80
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_LARGEST_ENVIRONMENT = 4 * 1024
# Of names that are so alike the one is hardly a bucket that happens to be called so.
_NEARLY = 0.85
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED = re.compile(r"AWS_.*|_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR")


@dataclass(frozen=True)
class Source:
    """A pipeline as it lies on disk.

    ``file`` is the definition's path as it is shown; ``functions`` holds the folders with a
    ``lambda.py``, each with what is wrong with that file ("" when nothing is).
    """

    layer: str
    name: str
    file: str
    pipeline: Pipeline
    functions: Mapping[str, str]

    @property
    def id(self) -> str:
        """``layer/name``."""
        return f"{self.layer}/{self.name}"


@dataclass(frozen=True)
class Problem:
    """One thing to mend: in which file, at which step ("" for the whole), and how."""

    file: str
    step: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.step}" if self.step else self.file
        return f"{place}: {self.message}"


def problems_of(source: Source) -> tuple[Problem, ...]:
    """Return what is wrong with one pipeline, by itself."""
    found = (
        *_names(source),
        *_functions(source),
        *_reach(source.pipeline.steps),
        *step_problems(source.pipeline),
        *_triggers(source),
        *_reads(source),
        *document_problems(source.pipeline),
    )
    return tuple(Problem(source.file, step, message) for step, message in found)


def problems_between(sources: Sequence[Source]) -> tuple[Problem, ...]:
    """Return what is wrong with pipelines as they start each other."""
    known = {source.id: source for source in sources}
    found = []
    starters: dict[str, list[str]] = {source.id: [] for source in sources}
    for source in sources:
        for kind, name in _others(source):
            if name not in known:
                message = f"no pipeline '{name}'.{nearest(name, known)}"
                found.append(Problem(source.file, kind, message))
            elif kind == "Call":
                starters[name].append(source.id)
            else:
                starters[source.id].append(name)
    between = [zones(source.layer) or () for source in sources]
    lake = sorted({zone for pair in between for zone in pair})
    found += [problem for source in sources for problem in _places(source, lake)]
    try:
        TopologicalSorter(starters).prepare()
    except CycleError as error:
        circle = error.args[1]
        message = (
            f"pipelines start each other in a circle, {' -> '.join(circle)}: remove a trigger or a "
            "Call"
        )
        found.append(Problem(known[circle[0]].file, "", message))
    return tuple(found)


def _others(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the pipelines that ``source`` names, each with what names it."""
    for trigger in source.pipeline.triggers:
        if isinstance(trigger, PipelineTrigger):
            yield "PipelineTrigger", trigger.pipeline
    yield from (("Call", name) for name in called_pipelines(source.pipeline.steps))


def _places(source: Source, lake: Sequence[str]) -> Iterator[Problem]:
    """Yield where a function names what is nearly a zone, and would be taken for a bucket."""
    for step in all_steps(source.pipeline.steps):
        if not isinstance(step, Function):
            continue
        for entry in (*(step.reads or ()), *(step.writes or ())):
            name = entry.partition("/")[0]
            near = [] if name in lake else get_close_matches(name, lake, n=1, cutoff=_NEARLY)
            if near:
                message = f"'{name}' is no zone; did you mean '{near[0]}'?"
                yield Problem(source.file, step.name, message)


_Found = Iterator[tuple[str, str]]


def _names(source: Source) -> _Found:
    for kind, name in (("pipeline", source.name), *(("function", n) for n in source.functions)):
        try:
            check_name(kind, name)
        except DorcError as error:
            yield "", str(error)


def _functions(source: Source) -> _Found:
    steps = list(all_steps(source.pipeline.steps))
    named = Counter(step.name for step in steps if step.name)
    for name, times in named.items():
        if times > 1:
            yield name, f"{times} steps are called '{name}': give each a name of its own"
        if len(name) > LONGEST_STATE_NAME:
            yield name[:20] + "...", f"its name is over {LONGEST_STATE_NAME} characters: shorten it"
    called = [step for step in steps if isinstance(step, Function)]
    folder = source.file.rpartition("/")[0]
    meant = set()
    for step in called:
        if step.name not in source.functions:
            near = get_close_matches(step.name, source.functions, n=1)
            meant.update(near)
            remedy = f"Did you mean '{near[0]}'?" if near else _write(source, step)
            yield step.name, f"no file {folder}/{step.name}/lambda.py. {remedy}"
        elif problem := source.functions[step.name]:
            yield step.name, problem
        yield from _environment(step)
    for name in sorted(set(source.functions) - {step.name for step in called} - meant):
        message = f'no step calls it: add Function("{name}"), or remove the folder {folder}/{name}'
        yield name, message


def _write(source: Source, step: Function) -> str:
    return f"Write it: `invoke new-function {source.id} {step.name}`"


def _environment(step: Function) -> _Found:
    for variable in step.environment:
        if not _VARIABLE.fullmatch(variable) or _RESERVED.fullmatch(variable):
            yield step.name, f"environment: Lambda refuses a variable called '{variable}'"
    size = sum(len(f"{key}{value}".encode()) for key, value in step.environment.items())
    if size > _LARGEST_ENVIRONMENT:
        yield step.name, f"environment: {size} bytes are over Lambda's {_LARGEST_ENVIRONMENT}"


def _reach(steps: Sequence[Step]) -> _Found:
    for sequence in sequences(steps):
        for step, after in pairwise(sequence):
            if _ends(step):
                yield _shown(after), f"is never reached: {_shown(step)} before it ends the run"


def _ends(step: Step) -> bool:
    match step:
        case Fail() | Succeed():
            return True
        case Choice():
            ways = [*(way.then for way in step.ways), step.otherwise]
            return all(way and _ends(way[-1]) for way in ways)
        case _:
            return False


def _triggers(source: Source) -> _Found:
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
            case EventTrigger():
                yield from ((kind, problem) for problem in pattern_problems(trigger.pattern))
            case _:
                pass


def _reads(source: Source) -> _Found:
    triggers = [each for each in source.pipeline.triggers if isinstance(each, S3Trigger)]
    known = zones(source.layer) is not None or any(trigger.bucket for trigger in triggers)
    for step in () if known else all_steps(source.pipeline.steps):
        match step:
            case Map(over=Objects(bucket=bucket) | Rows(bucket=bucket)) if is_expression(bucket):
                yield (
                    _shown(step),
                    (
                        "the bucket it reads is not known before a run, and neither the layer "
                        f"'{source.layer}' nor a trigger names one: name the bucket"
                    ),
                )
            case _:
                pass


def _shown(step: Step) -> str:
    return step.name or type(step).__name__
