"""Tasks that write files: new pipelines and functions."""

from typing import Any

from invoke.context import Context
from invoke.tasks import Task, task

from dorc_runtime.tasks.rim import pinned_repository, say, told


@task(
    help={
        "layer": "layer, a folder under src/: raw-to-processed",
        "name": "name of the pipeline: lower-case letters, digits and single underscores",
    }
)
@told
def new_pipeline(c: Context, layer: str, name: str) -> None:
    """Write a pipeline that runs at once."""
    from dorc_runtime.project.scaffold import new_pipeline as write

    found = pinned_repository(c)
    for path in write(found.root, layer, name):
        say(f"wrote {found.show(path)}")
    say(f"try it: invoke run {layer}/{name}")


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "name": "name of the function: lower-case letters, digits and single underscores",
    }
)
@told
def new_function(c: Context, pipeline: str, name: str) -> None:
    """Write one more function for a pipeline."""
    from dorc_runtime.project.scaffold import new_function as write

    found = pinned_repository(c)
    folder = found.pipeline(pipeline)
    for path in write(found.root, folder.layer, folder.name, name):
        say(f"wrote {found.show(path)}")
    say(f'add it to the steps in {found.show(folder.definition)}: Function("{name}")')


TASKS: tuple[Task[Any], ...] = (new_pipeline, new_function)
