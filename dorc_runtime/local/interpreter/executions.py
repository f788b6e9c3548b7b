"""Executions: what they run with, and what Step Functions reports of them.

The context object: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.functions.outcome import Functions
from dorc_runtime.local.interpreter.scheduler import Scheduler, Task
from dorc_runtime.runs.events import Ending, Event, ExecutionStatusChanged


@dataclass(frozen=True)
class Execution:
    """One execution of the state machine with the ARN ``machine``.

    ``started_at`` is in seconds since 1970.
    """

    arn: str
    name: str
    machine: str
    input: JsonValue
    started_at: float
    role: str = ""

    def child(self, machine: str, event: JsonValue, *, now: float) -> "Execution":
        """Return an execution of ``machine`` that this one starts."""
        name = str(uuid.uuid4())
        return replace(
            self, arn=_of(machine, name), name=name, machine=machine, input=event, started_at=now
        )

    def map_child(self, run: str, event: JsonValue, *, now: float) -> "Execution":
        """Return the execution of an item, or batch, of the Map run called ``run``."""
        name = str(uuid.uuid4())
        machine = f"{self.machine}/{run}"
        return replace(
            self, arn=_of(machine, name), name=name, machine=machine, input=event, started_at=now
        )

    def context(self) -> dict[str, JsonValue]:
        """Return the part of the context object that is the same in all of its states."""
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.input,
                "Name": self.name,
                "RoleArn": self.role,
                "RedriveCount": 0,
                "StartTime": iso(self.started_at),
            },
            "StateMachine": {"Id": self.machine, "Name": self.machine.rpartition(":")[2]},
        }

    def start_response(self) -> dict[str, JsonValue]:
        """Return what ``StartExecution`` answers."""
        return {"ExecutionArn": self.arn, "StartDate": iso(self.started_at)}

    def status_change(self, ending: Ending | None, *, now: float) -> ExecutionStatusChanged:
        """Return the event that it started, or that it ended with ``ending``."""
        return ExecutionStatusChanged(
            now, self.arn, self.machine, self.name, self.input, self.started_at, ending
        )

    def description(self, ending: Ending, *, now: float) -> dict[str, JsonValue]:
        """Return what Step Functions reports of it after its end, with values and not their JSON.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
        """
        about: dict[str, JsonValue] = {
            "ExecutionArn": self.arn,
            "Input": self.input,
            "InputDetails": {"Included": True},
            "Name": self.name,
            "RedriveCount": 0,
            "StartDate": int(self.started_at * 1000),
            "StateMachineArn": self.machine,
            "Status": ending.status,
            "StopDate": int(now * 1000),
        }
        if ending.status == "SUCCEEDED":
            return {**about, "Output": ending.output, "OutputDetails": {"Included": True}}
        reasons: dict[str, JsonValue] = {"Error": ending.error, "Cause": ending.cause}
        return {**about, **{key: text for key, text in reasons.items() if text}}

    def map_run_record(self, ending: Ending, *, now: float) -> dict[str, JsonValue]:
        """Return what a distributed Map reports of it: input and output are texts of JSON.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
        """
        about = self.description(ending, now=now)
        for key in ("Input", "Output"):
            if key in about:
                about[key] = json.dumps(about[key], ensure_ascii=False, separators=(",", ":"))
        return {**about, "StartDate": iso(self.started_at), "StopDate": iso(now)}


class History:
    """Counts the events of one execution as its history on AWS does, inline Maps included.

    AWS's causes name the number of the event by which a state was entered:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """

    def __init__(self) -> None:
        self._last = 0

    def add(self, *types: str) -> int:
        """Count an event of each of ``types`` and return the number of the last one."""
        self._last += len(types)
        return self._last


class StoredObject(Protocol):
    """An object of a bucket; ``size`` is in bytes."""

    @property
    def key(self) -> str:
        """The object's key."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    @property
    def etag(self) -> str:
        """Its entity tag, without quotes."""

    @property
    def last_modified(self) -> datetime:
        """When it was written."""


class Storage(Protocol):
    """The buckets of a run."""

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object, or raise ``UnknownNameError``."""

    def objects(self, bucket: str) -> tuple[StoredObject, ...]:
        """Return all objects of a bucket by their keys, or raise ``UnknownNameError``."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object, or raise ``UnknownNameError`` for the bucket."""


class Services(Protocol):
    """The services of AWS, as the states of a run call them."""

    def call(self, action: str, arguments: Document, execution: Execution) -> JsonValue:
        """Return what ``action`` (``sns:publish``) answers, or raise ``StateError``."""


class TaskFault(Protocol):
    """What happens to a Task in place of its call, or before it.

    It fails with ``error``; without one it takes ``seconds`` longer, None: longer than any timeout.
    """

    @property
    def error(self) -> str:
        """The name of the error, "" for none."""

    @property
    def cause(self) -> str:
        """The cause of the error."""

    @property
    def seconds(self) -> float | None:
        """The delay."""


@dataclass(frozen=True)
class Machine:
    """The state machine of a pipeline (``layer/name``) that others call."""

    pipeline: str
    document: Document


@dataclass(frozen=True)
class Run:
    """One execution, and what it runs with.

    ``machines`` are those that it may start, by their ARNs; ``mocks`` are the results of tasks that
    do not run, and ``answers`` what tasks get that wait for an answer with their token, by the
    names of their states. ``fault_of`` returns the fault of the next call of a Task state that
    calls no function; states of called pipelines are named ``<layer>.<pipeline>.<state>``.
    ``pipeline`` is the one that a Call started, "" for the pipeline of the run itself.
    """

    scheduler: Scheduler
    functions: Functions
    observe: Callable[[Event], None]
    execution: Execution
    lake: Storage
    services: Services
    machines: Mapping[str, Machine] = field(default_factory=dict)
    mocks: Mapping[str, JsonValue] = field(default_factory=dict)
    answers: Mapping[str, JsonValue] = field(default_factory=dict)
    fault_of: Callable[[str], TaskFault | None] = lambda state: None
    pipeline: str = ""


@dataclass(frozen=True)
class Scope:
    """Where a state is: in which items of which Maps and which branches of which Parallels.

    ``context`` is what it sees in the context object because of that, ``variables`` the variables
    that have a value.
    """

    path: tuple[str, ...] = ()
    context: Mapping[str, JsonValue] = field(default_factory=dict)
    variables: Mapping[str, JsonValue] = field(default_factory=dict)


# Starts an execution of a machine, or of an item of a distributed Map, and returns its ending.
StartMachine = Callable[[Mapping[str, Any], Run, Scope], Task[Ending]]


def iso(moment: float) -> str:
    """Return ``moment``, in seconds since 1970, as ISO 8601 text in UTC, to the millisecond."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _of(machine: str, name: str) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
