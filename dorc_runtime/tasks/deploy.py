"""Tasks that plan, make and remove what is deployed.

Exit codes: 0 done, 1 failed, 2 a mistake in the call, 3 changes or drift were found, 130
stopped.
"""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.applying import Applying, prune_images, tell_rewritten
from dorc_runtime.tasks.entry import report_errors
from dorc_runtime.tasks.options import (
    ALL,
    EXPECT,
    FOUND,
    JSON,
    MISTAKE,
    SURE,
    WHAT,
    ask,
    check_confirmation,
    requested_instances,
)


@task(help={**WHAT, **ALL, **EXPECT, **JSON})
@report_errors
def preview(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    expect_no_changes: bool = False,
    json: bool = False,
) -> None:
    """Tell what `apply` would change, and change nothing."""
    place, stages = requested_instances(c, instance, layer, env, everything=all)
    from dorc_runtime.deploy.deployment import opened
    from dorc_runtime.deploy.deployment_context import buckets_without_events
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, counted, print_json

    drawing = DeployDrawing(json=json)
    results: dict[str, Any] = {}
    for wanted in (wanted for stage in stages for wanted in stage):
        drawing.title(f"{wanted.title}: what would change")
        with drawing.living(), opened(place, wanted, applying=False) as (stack, scope):
            tell_rewritten(place, stack, drawing)
            changes = stack.preview(drawing.planned(wanted.id), scope=scope)
        drawing.changes(wanted.title, changes, planning=True)
        if wanted.kind == "infra" and wanted.environment:
            for bucket in buckets_without_events(place, wanted.environment):
                drawing.note(
                    f"the bucket {bucket} does not tell EventBridge of its objects, so they start "
                    "nothing: its owner has to turn that on"
                )
        results[wanted.id] = changes
    if json:
        print_json({name: counted(changes) for name, changes in results.items()})
    if expect_no_changes and any(changes.total for changes in results.values()):
        raise Exit("error: there are changes.", code=FOUND)


@task(
    help={
        **WHAT,
        **ALL,
        **SURE,
        **EXPECT,
        "prune": "of universal: also remove the images of functions that are not in the tree",
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
    yes: bool = False,
    expect_no_changes: bool = False,
    prune: bool = False,
    json: bool = False,
) -> None:
    """Make on AWS what the repository says, after having shown it and asked."""
    place, stages = requested_instances(c, instance, layer, env, everything=all)
    if not expect_no_changes:
        check_confirmation(yes, json=json)
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, print_json

    first = stages[0][0]
    if prune and first.kind != "universal":
        raise Exit("error: --prune is about images: `--instance universal`.", code=MISTAKE)
    drawing = DeployDrawing(json=json)
    applying = Applying(place, drawing, asking=not yes, skipping=all)
    done: dict[str, Any] = {}
    for stage in stages:
        if expect_no_changes:
            for wanted in stage:
                applying.expect_nothing(wanted)
        else:
            done |= applying.apply_stage(stage)
    if prune and not expect_no_changes:
        prune_images(place, first, drawing, asking=not yes)
    if json:
        print_json(done)


@task(help={**WHAT, "all": "all pipelines of the environment, and its infra", **SURE, **JSON})
@report_errors
def destroy(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    yes: bool = False,
    json: bool = False,
) -> None:
    """Remove from AWS what was applied, but for what is protected."""
    place, stages = requested_instances(c, instance, layer, env, everything=all)
    check_confirmation(yes, json=json)
    from dorc_runtime.deploy.deployment import check_unused
    from dorc_runtime.deploy.driver.engine import Stack, deployed
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, counted, print_json

    drawing = DeployDrawing(json=json)
    wanted = [one for stage in reversed(stages) for one in stage]
    if all:
        there = deployed(wanted[0], place.variables)
        wanted = [
            one
            for one in wanted
            if one.kind != "universal" and (one.program.project, one.stack) in there
        ]
    results: dict[str, Any] = {}
    for one in wanted:
        check_unused(place, one)
        stack = Stack.open(one, place.variables, create=False)
        drawing.title(f"{one.title}: removing")
        if not yes:
            planned = stack.destroy(drawing.planned(one.id), preview=True)
            drawing.changes(one.title, planned, planning=True)
            ask(f"Remove {one.title}?")
        with drawing.living():
            changes = stack.destroy(drawing.done(one.id))
        drawing.changes(one.title, changes)
        kept = stack.resources()
        if kept:
            names = ", ".join(sorted({held.name for held in kept}))
            drawing.note(f"kept, as they are protected: {names}")
        else:
            stack.forget()
        results[one.id] = {**counted(changes), "kept": sorted(held.urn for held in kept)}
    if json:
        print_json(results)


TASKS: tuple[Task[Any], ...] = (preview, apply, destroy)
