"""What was changed on AWS since the last apply of an instance."""

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Changes
from dorc_runtime.deploy.observer import DeployObserver


def drift_of(context: DeploymentContext, instance: Instance, observer: DeployObserver) -> Changes:
    """Return where AWS differs from the state of ``instance``; neither is changed.

    Raises ``StackError`` when the instance is not deployed.
    """
    observer.title(f"{instance.title}: what is different on AWS")
    with observer.working():
        stack = Stack.open(instance, context.variables, create=False)
        changes = stack.drift(observer.steps(planning=True))
    observer.changes(instance.title, changes, planning=True)
    return changes
