"""Distributed Maps: their items, tolerated failures and results.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import csv
import io
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.interpreter.concurrency import in_lanes
from dorc_runtime.local.interpreter.executions import Execution, Run, Scope, StartMachine, Storage
from dorc_runtime.local.interpreter.state_error import StateError
from dorc_runtime.local.interpreter.state_fields import StateFields
from dorc_runtime.runs.events import Ending

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
CONCURRENCY = 10_000

_LIST = "arn:aws:states:::s3:listObjectsV2"
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


async def run_distributed_map(
    fields: StateFields, scope: Scope, run: Run, start: StartMachine
) -> JsonValue:
    """Run an execution for each item, or batch, of a Map, and return the Map's result.

    Raises:
        StateError: The items cannot be read, too many of them fail, or the results not be written.
    """
    items = items_of(fields, run.lake)
    map_run = MapRun(fields, total=len(items))
    parts = batches(fields, [fields.selected(index, item) for index, item in enumerate(items)])
    machine = fields.state["ItemProcessor"]

    async def carry_out(number: int) -> None:
        event, size = parts[number]
        execution = run.execution.map_child(map_run.name, event, now=run.scheduler.clock.now())
        part = replace(run, execution=execution)
        place = Scope((*scope.path, fields.name, str(number)))
        work = start(machine, part, place)
        try:
            ending = await work
        finally:
            run.scheduler.cancel(work)
        now = run.scheduler.clock.now()
        map_run.add(number, execution, ending, items=size, now=now)

    width = min(fields.state.get("MaxConcurrency") or CONCURRENCY, CONCURRENCY)
    await in_lanes(run.scheduler, len(parts), carry_out, width=width)
    return map_run.result(run.execution, run.lake)


@dataclass
class MapRun:
    """One run of a distributed Map over ``total`` items, and the executions that it started."""

    fields: StateFields
    total: int
    ended: dict[int, tuple[Execution, Ending, float]] = field(default_factory=dict)
    failed: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """The last part of the name of its executions' state machine."""
        return f"{self.fields.name}:{self.id}"

    def add(
        self, number: int, execution: Execution, ending: Ending, *, items: int, now: float
    ) -> None:
        """Record the ending of the execution ``number``, which has so many items.

        Raises:
            StateError: More items have failed than the Map tolerates.
        """
        self.ended[number] = (execution, ending, now)
        if ending.status == "SUCCEEDED":
            return
        self.failed += items
        count = self.fields.state.get("ToleratedFailureCount")
        part = self.fields.state.get("ToleratedFailurePercentage", 100 if count else 0)
        over_count = count is not None and self.failed > count
        if over_count or 100 * self.failed > part * self.total:
            raise StateError(
                "States.ExceedToleratedFailureThreshold",
                f"{self.failed} of the {self.total} items of '{self.fields.name}' failed, the "
                f"last by {ending.error}: {ending.cause}",
            )

    def result(self, execution: Execution, lake: Storage) -> JsonValue:
        """Return the Map's result, written to the lake if the Map says so.

        ``execution`` is the one that the Map is in.
        """
        writer = self.fields.state.get("ResultWriter")
        if writer is None:
            return [
                ending.output
                if ending.status == "SUCCEEDED"
                else part.map_run_record(ending, now=now)
                for part, ending, now in self._in_order()
            ]
        arguments = self.fields.evaluate("ResultWriter", writer["Arguments"])
        assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
        bucket, prefix = str(arguments["Bucket"]), str(arguments.get("Prefix", ""))
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


def items_of(fields: StateFields, lake: Storage) -> list[JsonValue]:
    """Return the items of a Map: its list, or what it reads in the lake.

    Raises:
        StateError: They cannot be read.
    """
    reader = fields.state.get("ItemReader")
    if reader is None:
        return fields.items()
    arguments = fields.evaluate("ItemReader", reader["Arguments"])
    assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
    config: Mapping[str, Any] = reader.get("ReaderConfig", {})
    try:
        if reader["Resource"] == _LIST:
            items = _listed(lake, arguments)
        else:
            body = lake.get(str(arguments["Bucket"]), str(arguments["Key"]))
            items = _READERS[config["InputType"]](body.decode("utf-8-sig"), config)
        return list(itertools.islice(items, config.get("MaxItems")))
    except (UnknownNameError, ValueError) as error:
        cause = f"The items of the state '{fields.name}' cannot be read: {error}"
        raise StateError("States.ItemReaderFailed", cause) from error


def batches(fields: StateFields, events: Sequence[JsonValue]) -> list[tuple[JsonValue, int]]:
    """Return what each execution of a Map gets, and how many of the items ``events`` that is."""
    batcher = fields.state.get("ItemBatcher")
    if batcher is None:
        return [(event, 1) for event in events]
    size = batcher["MaxItemsPerBatch"]
    parts = [list(events[start : start + size]) for start in range(0, len(events), size)]
    return [({"Items": part}, len(part)) for part in parts]


def _listed(lake: Storage, arguments: Mapping[str, JsonValue]) -> Iterator[JsonValue]:
    prefix = str(arguments.get("Prefix", ""))
    for stored in lake.objects(str(arguments["Bucket"])):
        if stored.key.startswith(prefix):
            yield {
                "Etag": f'"{stored.etag}"',
                "Key": stored.key,
                "LastModified": int(stored.last_modified.timestamp()),
                "Size": stored.size,
                "StorageClass": "STANDARD",
            }


def _csv(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = config.get("CSVHeaders") or next(lines, [])
    if len(set(names)) < len(names):
        raise ValueError("two columns of the CSV file have the same name")
    for line in lines:
        if line:
            cells = itertools.zip_longest(names, line[: len(names)], fillvalue="")
            yield dict(cells)


def _json(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    items = json.loads(text)
    if not isinstance(items, list):
        raise ValueError("the JSON file does not hold a list")  # noqa: TRY004 - not a type of ours
    yield from items


def _json_lines(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    yield from (json.loads(line) for line in text.split("\n") if line.strip())


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Iterator[JsonValue]]] = {
    "CSV": _csv,
    "JSON": _json,
    "JSONL": _json_lines,
}
