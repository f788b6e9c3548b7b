"""One run of a pipeline on this machine: from its plan to its result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dorc_runtime.compile.arns import execution_arn
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.aws.run_resources import create_resource, put_seeds
from dorc_runtime.local.aws.run_secrets import store_secret
from dorc_runtime.local.aws.services import LocalServices
from dorc_runtime.local.functions.inline import InlineFunctions
from dorc_runtime.local.functions.outcome import Functions, LogLine
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.interpreter.executions import Execution, Run, TaskFault
from dorc_runtime.local.interpreter.machine import execute
from dorc_runtime.local.interpreter.scheduler import RealClock, Scheduler
from dorc_runtime.local.plan.local_target import ACCOUNT
from dorc_runtime.local.plan.run_plan import Plan
from dorc_runtime.local.run_failure import run_failure
from dorc_runtime.local.run_records import memory_of, messages_sent, service_calls, table_contents
from dorc_runtime.local.sandbox.mechanisms import Isolation
from dorc_runtime.local.seeds.lake_seeds import shown_bucket
from dorc_runtime.runs.events import Ending, Event, FunctionLogged
from dorc_runtime.runs.result import RunResult

if TYPE_CHECKING:
    from dorc_runtime.local.http.answer_server import AnswerServer

# The objects in a lake: the bucket and key of each, and when it was written.
_Content = frozenset[tuple[str, str, str]]
# Of many functions, only so many start before the first state.
_STARTED_AHEAD = 8


def run(
    planned: Plan,
    *,
    lake: Lake,
    inline: bool = False,
    printing: bool = False,
    scheduler: Scheduler | None = None,
    around: Callable[[Functions], Functions] = lambda functions: functions,
    patches: Mapping[str, Mapping[str, object]] | None = None,
    fault_of: Callable[[str], TaskFault | None] = lambda state: None,
    observe: Callable[[Event], None] = lambda event: None,
    isolation: Isolation = Isolation(),  # noqa: B008 # frozen
) -> RunResult:
    """Carry out a plan on ``lake``; objects that exist before do not count as written.

    Functions run in worker processes, or ``inline`` in this one, where a debugger reaches them but
    no limit applies. With ``printing``, inline functions also print to the terminal. Without
    ``scheduler``, time is real. ``around`` wraps the functions. ``patches`` are for inline
    functions. ``fault_of`` returns the faults of steps that call no function. ``observe`` gets each
    event, in order, on the calling thread. In events, and in the result, the values of secrets are
    replaced by their names.
    """
    events: list[Event] = []
    scheduler = scheduler or Scheduler(RealClock())

    def see(event: Event) -> None:
        redacted = planned.redaction.event(event)
        events.append(redacted)
        observe(redacted)

    def log(line: LogLine) -> None:
        scheduler.post(lambda: see(_logged(line, scheduler.clock.now())))

    make: Callable[..., Functions] = (
        partial(
            InlineFunctions,
            passthrough=planned.redaction.text if printing else None,
            patches=patches,
        )
        if inline
        else partial(WorkerPool, isolation=isolation)
    )
    with ExitStack() as running:
        server = running.enter_context(_answering(planned))
        known = planned.functions
        if server is not None:
            known = {name: replace(each, answered=server.hosts) for name, each in known.items()}
        functions = make(known, endpoint=lambda: lake.endpoint, region=planned.region, on_log=log)
        running.callback(functions.close)
        # Handlers load while the lake is filled; until then, their requests to it wait.
        with ThreadPoolExecutor(1) as thread:
            filling = thread.submit(fill, lake, planned)
            functions.start(tuple(known)[:_STARTED_AHEAD])
            before = filling.result()
        began = scheduler.clock.now()
        execution = _execution(planned, began)
        see(execution.status_change(None, now=began))
        ending = execute(
            planned.document,
            run=Run(
                scheduler=scheduler,
                functions=around(functions),
                observe=see,
                execution=execution,
                lake=lake,
                services=LocalServices(endpoint=lambda: lake.endpoint, region=planned.region),
                machines=planned.machines,
                mocks=planned.mocks,
                answers=planned.token_answers,
                fault_of=fault_of,
            ),
        )
        ended = scheduler.clock.now()
        see(execution.status_change(ending, now=ended))
    notes = server.notes() if server is not None else ()
    result = _result(planned, lake, before, events, ending, seconds=ended - began)
    redacted = planned.redaction.result(replace(result, notes=notes))
    return replace(
        redacted,
        failure=run_failure(redacted.ending, redacted.events, redacted.refusals, planned),
    )


def _result(
    planned: Plan,
    lake: Lake,
    before: _Content,
    events: Sequence[Event],
    ending: Ending,
    *,
    seconds: float,
) -> RunResult:
    """Return what a run did on ``lake``, which held ``before``."""
    calls = service_calls(lake, planned)
    after = _content(lake, planned.buckets)
    return RunResult(
        pipeline=planned.source.id,
        document=planned.document,
        input=planned.start.event,
        ending=ending,
        events=tuple(events),
        written=_written(lake, before, after),
        refusals=lake.refusals(),
        calls=calls,
        tables=table_contents(lake, planned),
        messages=messages_sent(calls, planned),
        seeded=_seeded(planned, before & after),
        seconds=seconds,
        memory=memory_of(planned, events),
        function=planned.function,
        example=planned.start.example or "",
    )


def _logged(line: LogLine, now: float) -> FunctionLogged:
    return FunctionLogged(now, line.function, line.text, line.request_id)


@contextmanager
def _answering(planned: Plan) -> Iterator["AnswerServer | None"]:
    """Play the hosts of the example for the time of the context, if it has any."""
    if not planned.answers:
        yield None
        return
    from dorc_runtime.local.http.answer_server import serving

    with serving(planned.answers, folder=planned.example) as server:
        yield server


def fill(lake: Lake, planned: Plan) -> _Content:
    """Put the run's first objects into the lake; return each that it holds, with its time.

    Functions can use the lake from then on.
    """
    lake.allow(planned.roles)
    for bucket in planned.buckets:
        lake.create_bucket(bucket)
    for resource in planned.resources:
        create_resource(lake, resource, planned.target)
    put_seeds(lake, planned.seeds, planned.target)
    for secret in planned.secrets:
        store_secret(lake, secret, region=planned.region)
    lake.put_files((seed.bucket, seed.key, seed.path) for seed in planned.start.seeds)
    lake.open()
    return _content(lake, planned.buckets)


def _content(lake: Lake, buckets: Iterable[str]) -> _Content:
    return frozenset(
        (bucket, item.key, item.write) for bucket in buckets for item in lake.objects(bucket)
    )


def _written(lake: Lake, before: _Content, after: _Content) -> dict[str, bytes]:
    changed = sorted(after - before)
    return {f"{shown_bucket(bucket)}/{key}": lake.get(bucket, key) for bucket, key, _ in changed}


def _seeded(planned: Plan, unchanged: _Content) -> dict[str, Path]:
    """Return the files of the objects that were put into the lake and still are there."""
    places = {(bucket, key) for bucket, key, _ in unchanged}
    return {
        f"{shown_bucket(seed.bucket)}/{seed.key}": seed.path
        for seed in planned.start.seeds
        if (seed.bucket, seed.key) in places
    }


def _execution(planned: Plan, began: float) -> Execution:
    name = f"local-{int(began)}"
    machine = planned.machine
    return Execution(
        arn=execution_arn(planned.region, ACCOUNT, machine.rpartition(":")[2], name),
        name=name,
        machine=machine,
        input=planned.start.event,
        started_at=began,
        role=f"arn:aws:iam::{ACCOUNT}:role/local",
    )
