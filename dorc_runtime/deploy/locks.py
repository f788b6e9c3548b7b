"""The locks of a stack, which a backend in a folder or a bucket keeps as files."""

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.engine import Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.lock import Lock
from dorc_runtime.deploy.driver.pending_operations import PendingResource
from dorc_runtime.deploy.driver.progress import name_of
from dorc_runtime.deploy.observer import DeployObserver
from dorc_runtime.deploy.state_store.files import backend_files
from dorc_runtime.deploy.state_store.stack_files import StackFiles


def locks(context: DeploymentContext, instance: Instance) -> tuple[Lock, ...] | None:
    """Return the locks of the stack of ``instance``, None when the backend does not show them.

    Raises ``StackError`` when a bucket cannot be read.
    """
    files = backend_files(context.backend, lambda: context.client("s3"))
    if files is None:
        return None
    return StackFiles(files, instance.program.project, instance.stack).locks()


def unlock(stack: Stack, observer: DeployObserver) -> None:
    """Remove the locks of a stack."""
    stack.unlock()
    observer.note("unlocked")


def recover(stack: Stack, observer: DeployObserver) -> tuple[PendingResource, ...]:
    """Add what a killed operation was creating to the state, if AWS has it; return that."""
    pending = stack.recover()
    for resource in pending:
        name = name_of(resource.urn)
        if resource.id is None:
            observer.note(
                f"{name} was being created: if AWS has it, delete it there before you apply"
            )
        else:
            observer.note(f"{name} was being created: if AWS has it, the state has it now")
    return pending
