"""One run of a pipeline on this machine: from its definition to what it wrote."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.checks import Source, problems_of
from dorc_runtime.compile.names import (
    execution_arn,
    function_arn,
    machine_arn,
    resource_name,
    zones,
)
from dorc_runtime.compile.states import Document, state_machine
from dorc_runtime.errors import DefinitionError
from dorc_runtime.local.functions import Functions, LocalFunction, LogLine
from dorc_runtime.local.history import Ending, Entered, Event, Logged
from dorc_runtime.local.inline import InlineFunctions
from dorc_runtime.local.inputs import Request, Start, local_bucket, shown_bucket, start_of
from dorc_runtime.local.interpreter import Run, execute
from dorc_runtime.local.lake import Lake
from dorc_runtime.local.packages import packages_folder
from dorc_runtime.local.pool import WorkerPool
from dorc_runtime.local.scheduler import RealClock, Scheduler
from dorc_runtime.model.steps import Function
from dorc_runtime.model.walk import all_steps
from dorc_runtime.project.repository import Repository, load_config, load_source

# Stands for the account in ARNs of local runs; AWS's documentation uses it so.
ACCOUNT = "123456789012"
_REGION = "eu-west-1"
# A pipeline of many functions does not start them all before its first state.
_STARTED_AHEAD = 8


@dataclass(frozen=True)
class Plan:
    """Everything known of a run before it begins; making one changes nothing."""

    source: Source
    start: Start
    functions: Mapping[str, LocalFunction]
    buckets: tuple[str, ...]
    region: str


@dataclass(frozen=True)
class Result:
    """How a run went.

    ``document`` is the state machine that ran. ``written`` holds the objects that it wrote, by
    ``zone/key``; ``seconds`` is what it took.
    """

    pipeline: str
    document: Document
    start: Start
    ending: Ending
    events: tuple[Event, ...]
    written: Mapping[str, bytes]
    seconds: float

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, in the order they were entered."""
        return tuple(event.visit.state for event in self.events if isinstance(event, Entered))


def plan(
    repository: Repository,
    wanted: str,
    request: Request,
    *,
    cache: Path,
    on_install: Callable[[], None],
) -> Plan:
    """Return what a run of the pipeline ``wanted`` would be.

    Packages of its requirements files are installed into ``cache`` if they are not there yet.
    Raises a ``DorcError`` for a definition, an input or requirements that cannot be used.
    """
    folder = repository.pipeline(wanted)
    source = load_source(folder)
    problems = problems_of(source)
    if problems:
        more = f" ({len(problems) - 1} more: `invoke check`)" if len(problems) > 1 else ""
        raise DefinitionError(f"{problems[0]}{more}")
    config = load_config(repository)
    start = start_of(folder, source.pipeline, request, now=datetime.now(UTC))
    packages = packages_folder(folder.requirements, cache=cache, on_install=on_install)
    paths = [folder.root / "lib", packages]
    region = config.universal.region if config else _REGION
    functions = {
        step.name: LocalFunction(
            name=step.name,
            folder=folder.path / step.name,
            timeout=step.timeout.total_seconds(),
            memory=step.memory,
            environment={**_zone_variables(source.layer), **step.environment},
            paths=tuple(path for path in paths if path is not None and path.is_dir()),
            arn=function_arn(region, ACCOUNT, step.name),
        )
        for step in all_steps(source.pipeline.steps)
        if isinstance(step, Function)
    }
    layers = [known.layer for known in repository.pipelines]
    zone_buckets = [local_bucket(zone) for layer in layers for zone in zones(layer) or ()]
    buckets = {*zone_buckets, *(seed.bucket for seed in start.seeds)}
    return Plan(source, start, functions, tuple(sorted(buckets)), region)


def run(
    planned: Plan,
    *,
    lake: Lake,
    inline: bool = False,
    printing: bool = False,
    scheduler: Scheduler | None = None,
    around: Callable[[Functions], Functions] = lambda functions: functions,
    observe: Callable[[Event], None] = lambda event: None,
) -> Result:
    """Carry out a plan on ``lake``, which holds nothing of another run.

    Functions run in worker processes, or ``inline`` in this one, where a debugger reaches them but
    nothing is guarded; with ``printing`` what inline functions print is also printed, at once.
    ``scheduler`` is the machine's time, unless given. The run calls what ``around`` makes of the
    functions. ``observe`` is called with each event, in order, on the calling thread.
    """
    events: list[Event] = []

    def see(event: Event) -> None:
        events.append(event)
        observe(event)

    scheduler = scheduler or Scheduler(RealClock())

    def log(line: LogLine) -> None:
        scheduler.post(lambda: see(Logged(scheduler.clock.now(), line.function, line.text)))

    make: Callable[..., Functions] = (
        partial(InlineFunctions, passthrough=printing) if inline else WorkerPool
    )
    functions = make(
        planned.functions, endpoint=lambda: lake.endpoint, region=planned.region, on_log=log
    )
    try:
        # Handlers load while the lake is filled; what they ask of it meanwhile waits until it is.
        with ThreadPoolExecutor(1) as beside:
            filling = beside.submit(_fill, lake, planned)
            functions.start(tuple(planned.functions)[:_STARTED_AHEAD])
            before = filling.result()
        began = scheduler.clock.now()
        arns = {name: function.arn for name, function in planned.functions.items()}
        document = state_machine(planned.source.pipeline, arns=arns)
        ending = execute(
            document,
            planned.start.event,
            run=Run(scheduler, around(functions), see, _context(planned, began)),
        )
        seconds = scheduler.clock.now() - began
    finally:
        functions.close()
    written = _written(lake, planned.buckets, before)
    return Result(
        pipeline=planned.source.id,
        document=document,
        start=planned.start,
        ending=ending,
        events=tuple(events),
        written=written,
        seconds=seconds,
    )


def _fill(lake: Lake, planned: Plan) -> frozenset[tuple[str, str, str]]:
    """Put what lies there before the run into the lake; return what that is, by key and content."""
    for bucket in planned.buckets:
        lake.create_bucket(bucket)
    for seed in planned.start.seeds:
        lake.put(seed.bucket, seed.key, seed.path.read_bytes())
    lake.open()
    return _content(lake, planned.buckets)


def _content(lake: Lake, buckets: Iterable[str]) -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (bucket, found.key, found.etag) for bucket in buckets for found in lake.objects(bucket)
    )


def _written(
    lake: Lake, buckets: Iterable[str], before: frozenset[tuple[str, str, str]]
) -> dict[str, bytes]:
    changed = sorted(_content(lake, buckets) - before)
    return {f"{shown_bucket(bucket)}/{key}": lake.get(bucket, key) for bucket, key, _ in changed}


def _zone_variables(layer: str) -> dict[str, str]:
    between = zones(layer)
    if between is None:
        return {}
    source, target = between
    return {"SOURCE_BUCKET": local_bucket(source), "TARGET_BUCKET": local_bucket(target)}


def _context(planned: Plan, began: float) -> dict[str, JsonValue]:
    """Return the part of the context object that is the same in all states.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """
    machine = resource_name("local", planned.source.layer, planned.source.name)
    started = datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds")
    name = f"local-{int(began)}"
    return {
        "Execution": {
            "Id": execution_arn(planned.region, ACCOUNT, machine, name),
            "Input": planned.start.event,
            "Name": name,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/local",
            "StartTime": started.replace("+00:00", "Z"),
        },
        "StateMachine": {"Id": machine_arn(planned.region, ACCOUNT, machine), "Name": machine},
    }
