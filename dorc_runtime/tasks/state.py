"""Tasks about what is deployed, and about Pulumi's state.

``init``, ``outputs``, ``drift``, ``unlock``.

Exit codes: 0 done, 1 failed, 2 a mistake in the call, 3 there is drift.
"""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.entry import HAS_CHANGES, MISTAKE, print_line, report_errors
from dorc_runtime.tasks.options import (
    INSTANCE,
    JSON,
    check_confirmation,
    confirm,
    deployment_context_of,
    requested_instances,
)


@task(help={"create": "create the bucket if it does not exist: versioned, encrypted, private"})
@report_errors
def init(c: Context, create: bool = False) -> None:
    """Check that Pulumi can store its state in INFRA_BUCKET."""
    from dorc_runtime.deploy.deployment_context import check_credentials
    from dorc_runtime.deploy.driver import backend
    from dorc_runtime.deploy.driver.engine import resource_counts
    from dorc_runtime.deploy.driver.instances import universal

    place = deployment_context_of(c)
    bucket = backend.bucket_of(place.backend)
    if bucket is not None:
        check_credentials(place)
        client = place.client("s3")
        if not backend.bucket_exists(bucket, client=client):
            if not create:
                raise Exit(
                    f"error: the bucket {bucket} (INFRA_BUCKET) does not exist: create it with "
                    "`invoke init --create`.",
                    code=MISTAKE,
                )
            backend.create_bucket(bucket, region=place.config.universal.region, client=client)
            print_line(f"created the bucket {bucket}: versioned, encrypted, private")
    stacks = resource_counts(universal(place.repository, place.settings), place.variables)
    print_line(f"Pulumi stores its state in {place.backend}; stacks in it: {len(stacks)}")
    print_line("next: invoke apply --instance universal")


@task(help={**INSTANCE, **JSON})
@report_errors
def outputs(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    json: bool = False,
) -> None:
    """Show the names and ARNs of what is deployed; secrets stay hidden."""
    place, [[requested]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, outputs_as_json

    values = Stack.open(requested, place.variables, create=False).outputs()
    if json:
        print_json(outputs_as_json(values))
    else:
        drawing = DeployDrawing(json=False)
        drawing.title(requested.title)
        drawing.all_outputs(values)


@task(help={**INSTANCE, **JSON})
@report_errors
def drift(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    json: bool = False,
) -> None:
    """Show what was changed on AWS without dorc; exits 3 if anything was."""
    place, [[requested]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, changes_as_json

    drawing = DeployDrawing(json=json)
    drawing.title(f"{requested.title}: what is different on AWS")
    with drawing.working():
        stack = Stack.open(requested, place.variables, create=False)
        changes = stack.drift(drawing.steps(planning=True))
    drawing.changes(requested.title, changes, planning=True)
    if json:
        print_json(changes_as_json(changes))
    if changes.total:
        remedy = f"`invoke apply {requested.options}` restores what the code says"
        raise Exit(f"error: {requested.title} has drifted: {remedy}.", code=HAS_CHANGES)


@task(help={**INSTANCE, "yes": "do it without a question"})
@report_errors
def unlock(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    yes: bool = False,
) -> None:
    """Remove the lock that a killed apply left, and recover what it was creating."""
    check_confirmation(yes, json=False)
    place, [[requested]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.deploy.driver.progress import name_of
    from dorc_runtime.deploy.locks import locks

    stack = Stack.open(requested, place.variables, create=False)
    stack_locks = locks(place, requested)
    for lock in stack_locks or ():
        print_line(f"{requested.title} is locked by {lock}")
    if stack_locks == ():
        print_line(f"{requested.title} is not locked")
    else:
        if not yes:
            confirm("Remove the lock? The process that holds it must have ended.")
        stack.unlock()
        print_line("unlocked")
    for resource in stack.recover():
        name = name_of(resource.urn)
        if resource.id is None:
            print_line(f"{name} was being created: if AWS has it, delete it there before you apply")
        else:
            print_line(f"{name} was being created: AWS has it, and now the state has it")
    print_line(f"next: invoke apply {requested.options}")


TASKS: tuple[Task[Any], ...] = (init, outputs, drift, unlock)
