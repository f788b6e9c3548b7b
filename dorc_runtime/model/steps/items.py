"""What a distributed Map may run over, other than a list: objects, and rows of a file.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from dorc_runtime.errors import DefinitionError
from dorc_runtime.model.base import Model
from dorc_runtime.model.expressions.data import value_text
from dorc_runtime.model.expressions.expression import Expression, Value
from dorc_runtime.model.references import Reference, Resolvable

Format = Literal["CSV", "JSON", "JSONL"]
Delimiter = Literal[",", "|", ";", " ", "\t"]
Limit = Annotated[int | None, Field(ge=1, le=100_000_000), Resolvable]

_FORMATS: dict[str, Format] = {
    ".csv": "CSV", ".json": "JSON", ".jsonl": "JSONL", ".ndjson": "JSONL",
}  # fmt: skip


class Objects(Model):
    """The objects of a bucket that have ``prefix`` at the start of their keys."""

    bucket: JsonValue
    prefix: JsonValue
    limit: Limit


class Rows(Model):
    """The rows of one file; its ``format`` decides what a row is."""

    bucket: JsonValue
    key: JsonValue
    format: Annotated[Format, Resolvable]
    headers: tuple[str, ...] | None
    delimiter: Annotated[Delimiter, Resolvable]
    limit: Limit


def objects(
    place: str = "",
    *,
    bucket: Expression | str = "",
    prefix: Expression | str = "",
    limit: int | None = None,
) -> Objects:
    """Return the objects under ``place`` (``raw/penguins/``), at most ``limit``.

    Use ``bucket`` and ``prefix`` instead for expressions. A bucket may be a zone. An item is
    ``{"Etag", "Key", "LastModified", "Size", "StorageClass"}``.
    """
    in_bucket, start = _place("objects", place, bucket, prefix)
    return Objects(bucket=value_text(in_bucket), prefix=value_text(start), limit=limit)


def rows(
    place: str = "",
    *,
    bucket: Expression | str = "",
    key: Expression | str = "",
    format: Format | None = None,  # noqa: A002 - what it is
    headers: Sequence[str] | None = None,
    delimiter: Delimiter = ",",
    limit: int | None = None,
) -> Rows:
    """Return the rows of the file at ``place`` (``raw/penguins.csv``), at most ``limit``.

    Use ``bucket`` and ``key`` instead for expressions. A bucket may be a zone. The ``format``
    follows from the key's ending, unless the key is an expression. A row of CSV is an object of
    texts; the names of its fields are in the first line or in ``headers``. A JSON file must hold a
    list. Of JSON Lines each line is an item.
    """
    in_bucket, path = _place("rows", place, bucket, key)
    if isinstance(path, str) and path == "":
        raise DefinitionError('rows() needs a file: rows("raw/penguins.csv").')
    ending = f".{path.rpartition('.')[2].lower()}" if isinstance(path, str) else ""
    file_format = _FORMATS.get(ending) if format is None else format
    if file_format is None:
        raise DefinitionError(
            'rows() does not know the format of the file: add format="CSV", "JSON" or "JSONL".'
        )
    return Rows(
        bucket=value_text(in_bucket),
        key=value_text(path),
        format=file_format,
        headers=None if headers is None else tuple(headers),
        delimiter=delimiter,
        limit=limit,
    )


def _place(kind: str, place: str, bucket: Value, path: Value) -> tuple[Value, Value]:
    if isinstance(place, Reference):
        raise DefinitionError(
            f"{kind}(setting(...)): dorc does not know the bucket in it. Use settings for the "
            f"bucket and the rest: {kind}(bucket=setting(...), ...)."
        )
    if bool(place) == (isinstance(bucket, Expression | Reference) or bool(bucket)):
        raise DefinitionError(
            f'{kind}() needs one place: either {kind}("raw/penguins") or {kind}(bucket=...).'
        )
    if not place:
        return bucket, path
    first, _, rest = place.partition("/")
    return first, rest
