"""Who holds a stack, where the backend is a folder or a bucket and keeps locks as files."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.backend import bucket_of
from dorc_runtime.deploy.driver.instances import Instance


def holders(place: DeploymentContext, instance: Instance) -> tuple[str, ...] | None:
    """Return who holds the stack of ``instance``, each with process and time.

    None where the backend is of another kind, which does not tell.
    """
    if place.backend.startswith("file://"):
        texts = _in_folder(Path(unquote(urlsplit(place.backend).path)), instance)
    elif bucket := bucket_of(place.backend):
        texts = _in_bucket(place, bucket, instance)
    else:
        return None
    return tuple(_holder(text) for text in texts)


def _place(instance: Instance) -> str:
    return f".pulumi/locks/organization/{instance.program.project}/{instance.stack}/"


def _in_folder(state: Path, instance: Instance) -> Iterator[str]:
    for file in sorted((state / _place(instance)).glob("*.json")):
        yield file.read_text(encoding="utf-8")


def _in_bucket(place: DeploymentContext, bucket: str, instance: Instance) -> Iterator[str]:
    client = place.client("s3")
    listed = client.list_objects_v2(Bucket=bucket, Prefix=_place(instance))
    for found in listed.get("Contents", ()):
        yield client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read().decode()


def _holder(text: str) -> str:
    lock = json.loads(text)
    who = f"{lock.get('username')}@{lock.get('hostname')}"
    return f"{who}, process {lock.get('pid')}, since {lock.get('timestamp')}"
