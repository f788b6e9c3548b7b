"""Tasks that change the layout of a repository.

``new-env``, ``remove-env``, ``new-layer``, ``remove-layer``, ``remove-pipeline``,
``rename-pipeline``.
"""

import sys
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import DorcError, ScaffoldError, StackError
from dorc_runtime.project.repository import DEFINITION
from dorc_runtime.tasks.entry import (
    MISTAKE,
    is_confirmed,
    pinned_repository,
    print_line,
    report_errors,
)
from dorc_runtime.tasks.new_settings import new_settings
from dorc_runtime.tasks.options import JSON, ask, check_confirmation, deployment_context_of
from dorc_runtime.tasks.repository_changes import DRY, carry_out
from dorc_runtime.tasks.short_options import task

_YES = {"yes": "do it also where dorc cannot find out whether it is deployed"}


@task(
    help={
        "name": "the environment: lower-case letters and digits, a letter first",
        "setting": "the value of a setting, NAME=VALUE; may be repeated",
        **DRY,
        **JSON,
    },
    iterable=["setting"],
)
@report_errors
def new_env(
    c: Context,
    name: str,
    setting: list[str] | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Add an environment: stack files for infra and every pipeline, a job that deploys to it.

    If the environment already exists, only missing files are added. Settings without a default are
    asked for, unless --setting has their value.
    """
    from dorc_runtime.project.template.layout import (
        plan_new_environment,
        stack_file,
        with_settings,
    )

    repository = pinned_repository(c)
    change = plan_new_environment(repository.root, name)
    if stack_file(name) in change.written and not dry_run:
        values = new_settings(repository, name, setting or [], asking=not json)
        change = with_settings(change, name, values)
    elif setting and not dry_run:
        raise ScaffoldError(f"{stack_file(name)} exists: write the values of settings there.")
    notes = (
        f"write into {stack_file(name)} what differs in {name}: fields of Config, and settings",
        f"next: invoke preview --instance infra --env {name}",
    )
    carry_out(change, dry_run=dry_run, json=json, notes=notes)


@task(help={"name": "the environment", **DRY, **JSON, **_YES})
@report_errors
def remove_env(
    c: Context, name: str, dry_run: bool = False, yes: bool = False, json: bool = False
) -> None:
    """Remove an environment in which nothing is deployed."""
    from dorc_runtime.project.template.answers import deleted_pipelines
    from dorc_runtime.project.template.layout import plan_remove_environment

    repository = pinned_repository(c)
    change = plan_remove_environment(repository.root, name)
    deleted = (f"src/{layer}/{pipeline}" for layer, pipeline in deleted_pipelines(repository.root))
    existing = (repository.show(folder.path) for folder in repository.pipelines)
    folders = ["infra", *existing, *deleted]
    remedy = f"`invoke destroy --all --env {name}` removes it."
    _check_not_deployed(c, folders, name, remedy, yes=yes or dry_run, json=json)
    carry_out(change, dry_run=dry_run, json=json)


@task(help={"name": "the layer: raw-to-processed, or any other name", **DRY, **JSON})
@report_errors
def new_layer(c: Context, name: str, dry_run: bool = False, json: bool = False) -> None:
    """Add a layer, a folder for pipelines."""
    from dorc_runtime.project.template.layout import plan_new_layer

    change = plan_new_layer(pinned_repository(c).root, name)
    notes = (f"next: invoke new-pipeline {name} NAME",)
    carry_out(change, dry_run=dry_run, json=json, notes=notes)


@task(help={"name": "the layer", **DRY, **JSON})
@report_errors
def remove_layer(c: Context, name: str, dry_run: bool = False, json: bool = False) -> None:
    """Remove a layer that has no pipelines."""
    from dorc_runtime.project.template.layout import plan_remove_layer

    change = plan_remove_layer(pinned_repository(c).root, name)
    carry_out(change, dry_run=dry_run, json=json)


@task(help={"pipeline": "LAYER/NAME of the pipeline", **DRY, **JSON, **_YES})
@report_errors
def remove_pipeline(
    c: Context, pipeline: str, dry_run: bool = False, yes: bool = False, json: bool = False
) -> None:
    """Remove a pipeline, with its folder, that is not deployed anywhere."""
    from dorc_runtime.project.template.layout import plan_remove_pipeline

    repository = pinned_repository(c)
    layer, _, name = pipeline.strip("/").removeprefix("src/").partition("/")
    change = plan_remove_pipeline(repository.root, layer, name)
    remedy = f"`invoke destroy --instance {layer}/{name} --env ENV` removes it."
    if not (repository.root / "src" / layer / name / DEFINITION).is_file():
        remedy = f"restore its folder from git first, then {remedy}"
    _check_not_deployed(c, [f"src/{layer}/{name}"], None, remedy, yes=yes or dry_run, json=json)
    carry_out(change, dry_run=dry_run, json=json)


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "name": "its new name, LAYER/NAME, or only NAME in the same layer",
        **DRY,
        **JSON,
        "yes": "do it without a question, also where dorc cannot find out whether it is deployed",
    }
)
@report_errors
def rename_pipeline(
    c: Context,
    pipeline: str,
    name: str,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Rename a pipeline that is not deployed anywhere, in all files that name it.

    On AWS it is then a new pipeline: another state machine, other functions and images.
    """
    from dorc_runtime.project.template.pipeline_rename import plan_rename, renamed_pipeline

    repository = pinned_repository(c)
    old = repository.pipeline(pipeline)
    new = renamed_pipeline(repository, old, name)
    change = plan_rename(repository, old, new)
    remedy = (
        "on AWS a renamed pipeline is a new one, and the old one would stay: "
        f"`invoke destroy --instance {old.id} --env ENV` removes it first."
    )
    _check_not_deployed(c, [repository.show(old.path)], None, remedy, yes=yes or dry_run, json=json)
    if not dry_run:
        check_confirmation(yes, json=json)
        if not yes:
            for line in change.lines:
                print_line(f"will {line}")
            print_line(f"on AWS, {new.id} will be a new pipeline with its own functions and images")
            ask(f"Rename {old.id} to {new.id}?")
    notes = (
        *([] if old.layer == new.layer else [_zones_text(new.layer)]),
        "next: invoke check, then commit",
        "on AWS: invoke apply --instance universal --prune, then invoke apply --instance "
        f"{new.id} --env ENV",
    )
    carry_out(change, dry_run=dry_run, json=json, notes=notes)


def _zones_text(layer: str) -> str:
    from dorc_runtime.compile.names import zones

    if places := zones(layer):
        rule = f"functions read {places[0]} and write {places[1]}"
        return f"in {layer}, {rule}, unless reads= and writes= say something else"
    return f"{layer} has no zones: reads= and writes= say what functions read and write"


def _check_not_deployed(
    c: Context, folders: list[str], environment: str | None, remedy: str, *, yes: bool, json: bool
) -> None:
    """End when the programs in ``folders`` are deployed, or when a user does not confirm.

    ``environment`` is the one to look at, None for all.
    """
    try:
        from dorc_runtime.deploy.destroy import deployed_folders

        context = deployment_context_of(c)
        deployed = deployed_folders(context, folders, environment=environment)
    except (DorcError, ModuleNotFoundError) as error:
        if not json:
            print_line(f"dorc cannot find out whether it is deployed: {error}")
        if yes:
            return
        if json or not sys.stdin.isatty():
            raise Exit("error: add --yes if nothing is deployed.", code=MISTAKE) from None
        if not is_confirmed("Is nothing deployed, and do you want to go on?"):
            raise Exit("nothing was changed", code=MISTAKE) from None
        return
    if deployed:
        raise StackError(f"still deployed: {', '.join(deployed)}; {remedy}")


TASKS: tuple[Task[Any], ...] = (
    new_env,
    remove_env,
    new_layer,
    remove_layer,
    remove_pipeline,
    rename_pipeline,
)
