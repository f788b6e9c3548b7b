"""The task that lists the pipelines of a repository: ``list``."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.errors import DorcError
from dorc_runtime.project.repository import PipelineFolder
from dorc_runtime.tasks.entry import pinned_repository, print_line, report_errors
from dorc_runtime.tasks.options import JSON
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.runs.folder import SavedRun
    from dorc_runtime.tasks.drawings.pipeline_table import PipelineEntry


@task(name="list", help=JSON)
@report_errors
def list_pipelines(c: Context, json: bool = False) -> None:
    """List all pipelines: what starts each, what it reads and writes, and its last run here."""
    from dorc_runtime.runs.last_runs import last_runs
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.pipeline_table import pipelines_as_json, show_pipelines

    repository = pinned_repository(c)
    runs = last_runs(repository.root)
    entries = [_entry(folder, runs) for folder in repository.pipelines]
    if json:
        print_json(pipelines_as_json(entries, root=repository.root))
    elif entries:
        show_pipelines(entries)
    else:
        print_line("there are no pipelines: `invoke new-pipeline LAYER NAME` writes one.")


def _entry(
    folder: PipelineFolder, runs: "Mapping[str, tuple[SavedRun, datetime]]"
) -> "PipelineEntry":
    from dorc_runtime.compile.permissions.pipeline_access import pipeline_reads, pipeline_writes
    from dorc_runtime.compile.triggers.trigger_text import trigger_text
    from dorc_runtime.model.steps import called_pipelines
    from dorc_runtime.project.definitions import load_pipeline
    from dorc_runtime.tasks.drawings.pipeline_table import PipelineEntry

    last_run = runs.get(folder.id)
    try:
        pipeline = load_pipeline(folder)
    except DorcError as error:
        return PipelineEntry(folder.id, problem=str(error), last_run=last_run)
    return PipelineEntry(
        folder.id,
        triggers=tuple(trigger_text(each, folder.layer) for each in pipeline.triggers),
        reads=pipeline_reads(pipeline, layer=folder.layer),
        writes=pipeline_writes(pipeline, layer=folder.layer),
        called=called_pipelines(pipeline.steps),
        last_run=last_run,
    )


TASKS: tuple[Task[Any], ...] = (list_pipelines,)
