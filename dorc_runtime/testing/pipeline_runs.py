"""Runs of pipelines in tests, and their results as tests see them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import InputError
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.aws.mocks import tasks_of
from dorc_runtime.local.inputs import Request
from dorc_runtime.local.interpreter.scheduler import VirtualClock
from dorc_runtime.local.plan.run_plan import Plan, plan
from dorc_runtime.local.run import run
from dorc_runtime.local.sandbox.mechanisms import Isolation
from dorc_runtime.local.seeds.example_seeds import SeedValues
from dorc_runtime.local.seeds.seeded_files import Content, seeded_files
from dorc_runtime.model.resources import Table
from dorc_runtime.project.environment_values.secret_files import check_value
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import read_settings
from dorc_runtime.runs.events import Event, FunctionLogged, StateEntered, StateExited, StateRetried
from dorc_runtime.runs.failure import Failure
from dorc_runtime.runs.redaction import Redaction
from dorc_runtime.runs.result import RunResult, ServiceCall
from dorc_runtime.testing.coverage import Coverage
from dorc_runtime.testing.faults.faulty_functions import FaultyFunctions, LateScheduler
from dorc_runtime.testing.faults.step_faults import Fault, Faults, patches_by_function
from dorc_runtime.testing.reports.failure_text import FailedRun
from dorc_runtime.testing.written_files import Records, Written


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line that a function wrote."""

    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds that a run waited in ``state``: in a Wait, or before a retry."""

    state: str
    seconds: float


@dataclass(frozen=True, repr=False)
class PipelineRun:
    """The result of a run.

    ``output`` is the pipeline's output, None when it failed. ``error`` and ``cause`` say why it
    failed, as on AWS, and ``advice`` what to do; all are "" when it did not. ``failure`` is all
    that is known of a failure, else None. ``states`` has the names of the states in the order in
    which they were entered, ``lake`` the objects that the run wrote, bytes by ``zone/key``, and
    ``log`` the lines that the functions printed. ``memory`` is the most that each function used in
    worker processes, in MiB. ``seconds`` is how long the run took on its own clock, on which only
    waits take time. ``waits`` has those waits, in the order in which they ended, or started in the
    case of a retry. ``tables`` has all items of each table after the run, as plain JSON, sorted by
    key; ``messages`` what the run sent to each topic and queue, JSON as its value; ``calls`` what
    its functions and steps called in services other than S3, if it succeeded. ``table_keys`` has
    the names of the keys of each table.
    """

    succeeded: bool
    output: JsonValue
    error: str
    cause: str
    advice: str
    states: tuple[str, ...]
    lake: Written
    log: tuple[LogEntry, ...]
    seconds: float
    waits: tuple[Waited, ...]
    tables: Mapping[str, Sequence[Mapping[str, JsonValue]]]
    messages: Mapping[str, Sequence[JsonValue]]
    calls: tuple[ServiceCall, ...]
    memory: Mapping[str, int]
    failure: Failure | None = None
    table_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        how = f"failed with {self.error}" if self.failure else "succeeded"
        return f"<PipelineRun that {how}>"


class PipelineRunner:
    """Runs pipelines of one repository: the value of the fixture ``run_pipeline``.

    ``lake`` returns the server that the runs share. ``workers`` is the default of calls.
    ``is_patched`` returns whether the test has replaced attributes with pytest's ``monkeypatch``;
    if the runner ``adapts``, such a call does not run in workers, unless it says so.
    ``coverage`` counts what runs reach, ``redactions`` gets the values of secrets of each, and
    ``failed`` those that failed.
    """

    def __init__(
        self,
        repository: Repository,
        lake: Callable[[], Lake],
        *,
        workers: bool = False,
        adapts: bool = False,
        is_patched: Callable[[], bool] = lambda: False,
        coverage: Coverage,
        redactions: set[Redaction],
        failed: list[FailedRun],
    ) -> None:
        self._repository = repository
        self._lake = lake
        self._workers = workers
        self._adapts = adapts
        self._is_patched = is_patched
        self._coverage = coverage
        self._redactions = redactions
        self._failed = failed

    def __call__(
        self,
        pipeline: str,
        *,
        example: str | None = None,
        file: Path | None = None,
        files: Mapping[str, Content] | None = None,
        input: JsonValue = None,  # noqa: A002 - AWS's word for it
        tables: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        queues: Mapping[str, Sequence[JsonValue]] | None = None,
        parameters: Mapping[str, str | list[str]] | None = None,
        secrets: Mapping[str, str] | None = None,
        answers: Mapping[str, JsonValue] | None = None,
        faults: Sequence[Fault] = (),
        patches: Mapping[str, object] | None = None,
        workers: bool | None = None,
    ) -> PipelineRun:
        """Run ``pipeline`` (``layer/name``) with an example, an uploaded file, or an input.

        Without any of them it is the example ``first``, or the only one. ``files`` has objects that
        are in the lake, by ``zone/key``: texts, bytes, or files. ``tables`` has items, ``queues``
        messages, and ``parameters`` the parameters of SSM that exist before the run, in place of
        those that the example has for the same table, queue or name; ``secrets`` has values of
        secrets in place of those in files. ``answers`` has what the steps get, by their names, that
        wait for an answer with their token. ``patches`` replace, for this run, names in
        functions: ``{"clean.today": lambda: "2030-01-31"}``. With ``workers``, functions run in
        worker processes with Lambda's rules, where patches are not possible. Raises a
        ``DorcError`` for a run that cannot start.
        """
        text = None if input is None else json.dumps(input)
        with seeded_files(files or {}) as objects:
            request = Request(
                example,
                file,
                text,
                seeds=SeedValues(tables or {}, queues or {}, parameters or {}),
                secrets=secrets or {},
                answers=answers or {},
                objects=objects,
            )
            return self.run(
                pipeline, request, faults=faults, patches=patches or {}, workers=workers
            )

    def run(
        self,
        pipeline: str,
        request: Request,
        *,
        faults: Sequence[Fault] = (),
        patches: Mapping[str, object],
        workers: bool | None,
    ) -> PipelineRun:
        """Run what ``request`` asks for, the pipeline or one function; see ``__call__``."""
        inline = not (self._workers if workers is None else workers)
        if self._adapts and workers is None and (patches or self._is_patched()):
            inline = True
        # A call that says workers=True may have other reasons to use monkeypatch.
        if not inline and (patches or (workers is None and self._is_patched())):
            raise InputError(
                "functions run in worker processes, where patches do not reach them: mark the test "
                "with @pytest.mark.workers(False), or give the call workers=False."
            )
        settings = read_settings(self._repository.root)
        planned = plan(
            self._repository,
            pipeline,
            replace(request, secrets=_checked(request.secrets)),
            cache=self._repository.root / ".dorc" / "packages",
            on_install=lambda: None,
        )
        self._redactions.add(planned.redaction)
        _check_needed(request.secrets, [each.secret.name for each in planned.secrets])
        planned_faults = Faults(faults, known=sorted({*planned.functions, *_steps(planned)}))
        scheduler = LateScheduler(VirtualClock(time.time()))
        lake = self._lake()
        lake.reset()
        result = run(
            planned,
            lake=lake,
            inline=inline,
            printing=True,
            scheduler=scheduler,
            around=lambda functions: FaultyFunctions(
                functions, planned_faults, planned.functions, scheduler
            ),
            patches=patches_by_function(patches, known=sorted(planned.functions)),
            fault_of=planned_faults.take,
            isolation=Isolation(settings.function_isolation, settings.function_network),
        )
        if not request.function:
            self._coverage.add(result.pipeline, result.document, result.events)
        if result.failure:
            # pytest itself shows what was printed in this process.
            failure = replace(result.failure, log=()) if inline else result.failure
            self._failed.append(FailedRun(result.pipeline, result.function, failure))
        return _pipeline_run(result, planned)


def _steps(planned: Plan) -> Iterator[str]:
    """Yield the names of all steps that call something; of called pipelines with their names."""
    yield from (name for name, _ in tasks_of(planned.document))
    for machine in planned.machines.values():
        place = machine.pipeline.replace("/", ".")
        yield from (f"{place}.{name}" for name, _ in tasks_of(machine.document))


def _checked(secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: check_value(name, value, where="secrets") for name, value in secrets.items()}


def _check_needed(secrets: Mapping[str, str], needed: Sequence[str]) -> None:
    for name in sorted(secrets.keys() - set(needed)):
        near = get_close_matches(name, needed, n=1)
        remedy = f"Did you mean '{near[0]}'?" if near else "Remove it."
        raise InputError(f"secrets: no function of the run reads '{name}'. {remedy}")


def _pipeline_run(result: RunResult, planned: Plan) -> PipelineRun:
    ending = result.ending
    entries = [
        LogEntry(event.function, event.text)
        for event in result.events
        if isinstance(event, FunctionLogged)
    ]
    return PipelineRun(
        succeeded=ending.status == "SUCCEEDED",
        output=ending.output,
        error=ending.error,
        cause=ending.cause,
        advice=result.failure.advice if result.failure else "",
        states=result.states,
        lake=Written(result.written),
        log=tuple(entries),
        # The clock counts from the epoch, so its floats are exact to microseconds only.
        seconds=round(result.seconds, 6),
        waits=tuple(_waits(result.events)),
        tables=Records(result.tables),
        messages=Records(result.messages),
        calls=result.calls,
        memory={name: each.used for name, each in result.memory.items()},
        failure=result.failure,
        table_keys={
            each.name: tuple(key for key in (each.partition_key, each.sort_key) if key)
            for each in planned.resources
            if isinstance(each, Table)
        },
    )


def _waits(events: Sequence[Event]) -> Iterator[Waited]:
    entered: dict[int, float] = {}
    for event in events:
        match event:
            case StateEntered(at=at, visit=visit):
                entered[visit.number] = at
            case StateExited(at=at, visit=visit) if visit.kind == "Wait":
                yield Waited(visit.state, round(at - entered[visit.number], 6))
            case StateRetried(visit=visit, wait=wait):
                yield Waited(visit.state, wait)
            case _:
                pass
