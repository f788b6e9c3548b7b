"""What a backfill is over, and its plan, on the AWS that moto plays."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from dorc_runtime import CronTrigger, Pass, Pipeline, PipelineTrigger, S3Trigger
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import InputError, StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.backfill.backfill_items import (
    Item,
    Selection,
    check_label,
    object_items,
    time_items,
)
from dorc_runtime.operate.backfill.backfill_plan import BackfillPlan, plan_backfill
from dorc_runtime.operate.cost.execution_estimate import Estimate

BIRDS = "raw-to-processed/birds"
RAW = "birds--dev--raw--123456789012"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = Names("birds", "dev")
TARGET = Target(NAMES, "eu-west-2", "123456789012", zones={"raw": RAW})
DAILY = CronTrigger("cron(30 1 * * ? *)", timezone="Europe/London", input={"full": True})
COUNTS = S3Trigger(prefix="counts/", suffix=".csv")
# One execution costs between one and two cents.
CENTS = Estimate(0.01, 0.02, 30.0, "the last 5 executions")


def pipeline(*triggers: S3Trigger | CronTrigger | PipelineTrigger) -> Pipeline:
    return Pipeline(description="Birds", triggers=list(triggers), steps=[Pass(name="Look")])


@pytest.fixture(scope="module")
def dev() -> Iterator[AwsEnvironment]:
    """An environment with one deployed pipeline, and some objects."""
    with mock_aws():
        environment = AwsEnvironment(NAMES, "eu-west-2", "123456789012", "arn:aws:iam::1:user/ana")
        environment.states.create_state_machine(
            name="birds--dev--raw-to-processed--birds",
            definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
            roleArn="arn:aws:iam::123456789012:role/machine",
        )
        environment.s3.create_bucket(
            Bucket=RAW, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        for key in ("counts/2025/a b&c.csv", "counts/2025/d.csv", "counts/2026/e.csv", "f.csv"):
            environment.s3.put_object(Bucket=RAW, Key=key, Body=key.encode())
        environment.s3.put_object(Bucket=RAW, Key="counts/2025/readme.txt", Body=b"no counts")
        yield environment


def objects(
    dev: AwsEnvironment, prefix: str, *triggers: S3Trigger | CronTrigger, label: str = ""
) -> Selection:
    return object_items(
        dev, pipeline(*triggers), name=BIRDS, target=TARGET, prefix=prefix, label=label
    )


def times(first: str, last: str, *triggers: S3Trigger | CronTrigger) -> list[str]:
    found = time_items(pipeline(*triggers), name=BIRDS, first=first, last=last, now=NOW)
    return [each.title for each in found.items]


def plan(
    dev: AwsEnvironment, selection: Selection, estimate: Estimate, **most: float
) -> BackfillPlan:
    return plan_backfill(
        dev,
        BIRDS,
        selection,
        limit=int(most.get("limit", 1000)),
        budget=most.get("budget"),
        estimate=lambda succeeded: estimate,
    )


def some_items(*names: str) -> Selection:
    return Selection("objects", "under x", tuple(Item(name, name, {}) for name in names))


def test_the_objects_are_those_that_the_trigger_takes(dev: AwsEnvironment) -> None:
    keys = [each.title for each in objects(dev, "counts/2025/", COUNTS).items]
    assert keys == ["counts/2025/a b&c.csv", "counts/2025/d.csv"]


def test_a_prefix_that_is_shorter_than_that_of_the_trigger_takes_no_more(
    dev: AwsEnvironment,
) -> None:
    keys = [each.title for each in objects(dev, "", COUNTS).items]
    assert keys == ["counts/2025/a b&c.csv", "counts/2025/d.csv", "counts/2026/e.csv"]


def test_an_object_that_two_triggers_take_starts_once(dev: AwsEnvironment) -> None:
    found = objects(dev, "counts/2026/", COUNTS, S3Trigger(suffix="e.csv"))
    assert [each.title for each in found.items] == ["counts/2026/e.csv"]


def test_the_input_is_that_of_the_trigger(dev: AwsEnvironment) -> None:
    [item] = objects(dev, "counts/2026/", COUNTS).items
    received = json.loads(json.dumps(item.input))
    assert received.keys() == {"bucket", "key", "size", "etag", "time"}
    assert (
        (received["bucket"], received["size"])
        == (RAW, len("counts/2026/e.csv"))
        == (RAW, item.size)
    )


def test_names_of_executions_are_short_and_have_no_special_characters(dev: AwsEnvironment) -> None:
    name = objects(dev, "counts/2025/a", COUNTS, label="again2").items[0].name
    assert name.startswith("backfill-again2-a-b-c.csv-")
    assert len(name) <= 80


def test_an_object_with_another_content_is_another_execution(dev: AwsEnvironment) -> None:
    before = objects(dev, "counts/2026/", COUNTS).items
    dev.s3.put_object(Bucket=RAW, Key="counts/2026/e.csv", Body=b"more counts")
    after = objects(dev, "counts/2026/", COUNTS).items
    assert before[0].title == after[0].title
    assert before[0].name != after[0].name


@pytest.mark.parametrize(
    ("prefix", "triggers", "message"),
    [
        ("x", [DAILY], "has no S3Trigger, so no objects can start it"),
        ("photos/", [COUNTS], f"starts {BIRDS}, but these do: {RAW}/counts/*.csv"),
        ("counts/1999/", [COUNTS], f"{RAW} has no object under 'counts/1999/' that starts"),
    ],
)
def test_a_prefix_without_objects_is_refused(
    dev: AwsEnvironment, prefix: str, triggers: Sequence[S3Trigger], message: str
) -> None:
    with pytest.raises(InputError) as error:
        objects(dev, prefix, *triggers)
    assert message in str(error.value)


def test_a_bucket_that_does_not_exist_is_named(dev: AwsEnvironment) -> None:
    with pytest.raises(StackError, match="the bucket photos does not exist: `invoke apply"):
        objects(dev, "", S3Trigger(bucket="photos"))


def test_times_are_those_of_the_schedule_in_its_zone() -> None:
    assert times("2025-10-25", "2025-10-27", DAILY) == [
        "2025-10-25T00:30:00Z",
        "2025-10-26T00:30:00Z",
        "2025-10-27T01:30:00Z",
    ]


def test_a_time_that_the_clock_skips_is_none() -> None:
    assert times("2025-03-30", "2025-03-30T12:00", DAILY, CronTrigger("cron(0 6 * * ? *)")) == [
        "2025-03-30T06:00:00Z"
    ]


def test_the_end_may_be_a_time() -> None:
    hourly = CronTrigger("cron(0 * * * ? *)")
    assert len(times("2025-01-01T06:00", "2025-01-01T08:00", hourly)) == 3


def test_a_rate_counts_from_the_first_time() -> None:
    assert times("2025-01-01", "2025-01-01", CronTrigger("rate(12 hours)")) == [
        "2025-01-01T00:00:00Z",
        "2025-01-01T12:00:00Z",
    ]


def test_what_is_in_the_future_is_left_out() -> None:
    assert times("2026-01-31", "2026-02-28", DAILY) == ["2026-01-31T01:30:00Z"]


def test_the_input_of_a_time_is_that_of_the_schedule() -> None:
    found = time_items(pipeline(DAILY), name=BIRDS, first="2025-01-01", last="2025-01-01", now=NOW)
    [item] = found.items
    assert item.input == {"time": "2025-01-01T01:30:00Z", "full": True}
    assert item.name.startswith("backfill-20250101T013000Z-")


@pytest.mark.parametrize(
    ("first", "last", "trigger", "message"),
    [
        ("2025-02-01", "2025-01-01", DAILY, "is after --to 2025-01-01: swap the two"),
        ("2026-02-01", "2026-03-01", DAILY, "--from 2026-02-01 is in the future"),
        ("monday", "2025-01-01", DAILY, "--from is 'monday': write a date like 2025-01-31"),
        ("2025-01-01", "2025-01-01T00:00Z", DAILY, "--to is '2025-01-01T00:00Z'"),
        ("2025-01-01", "2025-01-01", COUNTS, "has no CronTrigger, so no times can start it"),
        ("2025-01-01T02:00", "2025-01-01T03:00", DAILY, "is not due between"),
    ],
)
def test_times_that_cannot_be_used_are_refused(
    first: str, last: str, trigger: CronTrigger, message: str
) -> None:
    with pytest.raises(InputError) as error:
        times(first, last, trigger)
    assert message in str(error.value)


@pytest.mark.parametrize("label", ["", "a b", "x" * 21, "a-b"])
def test_a_name_that_cannot_be_part_of_another_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="--name is"):
        check_label(label)


def test_a_plan_starts_what_has_no_execution_up_to_the_limit(dev: AwsEnvironment) -> None:
    dev.states.start_execution(stateMachineArn=dev.machine(BIRDS), name="two", input="{}")
    made = plan(dev, some_items("one", "two", "three", "four"), CENTS, limit=2)
    assert [each.name for each in made.chosen] == ["one", "three"]
    assert (made.running, made.waiting) == (1, 1)
    assert made.price == (0.02, 0.04)
    assert made.seconds(at_once=5) == 30.0


def test_a_budget_is_kept_at_the_highest_price(dev: AwsEnvironment) -> None:
    made = plan(dev, some_items("a", "b", "c", "d", "e"), CENTS, budget=0.07)
    assert (len(made.chosen), made.waiting) == (3, 2)


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (Estimate(), "measure one with --limit 1 and without --budget"),
        (Estimate(origin="the last execution"), "needs the prices of the region"),
        (
            Estimate(1, 1, 1, "the last execution", ("the executions of a/b",)),
            "a/b is not measured",
        ),
        (CENTS, "--budget buys no execution of raw-to-processed/birds: one costs up to $0.020000"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    dev: AwsEnvironment, estimate: Estimate, message: str
) -> None:
    with pytest.raises(InputError) as error:
        plan(dev, some_items("a"), estimate, budget=0.01)
    assert message in str(error.value)


def test_a_pipeline_that_is_not_deployed_is_named(dev: AwsEnvironment) -> None:
    with pytest.raises(StackError, match="a-to-b/c is not deployed in dev"):
        plan_backfill(
            dev,
            "a-to-b/c",
            some_items("one"),
            limit=1,
            budget=None,
            estimate=lambda succeeded: CENTS,
        )
