"""The objects and names in the input of an execution."""

import json

import pytest
from pydantic import JsonValue

from dorc_runtime.operate.execution_inputs import NamedObject, named_objects, with_names

BUCKET = "birds--prod--raw--123456789012"
MAY = NamedObject(BUCKET, "counts/may.csv", "abc")
TRIGGER: dict[str, JsonValue] = {"bucket": BUCKET, "key": "counts/may.csv", "etag": "abc"}
EVENT: dict[str, JsonValue] = {
    "bucket": {"name": BUCKET},
    "object": {"key": "counts/may.csv", "etag": "abc", "size": 3},
}


@pytest.mark.parametrize(
    "received",
    [
        TRIGGER,
        {"source": "aws.s3", "detail": EVENT},
        [{"body": json.dumps({"files": [TRIGGER]})}],
        {"pipeline": "a/b", "input": json.dumps(TRIGGER), "output": "{not JSON"},
    ],
    ids=["S3Trigger", "event of S3", "message", "PipelineTrigger"],
)
def test_an_object_is_found_wherever_an_input_names_it(received: JsonValue) -> None:
    assert named_objects(received, [BUCKET]) == (MAY,)


def test_an_address_names_an_object() -> None:
    found = named_objects({"file": f"s3://{BUCKET}/a/b.csv"}, [BUCKET])
    assert found == (NamedObject(BUCKET, "a/b.csv"),)


def test_objects_in_other_buckets_are_not_named() -> None:
    assert named_objects(TRIGGER, ["birds--prod--raw"]) == ()


def test_names_are_replaced_in_text_and_addresses_but_not_inside_other_names() -> None:
    received: JsonValue = {
        "a": BUCKET,
        "b": f"s3://{BUCKET}/{BUCKET}-2/x",
        "c": json.dumps({"d": BUCKET}),
    }
    assert with_names(received, {BUCKET: "local-raw"}) == {
        "a": "local-raw",
        "b": f"s3://local-raw/{BUCKET}-2/x",
        "c": '{"d": "local-raw"}',
    }
