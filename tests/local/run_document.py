"""Pipelines run by the interpreter alone: their functions are Python, their lake is a dict."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5

from pydantic import JsonValue

from dorc_runtime import Function, Pipeline
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.aws.lake import LakeObject
from dorc_runtime.local.aws.services import LocalServices
from dorc_runtime.local.functions.outcome import Cancel, Outcome, Raised, Returned
from dorc_runtime.local.interpreter.executions import Execution, Machine, Run
from dorc_runtime.local.interpreter.machine import execute
from dorc_runtime.local.interpreter.scheduler import Scheduler, VirtualClock
from dorc_runtime.model.steps import Step, all_steps, called_pipelines
from dorc_runtime.runs.events import Ending, Event, StateEntered

START = 1_900_000_000.0
REGION = "eu-west-2"
Body = Callable[[JsonValue], JsonValue]


class BrokenError(Exception):
    """An error that a function of these tests fails with, by name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Called:
    """Functions given as Python, called where they are submitted."""

    bodies: Mapping[str, Body]
    calls: list[tuple[str, JsonValue]] = field(default_factory=list)

    def start(self, names: Iterable[str]) -> None:
        """Nothing has to start."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        self.calls.append((name, payload))
        try:
            done(Returned(self.bodies[name](payload)))
        except BrokenError as error:
            cause = {"errorMessage": "broken", "errorType": error.name, "stackTrace": []}
            done(Raised(error.name, json.dumps(cause)))
        return lambda: None

    def close(self) -> None:
        """Nothing has to end."""


@dataclass
class Stored:
    """Buckets as dicts, the content of objects by their keys."""

    buckets: dict[str, dict[str, bytes]]

    def get(self, bucket: str, key: str) -> bytes:
        if key not in self.buckets.get(bucket, {}):
            raise UnknownNameError(f"object in {bucket}", key, [])
        return self.buckets[bucket][key]

    def objects(self, bucket: str) -> tuple[LakeObject, ...]:
        if bucket not in self.buckets:
            raise UnknownNameError("bucket", bucket, [])
        moment = datetime.fromtimestamp(START, UTC)
        return tuple(
            LakeObject(bucket, key, len(body), _etag(body), moment, "")
            for key, body in sorted(self.buckets[bucket].items())
        )

    def put(self, bucket: str, key: str, body: bytes) -> None:
        if bucket not in self.buckets:
            raise UnknownNameError("bucket", bucket, [])
        self.buckets[bucket][key] = body


def _etag(body: bytes) -> str:
    return md5(body, usedforsecurity=False).hexdigest()


@dataclass
class Ran:
    ending: Ending
    events: list[Event]
    calls: list[tuple[str, JsonValue]]
    seconds: float
    lake: dict[str, dict[str, bytes]]

    @property
    def states(self) -> list[str]:
        return [event.visit.state for event in self.events if isinstance(event, StateEntered)]


def machine_arn(pipeline: str) -> str:
    return f"arn:aws:states:{REGION}:123456789012:stateMachine:{pipeline.replace('/', '--')}"


def ran(
    *steps: Step,
    event: JsonValue = None,
    timeout: int = 3600,
    pipelines: Mapping[str, Pipeline] | None = None,
    lake: Mapping[str, Mapping[str, bytes]] | None = None,
    mocks: Mapping[str, JsonValue] | None = None,
    endpoint: str = "http://127.0.0.1:9",
    **bodies: Body,
) -> Ran:
    """Run ``steps`` on ``event``; ``pipelines`` are those that they may call, by their ids."""
    clock = VirtualClock(START)
    functions = Called(bodies)
    events: list[Event] = []
    stored = Stored({bucket: dict(objects) for bucket, objects in (lake or {}).items()})
    own = Pipeline(steps=steps, timeout=timedelta(seconds=timeout))
    machine = machine_arn("test/test")
    ending = execute(
        _document(own),
        run=Run(
            scheduler=Scheduler(clock),
            functions=functions,
            observe=events.append,
            execution=Execution("arn:run", "run", machine, event, START),
            lake=stored,
            services=LocalServices(endpoint=lambda: endpoint, region=REGION),
            machines={
                machine_arn(name): Machine(name, _document(called))
                for name, called in (pipelines or {}).items()
            },
            mocks=mocks or {},
        ),
    )
    return Ran(ending, events, functions.calls, clock.now() - START, stored.buckets)


def _document(pipeline: Pipeline) -> dict[str, JsonValue]:
    named = [step.name for step in all_steps(pipeline.steps) if isinstance(step, Function)]
    return state_machine(
        pipeline,
        arns={name: f"arn:aws:lambda:::{name}" for name in named},
        machines={name: machine_arn(name) for name in called_pipelines(pipeline.steps)},
    )


def failing(*names: str) -> Body:
    """Return a function that fails by each name in turn, and then returns how often it did."""
    left = list(names)

    def body(payload: JsonValue) -> JsonValue:
        if left:
            raise BrokenError(left.pop(0))
        return len(names)

    return body
