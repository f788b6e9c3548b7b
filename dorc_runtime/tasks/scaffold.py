"""Tasks that write code to start from: ``new-pipeline`` and ``new-function``."""

from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.tasks.entry import pinned_repository, report_errors
from dorc_runtime.tasks.options import JSON
from dorc_runtime.tasks.repository_changes import DRY, carry_out
from dorc_runtime.tasks.short_options import task


@task(
    help={
        "layer": "layer, a folder under src/: raw-to-processed",
        "name": "name of the pipeline: lower-case letters, digits and single underscores",
        "scaffold": "a scaffold of your own, a folder in scaffolds/ (default: dorc's)",
        **DRY,
        **JSON,
    }
)
@report_errors
def new_pipeline(
    c: Context,
    layer: str,
    name: str,
    scaffold: str | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Write a pipeline that runs as it is."""
    from dorc_runtime.project.template.scaffold import plan_new_pipeline

    repository = pinned_repository(c)
    change = plan_new_pipeline(repository.root, layer, name, scaffold=scaffold)
    notes = (f"try it: invoke run {layer}/{name}",)
    carry_out(change, dry_run=dry_run, json=json, notes=notes)


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "name": "name of the function: lower-case letters, digits and single underscores",
        **JSON,
    }
)
@report_errors
def new_function(c: Context, pipeline: str, name: str, json: bool = False) -> None:
    """Write another function for a pipeline."""
    from dorc_runtime.project.template.scaffold import plan_new_function

    repository = pinned_repository(c)
    folder = repository.pipeline(pipeline)
    change = plan_new_function(repository.root, folder.layer, folder.name, name)
    where = repository.show(folder.definition)
    carry_out(change, json=json, notes=(f'add it to the steps in {where}: Function("{name}")',))


TASKS: tuple[Task[Any], ...] = (new_pipeline, new_function)
