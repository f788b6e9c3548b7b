"""What an apply of an instance would change."""

from dorc_runtime.deploy.deployment import open_stack
from dorc_runtime.deploy.deployment_context import DeploymentContext, buckets_without_events
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.observer import DeployObserver, report_file_change


def preview_instance(
    context: DeploymentContext, instance: Instance, observer: DeployObserver
) -> Changes:
    """Return what an apply of ``instance`` would change; nothing is changed."""
    observer.title(f"{instance.title}: what would change")
    with observer.working(), open_stack(context, instance, applying=False) as (stack, scope):
        report_file_change(stack, repository=context.repository, observer=observer)
        changes = stack.preview(observer.steps(planning=True), scope=scope)
    observer.changes(instance.title, changes, planning=True)
    if instance.kind == "infra" and instance.environment:
        for bucket in buckets_without_events(context, instance.environment):
            observer.note(
                f"the bucket {bucket} does not send its events to EventBridge, so its objects "
                "start nothing: its owner has to turn that on"
            )
    return changes
