"""What an apply of an instance would change."""

from dorc_runtime.deploy.deployment import opened
from dorc_runtime.deploy.deployment_context import DeploymentContext, buckets_without_events
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.observer import DeployObserver, report_rewritten


def preview_instance(
    place: DeploymentContext, instance: Instance, observer: DeployObserver
) -> Changes:
    """Return what an apply of ``instance`` would change; nothing is changed."""
    observer.title(f"{instance.title}: what would change")
    with observer.working(), opened(place, instance, applying=False) as (stack, scope):
        report_rewritten(stack, repository=place.repository, observer=observer)
        changes = stack.preview(observer.steps(planning=True), scope=scope)
    observer.changes(instance.title, changes, planning=True)
    if instance.kind == "infra" and instance.environment:
        for bucket in buckets_without_events(place, instance.environment):
            observer.note(
                f"the bucket {bucket} does not send its events to EventBridge, so its objects "
                "start nothing: its owner has to turn that on"
            )
    return changes
