"""Tasks about what is deployed, and about Pulumi's state.

``init``, ``outputs``, ``drift``, ``unlock``.

Exit codes: 0 done, 1 failed, 2 a mistake in the call, 3 there is drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task
from pydantic import JsonValue

from dorc_runtime.errors import StackError
from dorc_runtime.tasks.entry import HAS_CHANGES, MISTAKE, print_line, report_errors
from dorc_runtime.tasks.options import (
    ALL,
    INSTANCE,
    JSON,
    ask,
    check_confirmation,
    deployment_context_of,
    requested_instances,
)
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.deploy.deployment_context import DeploymentContext
    from dorc_runtime.deploy.driver.instances import Instance


@task(
    help={
        "create": "create the bucket if it does not exist: versioned, encrypted, private",
        **JSON,
    }
)
@report_errors
def init(c: Context, create: bool = False, json: bool = False) -> None:
    """Check that Pulumi can store its state in INFRA_BUCKET."""
    from dorc_runtime.deploy.deployment_context import check_credentials
    from dorc_runtime.deploy.driver import backend
    from dorc_runtime.deploy.driver.engine import resource_counts
    from dorc_runtime.deploy.driver.instances import universal
    from dorc_runtime.tasks.drawings.console import print_json

    context = deployment_context_of(c)
    created = False
    bucket = backend.bucket_of(context.backend)
    if bucket is not None:
        check_credentials(context)
        client = context.client("s3")
        if not backend.bucket_exists(bucket, client=client):
            if not create:
                raise Exit(
                    f"error: the bucket {bucket} (INFRA_BUCKET) does not exist: create it with "
                    "`invoke init --create`.",
                    code=MISTAKE,
                )
            backend.create_bucket(bucket, region=context.config.universal.region, client=client)
            created = True
            if not json:
                print_line(f"created the bucket {bucket}: versioned, encrypted, private")
    stacks = resource_counts(universal(context.repository, context.settings), context.variables)
    if json:
        print_json({"backend": context.backend, "created": created, "stacks": len(stacks)})
        return
    print_line(f"Pulumi stores its state in {context.backend}; stacks in it: {len(stacks)}")
    print_line("next: invoke apply --instance universal")


@task(help={**INSTANCE, **ALL, **JSON})
@report_errors
def outputs(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    json: bool = False,
) -> None:
    """Show the names and ARNs of what is deployed; secrets stay hidden."""
    context, instances = _deployed_instances(c, instance, layer, env, everything=all)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, outputs_as_json

    drawing = DeployDrawing(json=json)
    values: dict[str, JsonValue] = {}
    for each in instances:
        stack_outputs = Stack.open(each, context.variables, create=False).outputs()
        drawing.title(each.title)
        drawing.all_outputs(stack_outputs)
        values[each.id] = outputs_as_json(stack_outputs)
    if json:
        print_json(values if all else values[instances[0].id])


@task(help={**INSTANCE, **ALL, **JSON})
@report_errors
def drift(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    all: bool = False,  # noqa: A002 - what people type
    json: bool = False,
) -> None:
    """Show what was changed on AWS without dorc; exits 3 if anything was."""
    context, instances = _deployed_instances(c, instance, layer, env, everything=all)
    from dorc_runtime.deploy.drift import drift_of
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, changes_as_json

    drawing = DeployDrawing(json=json)
    changes = {each: drift_of(context, each, drawing) for each in instances}
    if json:
        counts: dict[str, JsonValue] = {
            each.id: changes_as_json(one) for each, one in changes.items()
        }
        print_json(counts if all else counts[instances[0].id])
    if drifted := [each for each, one in changes.items() if one.total]:
        titles = ", ".join(each.title for each in drifted)
        commands = " and ".join(f"`invoke apply {each.options} --refresh`" for each in drifted)
        verbs = ("has", "restores") if len(drifted) == 1 else ("have", "restore")
        raise Exit(
            f"error: {titles} {verbs[0]} drifted: {commands} {verbs[1]} what the code says.",
            code=HAS_CHANGES,
        )


@task(help={**INSTANCE, "yes": "do it without a question", **CONFIRM, **JSON})
@report_errors
def unlock(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Remove the lock that a killed apply left, and recover what it was creating."""
    check_confirmation(yes, json=json)
    context, [[requested]] = requested_instances(c, instance, layer, env)
    action = f"unlock {requested.title}"
    confirm_protected(c, context.repository, env, confirm, action=action, json=json)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.deploy.locks import locks, recover
    from dorc_runtime.deploy.locks import unlock as remove_locks
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing

    drawing = DeployDrawing(json=json)
    stack = Stack.open(requested, context.variables, create=False)
    stack_locks = locks(context, requested)
    for lock in stack_locks or ():
        drawing.note(f"{requested.title} is locked by {lock}")
    if stack_locks == ():
        drawing.note(f"{requested.title} is not locked")
    else:
        if not yes:
            ask("Remove the lock? The process that holds it must have ended.")
        remove_locks(stack, drawing)
    pending = recover(stack, drawing)
    if json:
        print_json(
            {
                "locks": None if stack_locks is None else [str(each) for each in stack_locks],
                "pending": [{"urn": each.urn, "id": each.id} for each in pending],
            }
        )
    else:
        print_line(f"next: invoke apply {requested.options}")


def _deployed_instances(
    c: Context, instance: str | None, layer: str | None, env: str | None, *, everything: bool
) -> tuple[DeploymentContext, tuple[Instance, ...]]:
    """Return the requested instances; of everything, those that are deployed."""
    context, stages = requested_instances(c, instance, layer, env, everything=everything)
    instances = tuple(each for stage in stages for each in stage)
    if not everything:
        return context, instances
    from dorc_runtime.deploy.deployment import deployed_instances

    if deployed := deployed_instances(context, instances):
        return context, deployed
    raise StackError(f"nothing is deployed in {env}: run first `invoke apply --all --env {env}`.")


TASKS: tuple[Task[Any], ...] = (init, outputs, drift, unlock)
