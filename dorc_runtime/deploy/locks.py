"""The locks of a stack, which a backend in a folder or a bucket keeps as files."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.backend import bucket_of
from dorc_runtime.deploy.driver.engine import Stack
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.lock import Lock
from dorc_runtime.deploy.driver.progress import name_of
from dorc_runtime.deploy.observer import DeployObserver
from dorc_runtime.errors import StackError


def locks(context: DeploymentContext, instance: Instance) -> tuple[Lock, ...] | None:
    """Return the locks of the stack of ``instance``, None when the backend does not show them.

    Raises ``StackError`` when a bucket cannot be read.
    """
    if context.backend.startswith("file://"):
        texts = _in_folder(Path(unquote(urlsplit(context.backend).path)), instance)
    elif bucket := bucket_of(context.backend):
        texts = _in_bucket(context, bucket, instance)
    else:
        return None
    return tuple(Lock.of(json.loads(text)) for text in texts)


def unlock(stack: Stack, observer: DeployObserver) -> None:
    """Remove the locks of a stack."""
    stack.unlock()
    observer.note("unlocked")


def recover(stack: Stack, observer: DeployObserver) -> None:
    """Add what a killed operation was creating to the state, if AWS has it."""
    for resource in stack.recover():
        name = name_of(resource.urn)
        if resource.id is None:
            observer.note(
                f"{name} was being created: if AWS has it, delete it there before you apply"
            )
        else:
            observer.note(f"{name} was being created: if AWS has it, the state has it now")


def _folder(instance: Instance) -> str:
    return f".pulumi/locks/organization/{instance.program.project}/{instance.stack}/"


def _in_folder(state: Path, instance: Instance) -> Iterator[str]:
    for file in sorted((state / _folder(instance)).glob("*.json")):
        yield file.read_text(encoding="utf-8")


def _in_bucket(context: DeploymentContext, bucket: str, instance: Instance) -> Iterator[str]:
    from botocore.exceptions import BotoCoreError, ClientError

    client = context.client("s3")
    try:
        page = client.list_objects_v2(Bucket=bucket, Prefix=_folder(instance))
        for each in page.get("Contents", ()):
            yield client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode()
    except (BotoCoreError, ClientError) as error:
        raise StackError(
            f"INFRA_BUCKET {bucket} cannot be read: {error}; does it exist? `invoke init "
            "--create` creates it."
        ) from error
