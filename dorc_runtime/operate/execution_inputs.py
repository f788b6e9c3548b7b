"""The inputs of executions: the objects that they name, and what they are on this machine."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from dorc_runtime.compile.triggers.object_triggers import StoredObject
from dorc_runtime.errors import StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors

# The folder in a repository for the objects that are fetched.
OBJECTS = Path(".dorc", "objects")

_ADDRESS = re.compile(r"s3://([^/]+)/(.+)")
# A file's name has at most 255 bytes.
_LONGEST_NAME = 100


@dataclass(frozen=True)
class NamedObject:
    """An object that an input names; ``etag`` is "" where the input does not say it."""

    bucket: str
    key: str
    etag: str = ""


def named_objects(received: JsonValue, buckets: Collection[str]) -> tuple[NamedObject, ...]:
    """Return the objects in ``buckets`` that an input names, at any depth, each once.

    An object is named as an S3Trigger does, as an event of S3 does, or as ``s3://bucket/key``; also
    inside text that is JSON, such as the body of a message.
    """
    found: dict[tuple[str, str], NamedObject] = {}
    for each in _named(received):
        if each.bucket in buckets:
            found.setdefault((each.bucket, each.key), each)
    return tuple(found.values())


def with_names(received: JsonValue, names: Mapping[str, str]) -> JsonValue:
    """Return an input with each name in it replaced by what ``names`` has for it.

    Names stand for themselves: inside a longer word they stay as they are.
    """
    if not names:
        return received
    longest_first = sorted(names, key=len, reverse=True)
    any_name = "|".join(re.escape(json.dumps(name)[1:-1]) for name in longest_first)
    text = re.sub(
        rf"(?<![\w.-])({any_name})(?![\w.-])",
        lambda name: names[name[1]],
        json.dumps(received),
    )
    replaced: JsonValue = json.loads(text)
    return replaced


def stored_object(environment: AwsEnvironment, bucket: str, key: str) -> StoredObject | None:
    """Return the object with ``key`` in ``bucket``, None where it does not exist.

    Raises ``StackError`` for a bucket that does not exist.
    """
    s3, name = environment.s3, environment.names.environment
    with aws_errors("s3:ListBucket"):
        try:
            # The key itself comes before all longer ones.
            answer = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        except s3.exceptions.NoSuchBucket:
            raise StackError(
                f"the bucket {bucket} does not exist: `invoke apply --instance infra --env {name}` "
                "creates those of zones."
            ) from None
    for found in answer.get("Contents", ()):
        if found["Key"] == key:
            etag = found["ETag"].strip('"')
            return StoredObject(bucket, key, found["Size"], etag, found["LastModified"])
    return None


def fetch_object(environment: AwsEnvironment, stored: StoredObject, *, folder: Path) -> Path:
    """Return a file in ``folder`` with the content of an object; it is fetched once."""
    place = "\n".join((stored.bucket, stored.key, stored.etag))
    digest = hashlib.sha256(place.encode()).hexdigest()[:16]
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(stored.key).name)[-_LONGEST_NAME:]
    file = folder / f"{digest}-{name}"
    if file.is_file():
        return file
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    try:
        with aws_errors("s3:GetObject"):
            environment.s3.download_file(stored.bucket, stored.key, str(part))
        part.replace(file)
    except OSError as error:
        raise StackError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return file


def _named(value: JsonValue) -> Iterator[NamedObject]:
    match value:
        case dict():
            yield from _object(value)
            for each in value.values():
                yield from _named(each)
        case list():
            for each in value:
                yield from _named(each)
        case str() if address := _ADDRESS.fullmatch(value):
            yield NamedObject(address[1], address[2])
        case str() if value[:1] in ("{", "["):
            try:
                inner: JsonValue = json.loads(value)
            except ValueError:
                return
            yield from _named(inner)


def _object(value: dict[str, JsonValue]) -> Iterator[NamedObject]:
    match value:
        case {"bucket": str(bucket), "key": str(key)}:
            yield NamedObject(bucket, key, _text(value.get("etag")))
        case {"bucket": {"name": str(bucket)}, "object": {"key": str(key)} as stored}:
            etag = stored.get("etag") if isinstance(stored, dict) else None
            yield NamedObject(bucket, key, _text(etag))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
