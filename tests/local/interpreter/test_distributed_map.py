"""Distributed Maps: what they run over, what may fail, and where the results go.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime import (
    Catch,
    Fail,
    Function,
    Map,
    Pass,
    Retry,
    Wait,
    data,
    execution,
    item,
    objects,
    result,
    rows,
    variable,
)
from tests.local.run_document import START, failing, ran

CSV = b'species,mass\nAdelie,3700\n"Gentoo, big",\n'


def over(place: Any, lake: dict[str, dict[str, bytes]], **more: Any) -> JsonValue:
    """Return the items that a Map runs over."""
    run = ran(Map(place, distributed=True, steps=[Pass()], **more), lake=lake)
    assert run.ending.status == "SUCCEEDED", run.ending.cause
    return run.ending.output


def test_a_list_runs_distributed_as_it_does_inline() -> None:
    step = Map(data.xs, distributed=True, select={"n": item, "of": data.total}, steps=[Pass()])
    run = ran(step, event={"xs": [3, 1], "total": 2})
    assert run.ending.output == [{"n": 3, "of": 2}, {"n": 1, "of": 2}]


def test_objects_are_items_as_s3_lists_them() -> None:
    lake = {"raw": {"other": b"", "penguins/a.csv": b"a\n", "penguins/b.csv": b""}}
    output = over(objects("raw/penguins/"), lake)
    assert isinstance(output, list)
    assert [each["Key"] for each in output if isinstance(each, dict)] == [
        "penguins/a.csv",
        "penguins/b.csv",
    ]
    assert output[0] == {
        "Etag": '"60b725f10c9c85c70d97880dfe8191b3"',
        "Key": "penguins/a.csv",
        "LastModified": int(START),
        "Size": 2,
        "StorageClass": "STANDARD",
    }


def test_rows_of_csv_are_objects_of_texts() -> None:
    assert over(rows("raw/p.csv"), {"raw": {"p.csv": CSV}}) == [
        {"species": "Adelie", "mass": "3700"},
        {"species": "Gentoo, big", "mass": ""},
    ]


def test_columns_may_be_given_and_separated_otherwise() -> None:
    place = rows("raw/p.csv", headers=["a", "b"], delimiter=";")
    assert over(place, {"raw": {"p.csv": b"1;2\n3\n"}}) == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": ""},
    ]


@pytest.mark.parametrize(
    ("key", "body"), [("p.json", b'[{"n": 1}, 2]'), ("p.jsonl", b'{"n": 1}\n\n2\n')]
)
def test_rows_of_json_are_what_they_are(key: str, body: bytes) -> None:
    assert over(rows(f"raw/{key}"), {"raw": {key: body}}) == [{"n": 1}, 2]


def test_the_file_may_depend_on_the_run() -> None:
    step = Map(
        rows(bucket=data.bucket, key=data.key, format="CSV"), distributed=True, steps=[Pass()]
    )
    event: JsonValue = {"bucket": "raw", "key": "p"}
    run = ran(step, event=event, lake={"raw": {"p": b"a\n1\n"}})
    assert run.ending.output == [{"a": "1"}]


def test_a_limit_ends_the_items() -> None:
    assert over(rows("raw/p.csv", limit=1), {"raw": {"p.csv": CSV}}) == [
        {"species": "Adelie", "mass": "3700"}
    ]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (rows("raw/nothing.csv"), "nothing.csv"),
        (objects("nowhere"), "nowhere"),
        (rows("raw/p.json"), "Attempting to map over non-iterable node."),
        (rows("raw/twice.csv"), "CSV headers cannot contain duplicates."),
        (rows("raw/nan.json"), "NaN is no value of JSON"),
        (rows("raw/nan.jsonl"), "NaN is no value of JSON"),
    ],
)
def test_items_that_cannot_be_read_fail_the_map(place: Any, why: str) -> None:
    files = {"p.json": b"{}", "twice.csv": b"a,a\n", "nan.json": b"[NaN]", "nan.jsonl": b"NaN"}
    lake = {"raw": files}
    run = ran(Map(place, distributed=True, steps=[Pass()]), lake=lake)
    assert run.ending.error == "States.ItemReaderFailed"
    assert why in run.ending.cause


def test_a_batch_goes_together_into_one_run() -> None:
    step = Map([1, 2, 3], distributed=True, batch=2, steps=[Function("a")])
    run = ran(step, a=lambda batch: batch)
    assert run.ending.output == [{"Items": [1, 2]}, {"Items": [3]}]


def test_each_item_has_an_execution_of_its_own() -> None:
    step = Map([1, 2], distributed=True, steps=[Pass({"of": execution.input, "id": execution.id})])
    output = ran(step, event="whole").ending.output
    assert isinstance(output, list)
    ids = {each["id"] for each in output if isinstance(each, dict)}
    assert [each["of"] for each in output if isinstance(each, dict)] == [1, 2]
    assert len(ids) == 2


def test_variables_from_outside_do_not_reach_its_steps() -> None:
    step = Map([1], distributed=True, steps=[Pass(variable("x"))])
    run = ran(Pass(assign={"x": 1}), step)
    assert run.ending.error == "States.ExceedToleratedFailureThreshold"


def test_one_failed_item_is_one_too_many_by_default() -> None:
    run = ran(Map([1, 2], distributed=True, steps=[Fail("Broken")]))
    assert run.ending.error == "States.ExceedToleratedFailureThreshold"
    assert run.ending.first.error == "Broken"


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [
        ({"tolerated_failures": 1}, "SUCCEEDED"),
        ({"tolerated_percentage": 25}, "SUCCEEDED"),
        ({"tolerated_percentage": 24}, "FAILED"),
        ({"tolerated_failures": 3, "tolerated_percentage": 10}, "FAILED"),
    ],
)
def test_as_many_items_may_fail_as_are_tolerated(tolerated: Any, status: str) -> None:
    step = Map([1, 2, 3, 4], distributed=True, steps=[Function("a", retry=())], **tolerated)
    assert ran(step, a=failing("E")).ending.status == status


def test_a_failed_batch_counts_all_its_items() -> None:
    step = Map(
        [1, 2, 3, 4], distributed=True, batch=2, tolerated_failures=1, steps=[Fail("Broken")]
    )
    assert ran(step).ending.error == "States.ExceedToleratedFailureThreshold"


def test_a_tolerated_failure_stands_among_the_results_with_its_error() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html"""
    step = Map([1, 2], distributed=True, tolerated_failures=1, steps=[Function("a", retry=())])
    output = ran(step, a=failing("E")).ending.output
    assert isinstance(output, list)
    first, second = output
    assert isinstance(first, dict)
    assert (first["Status"], first["Error"], first["Input"]) == ("FAILED", "E", "1")
    assert second == 1


def test_results_are_written_where_the_map_says() -> None:
    step = Map(
        [1, 2], distributed=True, tolerated_failures=1, results="out/runs/",
        steps=[Function("a", retry=())], max_concurrency=1,
    )  # fmt: skip
    run = ran(step, lake={"out": {}}, a=failing("E"))
    assert isinstance(run.ending.output, dict)
    details = run.ending.output["ResultWriterDetails"]
    assert isinstance(details, dict)
    manifest = json.loads(run.lake["out"][str(details["Key"])])
    assert manifest["DestinationBucket"] == details["Bucket"] == "out"
    assert manifest["MapRunArn"] == run.ending.output["MapRunArn"]
    [good], [bad] = (manifest["ResultFiles"][status] for status in ("SUCCEEDED", "FAILED"))
    assert json.loads(run.lake["out"][good["Key"]])[0]["Output"] == "1"
    assert json.loads(run.lake["out"][bad["Key"]])[0]["Error"] == "E"
    assert str(good["Key"]).startswith("runs/")


def test_results_without_a_bucket_fail_the_map() -> None:
    run = ran(Map([1], distributed=True, results="nowhere/x", steps=[Pass()]))
    assert run.ending.error == "States.ResultWriterFailed"


def test_at_most_so_many_run_at_a_time() -> None:
    step = Map(
        [1, 2, 3, 4, 5], distributed=True, max_concurrency=2, steps=[Wait(timedelta(seconds=10))]
    )
    assert ran(step).seconds == 30


def test_more_than_forty_run_at_a_time() -> None:
    step = Map([*range(100)], distributed=True, steps=[Wait(timedelta(seconds=10))])
    assert ran(step).seconds == 10


def test_a_distributed_map_is_retried_and_caught_as_a_whole() -> None:
    step = Map(
        [1],
        distributed=True,
        steps=[Function("a", retry=())],
        retry=[Retry("States.ExceedToleratedFailureThreshold", max_attempts=1)],
        catch=[Catch(steps=[Pass("caught")])],
        output=result[0],
    )
    assert ran(step, a=failing("E")).ending.output == 1
    assert ran(step, a=failing("E", "E")).ending.output == "caught"
