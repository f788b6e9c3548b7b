"""What an apply of an instance would change."""

from collections.abc import Sequence

from dorc_runtime.deploy.apply_records import ApplyRecords
from dorc_runtime.deploy.deployment import open_stack
from dorc_runtime.deploy.deployment_context import DeploymentContext, buckets_without_events
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.observer import DeployObserver, report_file_change


def preview_instances(
    context: DeploymentContext,
    instances: Sequence[Instance],
    observer: DeployObserver,
    *,
    skip_unchanged: bool,
    refresh: bool = False,
) -> dict[str, Changes]:
    """Return what an apply of each of ``instances`` would change, by their ids.

    ``skip_unchanged`` evaluates none that is as its last apply left it. ``refresh`` also finds what
    was changed on AWS without dorc.
    """
    records = ApplyRecords(context)
    if skip_unchanged:
        records.prepare(instances)
    unchanged = [each for each in instances if records.outputs(each) is not None]
    changes = {
        each.id: Changes({}) if each in unchanged else _preview(context, each, observer, refresh)
        for each in instances
    }
    observer.unchanged(unchanged)
    return changes


def _preview(
    context: DeploymentContext, instance: Instance, observer: DeployObserver, refresh: bool
) -> Changes:
    observer.title(f"{instance.title}: what would change")
    with observer.working(), open_stack(context, instance, applying=False) as (stack, scope):
        report_file_change(stack, repository=context.repository, observer=observer)
        changes = stack.preview(observer.steps(planning=True), scope=scope, refresh=refresh)
    observer.changes(instance.title, changes, planning=True)
    if instance.kind == "infra" and instance.environment:
        for bucket in buckets_without_events(context, instance.environment):
            observer.note(
                f"the bucket {bucket} does not send its events to EventBridge, so its objects "
                "start nothing: its owner has to turn that on"
            )
    return changes
