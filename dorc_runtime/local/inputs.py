"""What a run starts with: the objects in the lake, and the event of a trigger."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.object_triggers import (
    StoredObject,
    object_input,
    object_triggers,
    watched_bucket,
)
from dorc_runtime.compile.triggers.trigger_input import iso_time, pipeline_event, schedule_input
from dorc_runtime.errors import InputError, UnknownNameError
from dorc_runtime.local.json_text import given_json, read_json
from dorc_runtime.local.seeds.example_seeds import QUEUES, TOPICS, SeedValues
from dorc_runtime.local.seeds.lake_seeds import (
    Seed,
    earlier_seeds,
    example_seeds,
    given_seeds,
    joined_seeds,
    shared_seeds,
    shown_bucket,
)
from dorc_runtime.local.seeds.trigger_messages import trigger_messages
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.triggers import (
    CronTrigger,
    PipelineTrigger,
    QueueTrigger,
    S3Trigger,
    TopicTrigger,
)
from dorc_runtime.project.repository import PipelineFolder
from dorc_runtime.runs.folder import SavedRun


@dataclass(frozen=True)
class Start:
    """What a run starts with; ``origin`` says in words where the event comes from.

    ``example`` is the example that the files are from, if any.
    """

    seeds: tuple[Seed, ...]
    event: JsonValue
    origin: str
    example: str | None = None


@dataclass(frozen=True)
class Request:
    """What a user asks a run to start with; without anything it is the default example.

    ``start`` comes from another run, and is used with the shared lake of the pipeline alone.
    ``seeds`` are put into services. ``answers`` are what the steps get that wait for an answer with
    their token, by the steps' names. ``secrets`` has values of secrets, which replace those in
    files. ``earlier`` is a saved run: this run starts with what it left in the lake and in tables.
    ``objects`` are files that are in the lake, by ``zone/key``. With ``function``, that one
    function of the pipeline is called, and the input is its event. ``origin`` says in words where
    the input comes from, "" for a user.
    """

    example: str | None = None
    file: Path | None = None
    input: str | None = None
    start: Start | None = None
    seeds: SeedValues = field(default_factory=SeedValues)
    earlier: SavedRun | None = None
    answers: Mapping[str, JsonValue] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    objects: Mapping[str, Path] = field(default_factory=dict)
    function: str = ""
    origin: str = ""


def start_of(
    folder: PipelineFolder,
    pipeline: Pipeline,
    request: Request,
    *,
    now: datetime,
    target: Target,
) -> Start:
    """Return what to start ``pipeline`` with in ``target``.

    Raises ``InputError`` for a file or input that cannot be used, ``UnknownNameError`` for an
    example that does not exist.
    """
    shared = shared_seeds(folder, pipeline, target)
    if request.start is not None:
        return replace(request.start, seeds=shared)
    example = _example(folder, request)
    seeds = example_seeds(folder, pipeline, example, target) if example else ()
    if request.earlier is not None:
        left = earlier_seeds(request.earlier, pipeline, target)
        # Of one function: the lake is as the run left it, and the example's objects are older.
        seeds = joined_seeds(left, seeds) if request.function else joined_seeds(seeds, left)
    if request.objects:
        seeds = joined_seeds(given_seeds(request.objects, pipeline, target), seeds)
    seeds = joined_seeds(seeds, shared)
    if request.input is not None:
        option = "--event" if request.function else "--input"
        value = given_json(request.input, option=option)
        return Start(seeds, value, request.origin or f"the {option[2:]}", example)
    if request.file is not None:
        seed = _uploaded(folder, pipeline, request.file, target)
        origin = f"{seed.key} in {shown_bucket(seed.bucket)}"
        return Start((*seeds, seed), _object(seed, now), origin, example)
    if example and (file := folder.path / "examples" / example / "input.json").is_file():
        origin = f"example {example}, input.json"
        name = file.relative_to(folder.root).as_posix()
        return Start(seeds, read_json(file, name=name), origin, example)
    path = folder.path / "examples" / example if example else None
    messages = trigger_messages(
        pipeline,
        folder.id,
        example=path,
        seeds=request.seeds,
        root=folder.root,
        at=now.timestamp(),
        target=target,
    )
    event, origin = messages or _trigger_event(
        folder, pipeline, seeds, now, example=example, target=target
    )
    if example:
        return Start(seeds, event, f"example {example}, {origin}", example)
    return Start(seeds, event, origin)


def _example(folder: PipelineFolder, request: Request) -> str | None:
    if request.example is not None:
        if request.example not in folder.examples:
            raise UnknownNameError("example", request.example, folder.examples)
        return request.example
    others = (request.file, request.input, request.earlier)
    if folder.examples and not request.objects and others == (None, None, None):
        if folder.default_example is None:
            raise InputError(
                f"{folder.id} has {len(folder.examples)} examples, and none is called first: add "
                f"--example, in a test example=. Known: {', '.join(folder.examples)}."
            )
        return folder.default_example
    return None


def _uploaded(folder: PipelineFolder, pipeline: Pipeline, file: Path, target: Target) -> Seed:
    if not file.is_file():
        raise InputError(f"--file {file} does not exist.")
    triggers = tuple(object_triggers(pipeline, layer=folder.layer, target=target))
    if not triggers:
        raise InputError(f"{folder.id} has no S3Trigger, so --file cannot start it: use --input.")
    for bucket, trigger in triggers:
        key = trigger.prefix + file.name
        if trigger.matches(key):
            return Seed(bucket, key, file)
    patterns = ", ".join(f"{trigger.prefix}*{trigger.suffix}" for _, trigger in triggers)
    raise InputError(f"--file {file} does not match what starts {folder.id}: {patterns}.")


def _trigger_event(
    folder: PipelineFolder,
    pipeline: Pipeline,
    seeds: Sequence[Seed],
    now: datetime,
    *,
    example: str | None,
    target: Target,
) -> tuple[JsonValue, str]:
    """Return what the first trigger that can fire would send, and its origin."""
    for trigger in pipeline.triggers:
        match trigger:
            case S3Trigger():
                bucket = watched_bucket(trigger, layer=folder.layer, target=target)
                for seed in seeds:
                    if seed.bucket == bucket and trigger.matches(seed.key):
                        origin = f"{seed.key} in {shown_bucket(bucket)}"
                        return _object(seed, now), origin
            case CronTrigger():
                event = schedule_input(trigger, now)
                return event, f"the schedule {trigger.schedule}"
            case PipelineTrigger():
                event = pipeline_event(
                    pipeline=trigger.pipeline,
                    execution="local",
                    status=trigger.on[0],
                    time=iso_time(now),
                    input="{}",
                    output="{}" if trigger.on[0] == "SUCCEEDED" else None,
                )
                return event, f"{trigger.pipeline} ended"
            case _:
                pass
    if example and seeds:
        return {}, "an empty input"
    place = f"src/{folder.id}/examples/{example or 'first'}"
    folders = {
        QUEUES: any(isinstance(each, QueueTrigger) for each in pipeline.triggers),
        TOPICS: any(isinstance(each, TopicTrigger) for each in pipeline.triggers),
    }
    messages = [f"{place}/{name}/<name>.jsonl" for name, starts in folders.items() if starts]
    raise InputError(
        f"{folder.id} has no input: write {' or '.join((f'{place}/input.json', *messages))}, or "
        f"put a file that its trigger matches into {place}/lake/<zone>/, or give --file or --input."
    )


def _object(seed: Seed, now: datetime) -> JsonValue:
    body = seed.path.read_bytes()
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return object_input(StoredObject(seed.bucket, seed.key, len(body), etag, now))
