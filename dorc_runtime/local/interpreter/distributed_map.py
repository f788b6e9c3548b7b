"""A distributed Map: what it runs over, how much may fail, and where its results go.

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
from dorc_runtime.local.interpreter.attempt import Attempt, StateError
from dorc_runtime.local.interpreter.concurrency import in_lanes
from dorc_runtime.local.interpreter.executions import Begin, Execution, Run, Scope, Storage
from dorc_runtime.runs.events import Ending

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
CONCURRENCY = 10_000

_LIST = "arn:aws:states:::s3:listObjectsV2"
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


async def distributed(attempt: Attempt, scope: Scope, run: Run, begin: Begin) -> JsonValue:
    """Run an execution for each item, or batch, of a Map, and return the Map's result.

    Raises:
        StateError: The items cannot be read, too many of them fail, or the results not be written.
    """
    items = items_of(attempt, run.lake)
    map_run = MapRun(attempt, total=len(items))
    parts = batches(attempt, [attempt.selected(index, item) for index, item in enumerate(items)])
    machine = attempt.state["ItemProcessor"]

    async def carry_out(number: int) -> None:
        event, size = parts[number]
        execution = run.execution.part(map_run.name, event, now=run.scheduler.clock.now())
        part = replace(run, execution=execution)
        place = Scope((*scope.path, attempt.name, str(number)))
        work = begin(machine, part, place)
        try:
            ending = await work
        finally:
            run.scheduler.cancel(work)
        now = run.scheduler.clock.now()
        map_run.add(number, execution, ending, items=size, now=now)

    width = min(attempt.state.get("MaxConcurrency") or CONCURRENCY, CONCURRENCY)
    await in_lanes(run.scheduler, len(parts), carry_out, width=width)
    return map_run.result(run.execution, run.lake)


@dataclass
class MapRun:
    """One run of a distributed Map over ``total`` items, and the executions that it started."""

    attempt: Attempt
    total: int
    ended: dict[int, tuple[Execution, Ending, float]] = field(default_factory=dict)
    failed: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """What its executions' machine is called behind the pipeline's."""
        return f"{self.attempt.name}:{self.id}"

    def add(
        self, number: int, execution: Execution, ending: Ending, *, items: int, now: float
    ) -> None:
        """Note how the execution with this number, over so many items, has ended.

        Raises:
            StateError: More items have failed than the Map tolerates.
        """
        self.ended[number] = (execution, ending, now)
        if ending.status == "SUCCEEDED":
            return
        self.failed += items
        count = self.attempt.state.get("ToleratedFailureCount")
        part = self.attempt.state.get("ToleratedFailurePercentage", 100 if count else 0)
        over_count = count is not None and self.failed > count
        if over_count or 100 * self.failed > part * self.total:
            raise StateError(
                "States.ExceedToleratedFailureThreshold",
                f"{self.failed} of the {self.total} items of '{self.attempt.name}' failed, the "
                f"last by {ending.error}: {ending.cause}",
            )

    def result(self, execution: Execution, lake: Storage) -> JsonValue:
        """Return the Map's result, written to where it says; ``execution`` is the whole run."""
        writer = self.attempt.state.get("ResultWriter")
        if writer is None:
            return [
                ending.output if ending.status == "SUCCEEDED" else part.written(ending, now=now)
                for part, ending, now in self._in_order()
            ]
        arguments = self.attempt.evaluate("ResultWriter", writer["Arguments"])
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
        told = [
            part.written(ending, now=now)
            for part, ending, now in self._in_order()
            if (ending.status == "SUCCEEDED") == (status == "SUCCEEDED")
        ]
        if not told:
            return []
        key, body = f"{folder}/{status}_0.json", json.dumps(told, ensure_ascii=False).encode()
        lake.put(bucket, key, body)
        return [{"Key": key, "Size": len(body)}]


def items_of(attempt: Attempt, lake: Storage) -> list[JsonValue]:
    """Return the items of a Map: a list, or what it reads in the lake.

    Raises:
        StateError: They cannot be read.
    """
    reader = attempt.state.get("ItemReader")
    if reader is None:
        return attempt.items()
    arguments = attempt.evaluate("ItemReader", reader["Arguments"])
    assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
    config: Mapping[str, Any] = reader.get("ReaderConfig", {})
    try:
        if reader["Resource"] == _LIST:
            found = _listed(lake, arguments)
        else:
            body = lake.get(str(arguments["Bucket"]), str(arguments["Key"]))
            found = _READERS[config["InputType"]](body.decode("utf-8-sig"), config)
        return list(itertools.islice(found, config.get("MaxItems")))
    except (UnknownNameError, ValueError) as error:
        cause = f"The items of the state '{attempt.name}' cannot be read: {error}"
        raise StateError("States.ItemReaderFailed", cause) from error


def batches(attempt: Attempt, events: Sequence[JsonValue]) -> list[tuple[JsonValue, int]]:
    """Return what each execution of a Map gets, and how many of the items ``events`` that is."""
    batcher = attempt.state.get("ItemBatcher")
    if batcher is None:
        return [(event, 1) for event in events]
    size = batcher["MaxItemsPerBatch"]
    parts = [list(events[start : start + size]) for start in range(0, len(events), size)]
    return [({"Items": part}, len(part)) for part in parts]


def _listed(lake: Storage, arguments: Mapping[str, JsonValue]) -> Iterator[JsonValue]:
    prefix = str(arguments.get("Prefix", ""))
    for found in lake.objects(str(arguments["Bucket"])):
        if found.key.startswith(prefix):
            yield {
                "Etag": f'"{found.etag}"',
                "Key": found.key,
                "LastModified": int(found.last_modified.timestamp()),
                "Size": found.size,
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
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("the JSON file does not hold a list")  # noqa: TRY004 - not a type of ours
    yield from found


def _json_lines(text: str, config: Mapping[str, Any]) -> Iterator[JsonValue]:
    yield from (json.loads(line) for line in text.split("\n") if line.strip())


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Iterator[JsonValue]]] = {
    "CSV": _csv,
    "JSON": _json,
    "JSONL": _json_lines,
}
