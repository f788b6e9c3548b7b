"""What a pipeline reads and writes, by its definition, in words for people."""

from collections.abc import Iterator

from dorc_runtime.compile.permissions.function_access import Entry, reads, writes
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.references import references_in, with_calls
from dorc_runtime.model.resources import resource_arguments
from dorc_runtime.model.steps import Function, Map, Objects, Rows, Service, Step, all_steps

# The first words of actions that change nothing.
_READING = ("get", "head", "list", "query", "scan", "receive", "batchget", "describe")


def pipeline_reads(pipeline: Pipeline, *, layer: str) -> tuple[str, ...]:
    """Return the zones, buckets and resources that a pipeline of ``layer`` reads."""
    found: dict[str, None] = {}
    for step in all_steps(pipeline.steps):
        found |= dict.fromkeys(_step_reads(step, layer))
    return tuple(found)


def pipeline_writes(pipeline: Pipeline, *, layer: str) -> tuple[str, ...]:
    """Return the zones, buckets and resources that a pipeline of ``layer`` writes."""
    found: dict[str, None] = {}
    for step in all_steps(pipeline.steps):
        found |= dict.fromkeys(_step_writes(step, layer))
    return tuple(found)


def _step_reads(step: Step, layer: str) -> Iterator[str]:
    match step:
        case Function():
            yield from map(_entry_text, reads(step, layer))
        case Map(over=Objects(bucket=str(bucket)) | Rows(bucket=str(bucket))) if bucket[:1] != "{":
            yield with_calls(bucket)
        case Service() if _is_reading(step):
            yield from _named_resources(step)
        case _:
            pass


def _step_writes(step: Step, layer: str) -> Iterator[str]:
    match step:
        case Function():
            yield from map(_entry_text, writes(step, layer))
        case Map(results=str(results)):
            yield with_calls(results)
        case Service() if not _is_reading(step):
            yield from _named_resources(step)
        case _:
            pass


def _entry_text(entry: Entry) -> str:
    return with_calls(entry) if isinstance(entry, str) else f"{entry.kind} {entry.name}"


def _is_reading(step: Service) -> bool:
    return step.action.rpartition(":")[2].lower().startswith(_READING)


def _named_resources(step: Service) -> Iterator[str]:
    for _, kind, text in resource_arguments(step.arguments):
        names = (name for other, name in references_in(text) if other.startswith(kind))
        yield from (f"{kind} {name}" for name in names)
