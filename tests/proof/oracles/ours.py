"""Dorc's interpreter of Amazon States Language, given documents and functions as Python."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.aws.lake import LakeObject
from dorc_runtime.local.functions.outcome import Cancel, Outcome, Raised, Returned
from dorc_runtime.local.interpreter.executions import Execution, Run
from dorc_runtime.local.interpreter.machine import execute
from dorc_runtime.local.interpreter.scheduler import Scheduler, VirtualClock
from dorc_runtime.local.interpreter.state_fields import StateError
from dorc_runtime.runs.events import Ending, Event

from .moto_oracle import Answer

START = 1_900_000_000.0
MACHINE = "arn:aws:states:eu-west-2:123456789012:stateMachine:m"


def run(
    document: Document,
    event: JsonValue,
    answer: Answer,
    *,
    buckets: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[Ending, list[Event]]:
    """Return how ``document`` ends on ``event``, and all that happened; no time passes.

    ``buckets`` have texts by their keys.
    """
    events: list[Event] = []
    execution = Run(
        scheduler=Scheduler(VirtualClock(START)),
        functions=_Called(answer),
        observe=events.append,
        execution=Execution("arn:run", "run", MACHINE, event, START),
        lake=_Stored({name: dict(objects) for name, objects in (buckets or {}).items()}),
        services=_Refused(),
    )
    return execute(document, run=execution), events


@dataclass(frozen=True)
class _Called:
    """Functions that are called where they are submitted."""

    answer: Answer

    def start(self, names: Iterable[str]) -> None:
        """Nothing has to start."""

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        answer, failed = self.answer(name, payload)
        if failed:
            assert isinstance(answer, dict)
            done(Raised(str(answer["errorType"]), json.dumps(answer, separators=(",", ":"))))
        else:
            done(Returned(answer))
        return lambda: None

    def close(self) -> None:
        """Nothing has to end."""


@dataclass(frozen=True)
class _Stored:
    buckets: dict[str, dict[str, str]]

    def get(self, bucket: str, key: str) -> bytes:
        if key not in self.buckets.get(bucket, {}):
            raise UnknownNameError("object", key, [])
        return self.buckets[bucket][key].encode()

    def objects(self, bucket: str) -> tuple[LakeObject, ...]:
        if bucket not in self.buckets:
            raise UnknownNameError("bucket", bucket, [])
        moment = datetime.fromtimestamp(START, UTC)
        return tuple(
            LakeObject(bucket, key, len(text), "etag", moment, "")
            for key, text in sorted(self.buckets[bucket].items())
        )

    def put(self, bucket: str, key: str, body: bytes) -> None:
        if bucket not in self.buckets:
            raise UnknownNameError("bucket", bucket, [])
        self.buckets[bucket][key] = body.decode()


class _Refused:
    """Services that there are none of."""

    def call(self, action: str, arguments: Document, execution: Execution) -> JsonValue:
        raise StateError("States.Runtime", action)
