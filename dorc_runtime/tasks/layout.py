"""Tasks that change what a repository has: its environments and layers, and pipelines that go."""

import sys
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.errors import DorcError, StackError
from dorc_runtime.tasks.entry import pinned_repository, report_errors, say, tasks_folder

if TYPE_CHECKING:
    from dorc_runtime.project.repository import Repository
    from dorc_runtime.project.template.changes import Change

_MISTAKE = 2
_DONE = {"write": "wrote", "change": "changed", "remove": "removed"}
_DRY = {"dry-run": "tell what would be done, and change nothing"}
_SURE = {"yes": "do it even where it cannot be seen whether it is deployed"}


@task(help={"name": "the environment: lower-case letters and digits, a letter first", **_DRY})
@report_errors
def new_env(c: Context, name: str, dry_run: bool = False) -> None:
    """Add an environment: stack files for infra and every pipeline, a job that deploys to it.

    Of an environment that is there already, what is missing is added.
    """
    from dorc_runtime.project.template.layout import added_environment

    _do(added_environment(pinned_repository(c).root, name), dry_run)
    if not dry_run:
        say(f"settings of its own go into infra/Pulumi.{name}.yaml")
        say(f"next: invoke preview --instance infra --env {name}")


@task(help={"name": "the environment", **_DRY, **_SURE})
@report_errors
def remove_env(c: Context, name: str, dry_run: bool = False, yes: bool = False) -> None:
    """Take an environment away, once nothing is deployed there any more."""
    from dorc_runtime.project.template.layout import removed_environment

    found = pinned_repository(c)
    change = removed_environment(found.root, name)
    folders = ["infra", *(found.show(folder.path) for folder in found.pipelines)]
    remedy = f"`invoke destroy --all --env {name}` removes what is there."
    _see_that_unused(c, found, folders, name, remedy, yes=yes or dry_run)
    _do(change, dry_run)


@task(help={"name": "the layer: raw-to-processed, or any other name", **_DRY})
@report_errors
def new_layer(c: Context, name: str, dry_run: bool = False) -> None:
    """Add a layer, for pipelines to be written into."""
    from dorc_runtime.project.template.layout import added_layer

    _do(added_layer(pinned_repository(c).root, name), dry_run)
    if not dry_run:
        say(f"next: invoke new-pipeline {name} NAME")


@task(help={"name": "the layer", **_DRY})
@report_errors
def remove_layer(c: Context, name: str, dry_run: bool = False) -> None:
    """Take a layer away that has no pipelines."""
    from dorc_runtime.project.template.layout import removed_layer

    _do(removed_layer(pinned_repository(c).root, name), dry_run)


@task(help={"pipeline": "LAYER/NAME of the pipeline", **_DRY, **_SURE})
@report_errors
def remove_pipeline(c: Context, pipeline: str, dry_run: bool = False, yes: bool = False) -> None:
    """Take a pipeline away, its folder and all, once it is deployed nowhere any more."""
    from dorc_runtime.project.template.layout import removed_pipeline

    found = pinned_repository(c)
    layer, _, name = pipeline.strip("/").removeprefix("src/").partition("/")
    change = removed_pipeline(found.root, layer, name)
    remedy = f"`invoke destroy --instance {layer}/{name} --env ENV` removes what is there."
    _see_that_unused(c, found, [f"src/{layer}/{name}"], None, remedy, yes=yes or dry_run)
    _do(change, dry_run)


def _do(change: "Change", dry_run: bool) -> None:
    if change.empty:
        say("nothing to do: everything is there")
    for line in change.lines:
        verb, path = line.split(" ", 1)
        say(f"would {line}" if dry_run else f"{_DONE[verb]} {path}")
    if not dry_run:
        change.carry_out()
    for path in change.left:
        say(f"left {path} as it is: you changed what this would change; mend it by hand")


def _see_that_unused(
    c: Context,
    found: "Repository",
    folders: list[str],
    environment: str | None,
    remedy: str,
    *,
    yes: bool,
) -> None:
    """End when the programs in ``folders`` are deployed, or nobody knows and nobody is sure.

    ``environment`` is the one that matters, None for all.
    """
    try:
        deployed = _deployed(c, found, folders, environment)
    except (DorcError, ModuleNotFoundError) as error:
        say(f"whether it is deployed cannot be seen: {error}")
        if yes:
            return
        if not sys.stdin.isatty():
            raise Exit("error: add --yes when nothing is deployed.", code=_MISTAKE) from None
        if input("Is nothing deployed, so that it may go? [y/N] ").lower() not in ("y", "yes"):
            raise Exit("nothing was changed", code=_MISTAKE) from None
        return
    if deployed:
        raise StackError(f"still deployed: {', '.join(deployed)}; {remedy}")


def _deployed(
    c: Context, found: "Repository", folders: list[str], environment: str | None
) -> tuple[str, ...]:
    """Return what the backend holds resources of, as ``folder in environment``."""
    from dorc_runtime.deploy.deployment_context import deployment_context
    from dorc_runtime.deploy.driver.engine import deployed
    from dorc_runtime.deploy.driver.instances import universal
    from dorc_runtime.project.environments import PROJECT_FILE, Program
    from dorc_runtime.project.settings import read_settings

    place = deployment_context(found, read_settings(tasks_folder(c)))
    projects = {
        Program(found.root / folder).project: folder.removeprefix("src/")
        for folder in folders
        if (found.root / folder / PROJECT_FILE).is_file()
    }
    stacks = deployed(universal(found, place.settings), place.variables)
    return tuple(
        f"{projects[project]} in {stack}"
        for (project, stack), resources in sorted(stacks.items())
        if project in projects and resources and environment in (None, stack)
    )


TASKS: tuple[Task[Any], ...] = (new_env, remove_env, new_layer, remove_layer, remove_pipeline)
