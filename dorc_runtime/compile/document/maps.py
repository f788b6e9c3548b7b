"""The states of Maps, in one execution or distributed over many.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from collections.abc import Mapping

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.model.steps import Map, Objects, Rows

_LIST = "arn:aws:states:::s3:listObjectsV2"
_READ = "arn:aws:states:::s3:getObject"
_WRITE = "arn:aws:states:::s3:putObject"
_DELIMITERS = {",": "COMMA", "|": "PIPE", ";": "SEMICOLON", " ": "SPACE", "\t": "TAB"}


def map_state(step: Map, machine: Document, buckets: Mapping[str, str]) -> Document:
    """Return the state of ``step``, without ``Next``; ``machine`` has the states of its steps."""
    config: Document = {"Mode": "INLINE"}
    if step.distributed:
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    fields: dict[str, JsonValue] = {
        **_items(step, buckets),
        "ItemSelector": step.select,
        "ItemBatcher": {"MaxItemsPerBatch": step.batch} if step.batch else None,
        "MaxConcurrency": step.max_concurrency or None,
        "ToleratedFailureCount": step.tolerated_failures or None,
        "ToleratedFailurePercentage": step.tolerated_percentage or None,
        "ResultWriter": _writer(step.results, buckets),
    }
    return {
        "Type": "Map",
        **{key: value for key, value in fields.items() if value is not None},
        "ItemProcessor": {"ProcessorConfig": config, **machine},
    }


def _items(step: Map, buckets: Mapping[str, str]) -> Document:
    match step.over:
        case Objects(bucket=bucket, prefix=prefix, limit=limit):
            arguments: Document = {"Bucket": _bucket(bucket, buckets)}
            if prefix:
                arguments["Prefix"] = prefix
            return _reader(_LIST, arguments, {"MaxItems": limit} if limit else {})
        case Rows(bucket=bucket, key=key):
            arguments = {"Bucket": _bucket(bucket, buckets), "Key": key}
            return _reader(_READ, arguments, _format(step.over))
        case over:
            return {"Items": over}


def _reader(resource: str, arguments: Document, config: Document) -> Document:
    reader: Document = {"Resource": resource, "Arguments": arguments}
    return {"ItemReader": {**reader, "ReaderConfig": config} if config else reader}


def _format(rows: Rows) -> Document:
    config: Document = {"InputType": rows.format}
    if rows.format == "CSV":
        config["CSVDelimiter"] = _DELIMITERS[rows.delimiter]
        config["CSVHeaderLocation"] = "FIRST_ROW"
        if rows.headers is not None:
            config |= {"CSVHeaderLocation": "GIVEN", "CSVHeaders": list(rows.headers)}
    if rows.limit is not None:
        config["MaxItems"] = rows.limit
    return config


def _writer(place: str | None, buckets: Mapping[str, str]) -> JsonValue:
    if place is None:
        return None
    zone, _, prefix = place.partition("/")
    arguments: Document = {"Bucket": _bucket(zone, buckets), "Prefix": prefix.rstrip("/")}
    return {"Resource": _WRITE, "Arguments": arguments}


def _bucket(name: JsonValue, buckets: Mapping[str, str]) -> JsonValue:
    return buckets.get(name, name) if isinstance(name, str) else name
