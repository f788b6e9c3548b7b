"""Distributed Maps: their items, tolerated failures and results.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from dorc_runtime.compile.document.runnable import item_processor
from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.interpreter.concurrency import in_lanes
from dorc_runtime.local.interpreter.executions import Execution, Run, Scope, StartMachine, Storage
from dorc_runtime.local.interpreter.map_items import batches, read_items
from dorc_runtime.local.interpreter.state_fields import StateError, StateFields
from dorc_runtime.runs.events import Ending

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
CONCURRENCY = 10_000


async def run_distributed_map(
    fields: StateFields,
    scope: Scope,
    run: Run,
    start: StartMachine,
    progress: Callable[[int, int], None],
) -> JsonValue:
    """Run an execution for each item, or batch, of a Map, and return the Map's result.

    ``progress`` gets how many items have ended, of how many.

    Raises:
        StateError: The items cannot be read, too many of them fail, or the results not be written.
    """
    tolerance = Tolerance.of(fields)
    items = None if "ItemReader" in fields.state else fields.items()
    fields.history.add("MapStateStarted", "MapRunStarted")
    try:
        items = read_items(fields, run.lake) if items is None else items
        map_run = MapRun(fields, tolerance, total=len(items))
        progress(0, map_run.total)
        await _run_items(map_run, items, scope, run, start, progress)
        result = map_run.result(run.execution, run.lake)
    except StateError:
        fields.history.add("MapRunFailed")
        raise
    fields.history.add("MapRunSucceeded")
    return result


async def _run_items(
    map_run: "MapRun",
    items: list[JsonValue],
    scope: Scope,
    run: Run,
    start: StartMachine,
    progress: Callable[[int, int], None],
) -> None:
    fields = map_run.fields
    width = min(fields.whole_number("MaxConcurrency") or CONCURRENCY, CONCURRENCY)
    parts = batches(fields, [fields.selected(index, item) for index, item in enumerate(items)])
    processor = item_processor(fields.state)

    async def carry_out(number: int) -> None:
        event, size = parts[number]
        execution = run.execution.map_child(map_run.name, event, now=run.scheduler.clock.now())
        part = replace(run, execution=execution)
        place = Scope((*scope.path, fields.name, str(number)))
        work = start(processor, part, place)
        try:
            ending = await work
        finally:
            run.scheduler.cancel(work)
        now = run.scheduler.clock.now()
        map_run.add(number, execution, ending, items=size, now=now)
        progress(map_run.ended_items, map_run.total)

    await in_lanes(run.scheduler, len(parts), carry_out, width=width)


@dataclass(frozen=True)
class Tolerance:
    """How many items of a distributed Map may fail: a number, and a percentage of all."""

    count: int | None
    percentage: float

    @classmethod
    def of(cls, fields: StateFields) -> "Tolerance":
        """Return what the state says; a number alone sets no percentage."""
        count = fields.whole_number("ToleratedFailureCount")
        percentage = 100 if count else 0
        if "ToleratedFailurePercentage" in fields.state:
            template = fields.state["ToleratedFailurePercentage"]
            percentage = fields.typed("ToleratedFailurePercentage", template, "number")
        return cls(count, percentage)

    def exceeded(self, failed: int, total: int) -> bool:
        """Return whether ``failed`` items of ``total`` are too many."""
        over_count = self.count is not None and failed > self.count
        return over_count or 100 * failed > self.percentage * total


@dataclass
class MapRun:
    """One run of a distributed Map over ``total`` items, and the executions that it started."""

    fields: StateFields
    tolerance: Tolerance
    total: int
    ended: dict[int, tuple[Execution, Ending, float]] = field(default_factory=dict)
    ended_items: int = 0
    failed: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """The last part of the name of its executions' state machine."""
        return f"{self.fields.state.get('Label', self.fields.name)}:{self.id}"

    def add(
        self, number: int, execution: Execution, ending: Ending, *, items: int, now: float
    ) -> None:
        """Record the ending of the execution ``number``, which has so many items.

        Raises:
            StateError: More items have failed than the Map tolerates.
        """
        self.ended[number] = (execution, ending, now)
        self.ended_items += items
        if ending.status == "SUCCEEDED":
            return
        self.failed += items
        if self.tolerance.exceeded(self.failed, self.total):
            raise StateError(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
                advice=f"{self.failed} of {self.total} items failed, more than the Map tolerates.",
                inner=ending,
            )

    def result(self, execution: Execution, lake: Storage) -> JsonValue:
        """Return the Map's result, written to the lake if the Map says so.

        ``execution`` is the one that the Map is in.
        """
        writer = self.fields.state.get("ResultWriter", {})
        if "Arguments" not in writer:
            return [
                ending.output
                if ending.status == "SUCCEEDED"
                else part.map_run_record(ending, now=now)
                for part, ending, now in self._in_order()
            ]
        arguments = self.fields.typed("ResultWriter/Arguments", writer["Arguments"], "object")
        bucket, prefix = str(arguments.get("Bucket")), str(arguments.get("Prefix", ""))
        folder = f"{prefix}/{self.id}" if prefix else self.id
        arn = f"{execution.machine.replace(':stateMachine:', ':mapRun:')}/{self.name}"
        files: dict[str, JsonValue] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        try:
            for status in ("FAILED", "SUCCEEDED"):
                files[status] = self._write(lake, bucket, folder, status)
            manifest = {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": files}
            key = f"{folder}/manifest.json"
            lake.put(bucket, key, json.dumps(manifest).encode())
        except UnknownNameError as error:
            raise StateError("States.ResultWriterFailed", str(error)) from error
        return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}

    def _in_order(self) -> list[tuple[Execution, Ending, float]]:
        return [self.ended[number] for number in sorted(self.ended)]

    def _write(self, lake: Storage, bucket: str, folder: str, status: str) -> list[JsonValue]:
        records = [
            part.map_run_record(ending, now=now)
            for part, ending, now in self._in_order()
            if (ending.status == "SUCCEEDED") == (status == "SUCCEEDED")
        ]
        if not records:
            return []
        key, body = f"{folder}/{status}_0.json", json.dumps(records, ensure_ascii=False).encode()
        lake.put(bucket, key, body)
        return [{"Key": key, "Size": len(body)}]
