"""What is wrong with pipelines, found before anything runs: each with file, step and remedy."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.expressions import problems_in
from dorc_runtime.compile.identifiers import check_name
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.schedules import check_schedule, check_timezone
from dorc_runtime.compile.states import state_machine
from dorc_runtime.errors import DorcError
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Catch,
    Choice,
    Fail,
    Function,
    Map,
    Parallel,
    Retry,
    Step,
    Succeed,
)
from dorc_runtime.model.triggers import CronTrigger, PipelineTrigger, S3Trigger
from dorc_runtime.model.walk import all_steps, sequences

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LARGEST_DOCUMENT = 1024 * 1024
LONGEST_STATE_NAME = 80
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_LARGEST_ENVIRONMENT = 4 * 1024
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED = re.compile(r"AWS_.*|_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR")
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_STATES_ERRORS = frozenset(
    "States." + name
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "Http.Socket",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)


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
        *_errors(source),
        *_triggers(source),
        *_document(source),
    )
    return tuple(Problem(source.file, step, message) for step, message in found)


def problems_between(sources: Sequence[Source]) -> tuple[Problem, ...]:
    """Return what is wrong with pipelines as they start each other."""
    known = {source.id: source for source in sources}
    found = []
    graph: dict[str, list[str]] = {}
    for source in sources:
        followed = [
            trigger.pipeline
            for trigger in source.pipeline.triggers
            if isinstance(trigger, PipelineTrigger)
        ]
        graph[source.id] = [name for name in followed if name in known]
        for name in followed:
            if name not in known:
                message = f"no pipeline '{name}'.{_nearest(name, known)}"
                found.append(Problem(source.file, "PipelineTrigger", message))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = [*reversed(error.args[1])]
        message = f"pipelines start each other in a circle, {' -> '.join(circle)}: remove a trigger"
        found.append(Problem(known[circle[0]].file, "PipelineTrigger", message))
    return tuple(found)


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
    for step in called:
        if step.name not in source.functions:
            near = _nearest(step.name, source.functions)
            yield step.name, f"no file {folder}/{step.name}/lambda.py.{near} {_write(source, step)}"
        elif problem := source.functions[step.name]:
            yield step.name, problem
        yield from _environment(step)
    for name in sorted(set(source.functions) - {step.name for step in called}):
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


def _errors(source: Source) -> _Found:
    for step in all_steps(source.pipeline.steps):
        if not isinstance(step, Function | Parallel | Map):
            continue
        handlers: Iterable[Retry | Catch] = (*(step.retry or ()), *step.catch)
        for error in (error for handler in handlers for error in handler.errors):
            if error.startswith("States.") and error not in _STATES_ERRORS:
                near = _nearest(error, _STATES_ERRORS)
                yield _shown(step), f"Step Functions knows no error '{error}'.{near}"


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
            case _:
                pass


def _document(source: Source) -> _Found:
    steps = all_steps(source.pipeline.steps)
    arns = {step.name: step.name for step in steps if isinstance(step, Function)}
    document = state_machine(source.pipeline, arns=arns)
    yield from _expressions(document)
    size = len(json.dumps(document))
    if size > LARGEST_DOCUMENT:
        yield (
            "",
            (
                f"its state machine has {size:,} bytes, over Step Functions' {LARGEST_DOCUMENT:,}: "
                "split the pipeline, and let one start the other with a PipelineTrigger"
            ),
        )


def _expressions(machine: Mapping[str, Any]) -> _Found:
    for name, state in machine["States"].items():
        for key, value in state.items():
            if key == "Branches":
                for branch in value:
                    yield from _expressions(branch)
            elif key == "ItemProcessor":
                yield from _expressions(value)
            elif key == "Catch":
                continue
            else:
                allowed = {"input", "context"}
                if key == "Output" and state["Type"] in ("Task", "Map", "Parallel"):
                    allowed.add("result")
                for text in _templates(value):
                    yield from ((name, problem) for problem in _template(text, allowed))


def _template(text: str, allowed: set[str]) -> Iterator[str]:
    if not text.endswith("%}"):
        yield f"{text!r} begins with {{% but does not end with %}}"
        return
    yield from problems_in(text[2:-2], states=frozenset(allowed))


def _templates(value: JsonValue) -> Iterator[str]:
    match value:
        case str() if value.startswith("{%"):
            yield value
        case list():
            for inner in value:
                yield from _templates(inner)
        case dict():
            for inner in value.values():
                yield from _templates(inner)
        case _:
            pass


def _shown(step: Step) -> str:
    return step.name or type(step).__name__


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
