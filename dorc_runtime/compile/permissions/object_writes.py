"""The objects that a pipeline may write to S3, and whether a trigger watches them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from dorc_runtime.compile.names import SEPARATOR
from dorc_runtime.compile.permissions.function_access import objects, writes
from dorc_runtime.compile.permissions.service_actions import Place, permissions
from dorc_runtime.compile.text_patterns import ANY, TextPattern, overlap
from dorc_runtime.compile.triggers.watched_objects import WatchedObjects
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Function, Map, Service, all_steps

# Which buckets and keys a step may write does not depend on region and account.
_PLACE = Place(region="eu-west-1", account="123456789012")
_OBJECT_ARN = re.compile(r"arn:[^:]*:s3:::([^/]+)(?:/(.*))?", re.DOTALL)
# ``${*}`` is a literal ``*``; other policy variables are known only when the policy is used:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_TOKEN = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\}|[*?])|(.)", re.DOTALL)
_FILE = re.compile(r"/.*\.[A-Za-z][A-Za-z0-9]*$")


@dataclass(frozen=True)
class ObjectWrite:
    """Objects that a step may write: ``place`` names them, for people.

    The step has the name ``step``; two steps that may write the same objects are equal.
    """

    place: str
    bucket: TextPattern
    keys: TextPattern
    step: str = field(compare=False)

    def includes(self, watched: WatchedObjects) -> bool:
        """Return whether one of the objects is among those that start a pipeline."""
        on_aws = (ANY, *SEPARATOR, *self.bucket, *SEPARATOR, ANY)
        in_bucket = overlap(self.bucket, watched.bucket) or (
            watched.on_aws and overlap(on_aws, watched.bucket)
        )
        return in_bucket and overlap(self.keys, watched.keys)


def object_writes(
    pipeline: Pipeline, *, layer: str, buckets: Mapping[str, str]
) -> Iterator[ObjectWrite]:
    """Yield what the steps of a pipeline of ``layer`` may write, by their permissions.

    ``buckets`` has the buckets of the zones that have one already.
    """
    for step in all_steps(pipeline.steps):
        match step:
            case Function():
                for entry in objects(writes(step, layer)):
                    # An entry like raw/state.json means one object, not the start of others.
                    end = () if _FILE.search(entry) else (ANY,)
                    yield _of_entry(entry, step.name, end, buckets)
                yield from _of_permissions(step.permissions, step.name)
            case Service():
                granted = permissions(step, place=_PLACE, buckets=buckets) or ()
                yield from _of_permissions(granted, step.name or step.action)
            case Map(results=str(results)):
                folder = f"{results.rstrip('/')}/"
                # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
                yield _of_entry(folder, step.name or "Map", (ANY, *".json"), buckets)
            case _:
                pass


def _of_entry(entry: str, step: str, end: TextPattern, buckets: Mapping[str, str]) -> ObjectWrite:
    place, _, prefix = entry.partition("/")
    return ObjectWrite(entry, tuple(buckets.get(place, place)), (*prefix, *end), step)


def _of_permissions(granted: tuple[Permission, ...], step: str) -> Iterator[ObjectWrite]:
    for permission in granted:
        if not any(fnmatchcase("s3:putobject", action.lower()) for action in permission.actions):
            continue
        for resource in permission.resources:
            if resource == "*":
                yield ObjectWrite(resource, (ANY,), (ANY,), step)
            elif match := _OBJECT_ARN.fullmatch(resource):
                # The ARN ``arn:aws:s3:::bucket*`` also matches the objects in the bucket.
                keys = match[2] if match[2] is not None else "*" * match[1].endswith("*")
                yield ObjectWrite(resource, _pattern(match[1]), _pattern(keys), step)


def _pattern(text: str) -> TextPattern:
    """Return the pattern of a part of a policy's ARN; ``?`` is taken for any characters too."""
    tokens = _TOKEN.finditer(text)
    return tuple(ANY if token[2] else token[1] or token[3] for token in tokens)
