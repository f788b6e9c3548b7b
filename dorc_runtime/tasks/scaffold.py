"""Tasks that write code to start from: ``new-pipeline`` and ``new-function``."""

from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.tasks.entry import pinned_repository, print_line, report_errors
from dorc_runtime.tasks.short_options import task


@task(
    help={
        "layer": "layer, a folder under src/: raw-to-processed",
        "name": "name of the pipeline: lower-case letters, digits and single underscores",
        "scaffold": "a scaffold of your own, a folder in scaffolds/ (default: dorc's)",
        "dry-run": "show what would be written, and write nothing",
    }
)
@report_errors
def new_pipeline(
    c: Context, layer: str, name: str, scaffold: str | None = None, dry_run: bool = False
) -> None:
    """Write a pipeline that runs as it is."""
    from dorc_runtime.project.template.scaffold import plan_new_pipeline

    repository = pinned_repository(c)
    change = plan_new_pipeline(repository.root, layer, name, scaffold=scaffold)
    if dry_run:
        for line in change.lines:
            print_line(f"would {line}")
        return
    change.carry_out()
    for path in change.written:
        print_line(f"wrote {path}")
    print_line(f"try it: invoke run {layer}/{name}")


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "name": "name of the function: lower-case letters, digits and single underscores",
    }
)
@report_errors
def new_function(c: Context, pipeline: str, name: str) -> None:
    """Write another function for a pipeline."""
    from dorc_runtime.project.template.scaffold import plan_new_function

    repository = pinned_repository(c)
    folder = repository.pipeline(pipeline)
    change = plan_new_function(repository.root, folder.layer, folder.name, name)
    change.carry_out()
    for path in change.written:
        print_line(f"wrote {path}")
    print_line(f'add it to the steps in {repository.show(folder.definition)}: Function("{name}")')


TASKS: tuple[Task[Any], ...] = (new_pipeline, new_function)
