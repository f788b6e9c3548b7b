"""The folder or the bucket in which a backend keeps its files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from dorc_runtime.errors import StackError


class BackendFiles(Protocol):
    """Files by their names, which have ``/`` between folders."""

    def names(self, start: str) -> tuple[str, ...]:
        """Return the names that begin with ``start``, sorted."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None when it does not exist."""


def backend_files(url: str, client: Callable[[], Any]) -> BackendFiles | None:
    """Return the files of the backend at ``url``, None for one that does not show its files.

    ``client`` returns boto3's client of S3, for a bucket.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        return _Bucket(parts.netloc, f"{prefix}/" if prefix else "", client())
    return None


@dataclass(frozen=True)
class _Folder:
    root: Path

    def names(self, start: str) -> tuple[str, ...]:
        folder = (self.root / start).parent if not start.endswith("/") else self.root / start
        names = (file.relative_to(self.root).as_posix() for file in folder.rglob("*"))
        return tuple(sorted(name for name in names if name.startswith(start)))

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class _Bucket:
    bucket: str
    prefix: str
    client: Any

    def names(self, start: str) -> tuple[str, ...]:
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self.client.get_paginator("list_objects_v2")
        try:
            return tuple(
                each["Key"].removeprefix(self.prefix)
                for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + start)
                for each in page.get("Contents", ())
            )
        except (BotoCoreError, ClientError) as error:
            raise self._problem(error) from error

    def read(self, name: str) -> bytes | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
            content: bytes = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise self._problem(error) from error
        return content

    def _problem(self, error: Exception) -> StackError:
        return StackError(
            f"INFRA_BUCKET {self.bucket} cannot be read: {error}; does it exist? `invoke init "
            "--create` creates it."
        )
