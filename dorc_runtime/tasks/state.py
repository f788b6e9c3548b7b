"""Tasks about what is deployed already, and about where Pulumi keeps what it knows of that.

Exit codes: 0 done, 1 failed, 2 a mistake in the call, 3 drift was found.
"""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.entry import report_errors, say
from dorc_runtime.tasks.options import (
    FOUND,
    JSON,
    MISTAKE,
    WHAT,
    ask,
    check_confirmation,
    deployment_context_of,
    requested_instances,
)


@task(help={"create": "make the bucket when it is not there: versioned, encrypted, private"})
@report_errors
def init(c: Context, create: bool = False) -> None:
    """Find out whether Pulumi's state can be kept where INFRA_BUCKET says."""
    from dorc_runtime.deploy.deployment_context import check_credentials
    from dorc_runtime.deploy.driver import backend
    from dorc_runtime.deploy.driver.engine import deployed
    from dorc_runtime.deploy.driver.instances import universal

    place = deployment_context_of(c)
    bucket = backend.bucket_of(place.backend)
    if bucket is not None:
        check_credentials(place)
        client = place.client("s3")
        if not backend.bucket_exists(bucket, client=client):
            if not create:
                raise Exit(
                    f"error: INFRA_BUCKET {bucket} is not there: `invoke init --create` makes it.",
                    code=MISTAKE,
                )
            backend.create_bucket(bucket, region=place.config.universal.region, client=client)
            say(f"made the bucket {bucket}: versioned, encrypted, private")
    found = deployed(universal(place.repository, place.settings), place.variables)
    say(f"the state is kept in {place.backend}; stacks there: {len(found)}")
    say("next: invoke apply --instance universal")


@task(help={**WHAT, **JSON})
@report_errors
def outputs(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    json: bool = False,
) -> None:
    """Show what was made: names and ARNs; secrets stay hidden."""
    place, [[wanted]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, as_json, print_json

    found = Stack.open(wanted, place.variables, create=False).outputs()
    if json:
        print_json(as_json(found))
    else:
        drawing = DeployDrawing(json=False)
        drawing.title(wanted.title)
        drawing.outputs(found)


@task(help={**WHAT, **JSON})
@report_errors
def drift(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    json: bool = False,
) -> None:
    """Tell what was changed on AWS by others; exits 3 when anything was."""
    place, [[wanted]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing, counted, print_json

    drawing = DeployDrawing(json=json)
    drawing.title(f"{wanted.title}: what AWS has otherwise")
    with drawing.living():
        stack = Stack.open(wanted, place.variables, create=False)
        changes = stack.drift(drawing.planned(wanted.id))
    drawing.changes(wanted.title, changes, planning=True)
    if json:
        print_json(counted(changes))
    if changes.total:
        remedy = f"`invoke apply {wanted.words}` puts back what the code says"
        raise Exit(f"error: {wanted.title} has drifted: {remedy}.", code=FOUND)


@task(help={**WHAT, "yes": "do it without asking"})
@report_errors
def unlock(
    c: Context,
    instance: str | None = None,
    layer: str | None = None,
    env: str | None = None,
    yes: bool = False,
) -> None:
    """Take away the lock that a killed apply left behind, and take up what it was making."""
    check_confirmation(yes, json=False)
    place, [[wanted]] = requested_instances(c, instance, layer, env)
    from dorc_runtime.deploy.driver.engine import Stack
    from dorc_runtime.deploy.driver.progress import name_of
    from dorc_runtime.deploy.locks import holders

    stack = Stack.open(wanted, place.variables, create=False)
    held = holders(place, wanted)
    for holder in held or ():
        say(f"{wanted.title} is locked by {holder}")
    if held == ():
        say(f"{wanted.title} is not locked")
    else:
        if not yes:
            ask("Take the lock away? Whoever holds it must not be running any more.")
        stack.unlock()
        say("unlocked")
    for resource in stack.recover():
        name = name_of(resource.urn)
        if resource.id is None:
            say(f"{name} was being made: should AWS have it, remove it there before you apply")
        else:
            say(f"{name} was being made: what AWS has of it is taken up")
    say(f"next: invoke apply {wanted.words}")


TASKS: tuple[Task[Any], ...] = (init, outputs, drift, unlock)
