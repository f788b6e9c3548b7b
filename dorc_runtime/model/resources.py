"""What pipelines of an environment share besides their zones: tables, topics, queues, buckets.

Infra creates them. In ``reads`` and ``writes`` they give a function its permissions and a variable
with their address; in the arguments of a Service they are that address.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, NoReturn, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from dorc_runtime.model.base import Model
from dorc_runtime.model.references import Reference, reference, references_in


def _resource_name(name: str) -> str:
    # A letter first, because the name is part of an environment variable.
    if len(name) > _LONGEST_NAME or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(
            f"'{name}' cannot be a resource's name: write at most {_LONGEST_NAME} lower-case "
            "letters, digits and single dashes, with a letter first"
        )
    return name


_LONGEST_NAME = 40
ResourceName = Annotated[str, AfterValidator(_resource_name)]
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
IndexName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", min_length=3, max_length=255)]
KeyType = Literal["S", "N", "B"]
_DAY = timedelta(days=1)
_BUCKET = re.compile(r"\$\{dorc:bucket:([^}]*)\}")
# The arguments of actions that name a resource, each with the kind of it.
_ARGUMENT_KINDS = MappingProxyType({"TableName": "table", "TopicArn": "topic", "QueueUrl": "queue"})


class Resource(Model):
    """One resource; ``kind`` is its word in variables and references."""

    kind: ClassVar[str]
    name: ResourceName

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)

    @property
    def address(self) -> Reference:
        """What code and arguments call it by: a name, for a topic its ARN, for a queue its URL."""
        return reference(self.kind, self.name)

    @property
    def arn(self) -> Reference:
        """Its ARN, for ``Permission``."""
        return reference(f"{self.kind}-arn", self.name)

    def __str__(self) -> str:
        return str(self.address)

    def __add__(self, other: object) -> NoReturn:
        name = self.name.replace("-", "_")
        after = other if isinstance(other, str) else "{...}"
        raise TypeError(f'a {self.kind} is no text: write f"{{{name}}}{after}"')

    def __radd__(self, other: object) -> NoReturn:
        name = self.name.replace("-", "_")
        before = other if isinstance(other, str) else "{...}"
        raise TypeError(f'a {self.kind} is no text: write f"{before}{{{name}}}"')

    def __truediv__(self, other: object) -> NoReturn:
        self.__add__(f"/{other}")


class Index(Model):
    """A global secondary index of a table, with all attributes.

    ``partition_key`` and ``sort_key`` are attributes of the items.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """

    partition_key: str
    sort_key: str | None = None


class Table(Resource):
    """A DynamoDB table, billed by request, without a stream; ``address`` is its name on AWS.

    ``name`` has lower-case letters, digits and single dashes, as that of every resource. An item is
    found by the attribute ``partition_key``, and by ``sort_key`` if there is one. Keys are texts,
    unless ``key_types`` says ``"N"`` (number) or ``"B"`` (bytes). ``indexes`` has an ``Index`` for
    each other pair of keys, by name. ``ttl`` is the attribute with the time, in seconds since 1970,
    at which DynamoDB deletes an item.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
    """

    kind: ClassVar[str] = "table"
    partition_key: str
    sort_key: str | None
    key_types: dict[str, KeyType]
    indexes: dict[IndexName, Index]
    ttl: str | None

    def __init__(
        self,
        name: str,
        *,
        partition_key: str,
        sort_key: str | None = None,
        key_types: Mapping[str, KeyType] | None = None,
        indexes: Mapping[str, Index] | None = None,
        ttl: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            partition_key=partition_key,
            sort_key=sort_key,
            key_types=dict(key_types or {}),
            indexes=dict(indexes or {}),
            ttl=ttl,
        )

    @property
    def keys(self) -> dict[str, KeyType]:
        """The attributes that are keys of the table or of an index, each with its type."""
        pairs = [(self.partition_key, self.sort_key)]
        pairs += [(index.partition_key, index.sort_key) for index in self.indexes.values()]
        names = dict.fromkeys(name for pair in pairs for name in pair if name is not None)
        return {name: self.key_types.get(name, "S") for name in names}

    @model_validator(mode="after")
    def _types_of_keys(self) -> Self:
        unused = sorted(self.key_types.keys() - self.keys.keys())
        if unused:
            raise ValueError(
                f"key_types: '{unused[0]}' is no key of the table or of an index: remove it"
            )
        return self


class Topic(Resource):
    """An SNS topic called ``name``; ``address`` is its ARN."""

    kind: ClassVar[str] = "topic"

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class Queue(Resource):
    """An SQS queue called ``name``, with a dead-letter queue; ``address`` is its URL.

    A message that was received is hidden from others for ``visibility_timeout`` (at most 12 hours).
    The queue keeps a message for ``retention``. After ``max_receives`` a message goes to the
    dead-letter queue, which keeps it for 14 days.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    """

    kind: ClassVar[str] = "queue"
    visibility_timeout: timedelta = Field(ge=timedelta(0), le=timedelta(hours=12))
    retention: timedelta = Field(ge=timedelta(minutes=1), le=14 * _DAY)
    max_receives: int = Field(ge=1, le=1000)

    def __init__(
        self,
        name: str,
        *,
        visibility_timeout: timedelta = timedelta(seconds=30),
        retention: timedelta = 4 * _DAY,
        max_receives: int = 3,
    ) -> None:
        super().__init__(
            name=name,
            visibility_timeout=visibility_timeout,
            retention=retention,
            max_receives=max_receives,
        )


def entry_with_names(entry: str) -> str:
    """Return an entry of ``reads`` or ``writes`` that names buckets: ``f"{archive}/2025/"``."""
    return _BUCKET.sub(r"\1", entry)


def resources_in(value: object) -> Iterator[Resource]:
    """Yield the resources in the arguments of a Service, also inside lists and dicts."""
    match value:
        case Resource():
            yield value
        case Mapping():
            yield from resources_in(list(value.values()))
        case list() | tuple():
            for inner in value:
                yield from resources_in(inner)
        case _:
            pass


def buckets_of(entry: object) -> Iterator[Resource]:
    """Yield the buckets in an entry of ``reads`` or ``writes``: ``f"{archive}/2025/"``."""
    if isinstance(entry, str | Bucket):
        yield from (Bucket(name) for name in _BUCKET.findall(str(entry)))


def check_entry(field: str, entry: object) -> None:
    """Raise ``ValueError`` for what cannot be in ``field``, "reads" or "writes"."""
    if isinstance(entry, Topic) and field == "reads":
        raise ValueError(entry_remedy(field, entry.kind, entry.name))
    for kind, name in references_in(entry) if isinstance(entry, str) else ():
        word = kind.removesuffix("-arn")
        if word in RESOURCE_KINDS:
            raise ValueError(entry_remedy(field, word, name))


def entry_remedy(field: str, kind: str, name: str) -> str:
    """Return what to write instead of a resource as text, or of a topic that is read."""
    variable = name.replace("-", "_")
    if kind == "topic" and field == "reads":
        return (
            f"'{name}' is a topic, which cannot be read: write TopicTrigger({variable}) to start "
            f"the pipeline by its messages, or writes=[{variable}] to send some"
        )
    return (
        f"'{name}' is a {kind}: write {field}=[{variable}], with {variable} from pipeline_config.py"
    )


def resource_arguments(arguments: JsonValue) -> Iterator[tuple[str, str, str]]:
    """Yield the arguments of a Service that name a resource: key, kind of resource, and text."""
    if isinstance(arguments, list):
        for inner in arguments:
            yield from resource_arguments(inner)
    elif isinstance(arguments, dict):
        for key, value in arguments.items():
            if isinstance(value, str) and key in _ARGUMENT_KINDS:
                yield key, _ARGUMENT_KINDS[key], value
            else:
                yield from resource_arguments(value)


def check_arguments(arguments: JsonValue) -> None:
    """Raise ``ValueError`` for an argument of a Service that names a resource of another kind."""
    for key, kind, text in resource_arguments(arguments):
        for other, name in references_in(text):
            word = other.removesuffix("-arn")
            if word in RESOURCE_KINDS and word != kind:
                raise ValueError(f"{key} is a {word}, '{name}': name a {kind.title()}")


class Bucket(Resource):
    """A bucket called ``name`` that is no zone; ``address`` is its name on AWS.

    Where a zone may be named (``reads``, ``objects``, ``S3Trigger``), its name may be too:
    ``archive/2025/``.
    """

    kind: ClassVar[str] = "bucket"

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


RESOURCE_KINDS = frozenset(each.kind for each in (Bucket, Queue, Table, Topic))
