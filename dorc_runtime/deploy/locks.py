"""The locks of a stack, which a backend in a folder or a bucket keeps as files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.backend import bucket_of
from dorc_runtime.deploy.driver.instances import Instance


@dataclass(frozen=True)
class Lock:
    """The process that locked a stack; ``since`` is its start in ISO 8601."""

    user: str
    host: str
    process: int
    since: str

    def __str__(self) -> str:
        """Return it as messages show it."""
        return f"{self.user}@{self.host}, process {self.process}, since {self.since}"


def locks(context: DeploymentContext, instance: Instance) -> tuple[Lock, ...] | None:
    """Return the locks of the stack of ``instance``, None when the backend does not show them."""
    if context.backend.startswith("file://"):
        texts = _in_folder(Path(unquote(urlsplit(context.backend).path)), instance)
    elif bucket := bucket_of(context.backend):
        texts = _in_bucket(context, bucket, instance)
    else:
        return None
    return tuple(_lock(text) for text in texts)


def _folder(instance: Instance) -> str:
    return f".pulumi/locks/organization/{instance.program.project}/{instance.stack}/"


def _in_folder(state: Path, instance: Instance) -> Iterator[str]:
    for file in sorted((state / _folder(instance)).glob("*.json")):
        yield file.read_text(encoding="utf-8")


def _in_bucket(context: DeploymentContext, bucket: str, instance: Instance) -> Iterator[str]:
    client = context.client("s3")
    page = client.list_objects_v2(Bucket=bucket, Prefix=_folder(instance))
    for each in page.get("Contents", ()):
        yield client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode()


def _lock(text: str) -> Lock:
    lock = json.loads(text)
    return Lock(lock["username"], lock["hostname"], lock["pid"], lock["timestamp"])
