"""Tasks that deploy: ``preview``, ``apply``, ``destroy``.

Exit codes: 0 done, 1 failed, 2 a mistake in the call, 3 there are changes, 130 stopped.
"""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.tasks.entry import HAS_CHANGES, MISTAKE, report_errors
from dorc_runtime.tasks.options import (
    ALL,
    EXPECT_NO_CHANGES,
    FULL,
    INSTANCE,
    JSON,
    REFRESH,
    YES,
    ask,
    check_confirmation,
    requested_instances,
)
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task


@task(help={**INSTANCE, **ALL, **FULL, **REFRESH, **EXPECT_NO_CHANGES, **JSON})
@report_errors
def preview(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    full: bool = False,
    refresh: bool = False,
    expect_no_changes: bool = False,
    json: bool = False,
) -> None:
    """Show what `apply` would change, and change nothing."""
    context, stages = requested_instances(c, instance, layer, env, everything=all)
    from dorc_runtime.deploy.preview import preview_instances
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, changes_as_json

    drawing, skip = DeployDrawing(json=json), all and not (full or refresh)
    instances = [each for stage in stages for each in stage]
    changes = preview_instances(context, instances, drawing, skip_unchanged=skip, refresh=refresh)
    if json:
        print_json({id_: changes_as_json(each) for id_, each in changes.items()})
    if expect_no_changes and any(each.total for each in changes.values()):
        raise Exit("error: there are changes.", code=HAS_CHANGES)


@task(
    help={
        **INSTANCE,
        **ALL,
        **FULL,
        **REFRESH,
        **YES,
        **CONFIRM,
        **EXPECT_NO_CHANGES,
        "prune": "with universal: also remove images of functions that no longer exist",
        **JSON,
    }
)
@report_errors
def apply(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    full: bool = False,
    refresh: bool = False,
    yes: bool = False,
    confirm: str | None = None,
    expect_no_changes: bool = False,
    prune: bool = False,
    json: bool = False,
) -> None:
    """Deploy what the repository defines, after a preview and a question."""
    context, stages = requested_instances(c, instance, layer, env, everything=all)
    if not expect_no_changes:
        check_confirmation(yes, json=json)
    from dorc_runtime.deploy.apply import Apply
    from dorc_runtime.deploy.preview import preview_instances
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, applied_as_json

    first = stages[0][0]
    if prune and first.kind != "universal":
        raise Exit("error: --prune is about images: add `--instance universal`.", code=MISTAKE)
    drawing, skip = DeployDrawing(json=json), all and not (full or refresh)
    if expect_no_changes:
        instances = [each for stage in stages for each in stage]
        changes = preview_instances(
            context, instances, drawing, skip_unchanged=skip, refresh=refresh
        )
        if changed := [each.title for each in instances if changes[each.id].total]:
            have = "has" if len(changed) == 1 else "have"
            raise Exit(f"error: {', '.join(changed)} {have} changes.", code=HAS_CHANGES)
        if json:
            print_json({})
        return
    confirm_protected(c, context.repository, env, confirm, action="apply", json=json)
    run = Apply(
        context,
        drawing,
        confirm=None if yes else ask,
        skip_unchanged=skip,
        refresh=refresh,
    )
    applied = run.apply(stages)
    if prune:
        run.prune_images(first)
    if json:
        print_json({id_: applied_as_json(each) for id_, each in applied.items()})


@task(
    help={
        **INSTANCE,
        "all": "all pipelines of the environment, and its infra",
        **YES,
        **CONFIRM,
        **JSON,
    }
)
@report_errors
def destroy(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Remove what was deployed, except for what is protected."""
    context, stages = requested_instances(c, instance, layer, env, everything=all)
    check_confirmation(yes, json=json)
    confirm_protected(c, context.repository, env, confirm, action="destroy", json=json)
    from dorc_runtime.deploy.destroy import destroy_instance, destroyable
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, destroyed_as_json

    drawing = DeployDrawing(json=json)
    instances = [each for stage in reversed(stages) for each in stage]
    destroyed = {
        each.id: destroy_instance(context, each, drawing, confirm=None if yes else ask)
        for each in (destroyable(context, instances) if all else instances)
    }
    if json:
        print_json({id_: destroyed_as_json(each) for id_, each in destroyed.items()})


TASKS: tuple[Task[Any], ...] = (preview, apply, destroy)
