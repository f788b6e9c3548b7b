"""What a definition may say, and what is refused as it is written."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError

from dorc_runtime import (
    Call,
    Catch,
    Config,
    CronTrigger,
    Function,
    If,
    Index,
    Map,
    Pass,
    Pipeline,
    Queue,
    QueueTrigger,
    Repeat,
    Retry,
    S3Trigger,
    Service,
    Table,
    UniversalConfig,
    Wait,
    data,
    error,
    item,
    objects,
    result,
    rows,
    variable,
)
from dorc_runtime.errors import DefinitionError, ExpressionError

UNIVERSAL = UniversalConfig(region="eu-west-2", project="ExampleDorc")

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "16 minutes": (lambda: Function("a", timeout=timedelta(minutes=16)), "15 minutes"),
    "half an hour of expectation": (
        lambda: Pipeline(steps=[Pass()], expect_every=timedelta(minutes=30)),
        "from 1 hour to 90 days",
    ),
    "muted until soon": (
        lambda: Config(universal=UNIVERSAL, mute_alerts="soon"),
        "the day on which alerts are sent again",
    ),
    "a webhook by its URL": (
        lambda: Config(universal=UNIVERSAL, alert_webhooks=("https://hooks.slack.com/a",)),
        "is not the name of a secret",
    ),
    "half a second": (lambda: Function("a", timeout=timedelta(seconds=0.5)), "whole number"),
    "no memory": (lambda: Function("a", memory=64), "128"),
    "all errors beside others": (
        lambda: Function("a", retry=[Retry(["A", "States.ALL"])]),
        "alone",
    ),
    "all errors first": (
        lambda: Function("a", catch=[Catch(), Catch(["A"])]),
        "in the last Catch",
    ),
    "a delay under the interval": (
        lambda: Retry(interval=timedelta(seconds=5), max_delay=timedelta(seconds=5)),
        "longer than interval",
    ),
    "two tables of one name": (
        lambda: Config(universal=UNIVERSAL, resources=[Table("a", partition_key="id")] * 2),
        "two tables are called 'a'",
    ),
    "an index with a short name": (
        lambda: Table("a", partition_key="id", indexes={"at": Index(partition_key="at")}),
        "at least 3 characters",
    ),
    "a batch of many messages without a window": (
        lambda: QueueTrigger(Queue("work"), batch=100),
        "needs window=",
    ),
    "a Map over text": (lambda: Map(over="abc", steps=[Pass()]), "over=data.files"),
    "a Map without steps": (lambda: Map(over=data.a, steps=[]), "at least 1"),
    "a condition that is text": (
        lambda: If("x"),
        "the condition must be an expression, for example data.rows == 0",
    ),
    "a condition of a Repeat that is text": (
        lambda: Repeat([Pass()], until="x", most=2),
        "the condition must be an expression, for example data.rows == 0",
    ),
    "a wait without length": (lambda: Wait(), "Wait(timedelta(minutes=5))"),
    "a number that JSON does not have": (
        lambda: Pass({"sizes": [1, float("nan")]}),
        "output.sizes[1]: nan is no number of JSON",
    ),
    "half of a character": (
        lambda: CronTrigger("rate(1 day)", input={"word": "\ud83d"}),
        r"input.word: '\ud83d' has half of a character",
    ),
    "half of a character in a key": (
        lambda: Pass({"\ud83d": 1}),
        r"output, a key: '\ud83d' has half of a character",
    ),
    "half of a character in an expression": (
        lambda: Pass(data.word + "\ud83d"),
        "has half of a character",
    ),
    "a pipeline without steps": (lambda: Pipeline(steps=[]), "at least 1"),
    "objects inline": (
        lambda: Map(over=objects("raw"), steps=[Pass()]),
        "over=objects(...) needs Map(..., distributed=True)",
    ),
    "a batch inline": (
        lambda: Map(over=[1], batch=2, steps=[Pass()]),
        "batch needs Map(..., distributed=True)",
    ),
    "a batch of nothing": (
        lambda: Map(over=[1], distributed=True, batch=0, steps=[Pass()]),
        "greater than or equal to 1",
    ),
    "a call without a layer": (lambda: Call("load"), "layer/name"),
    "a step that waits for two things": (
        lambda: Service("ecs:runTask", wait=True, wait_for_token=True),
        "wait=True and wait_for_token=True exclude each other",
    ),
    "a heartbeat of nothing": (
        lambda: Service("sns:publish", heartbeat=timedelta(minutes=1)),
        "heartbeat needs wait=True or wait_for_token=True",
    ),
    "a heartbeat as long as the timeout": (
        lambda: Service(
            "batch:submitJob",
            wait=True,
            heartbeat=timedelta(minutes=1),
            timeout=timedelta(minutes=1),
        ),
        "heartbeat must be shorter than the timeout of 0:01:00",
    ),
    "an action without a service": (lambda: Service("publish"), "service:action"),
    "a variable with a reserved name": (
        lambda: Pass(assign={"states": 1}),
        "a reserved name of Step Functions",
    ),
    "a variable with a space": (lambda: Pass(assign={"a b": 1}), "letters, digits"),
    "an answer without a token": (
        lambda: Function("a", answer_within=timedelta(days=1)),
        "answer_within needs wait_for_token=True",
    ),
    "a VPC without subnets": (
        lambda: Config(universal=UNIVERSAL, vpc_id="vpc-1"),
        "vpc_id is set without private_subnet_ids",
    ),
    "subnets without a VPC": (
        lambda: Config(universal=UNIVERSAL, private_subnet_ids=("subnet-1",)),
        "private_subnet_ids is set without vpc_id",
    ),
    "a region that is none": (lambda: UniversalConfig(region="mars", project="a"), "region"),
    "a key by its alias": (
        lambda: Config(
            universal=UNIVERSAL, kms_key_arn="arn:aws:kms:eu-west-2:123456789012:alias/data"
        ),
        "kms_key_arn",
    ),
    "a key of another region": (
        lambda: Config(
            universal=UNIVERSAL, kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/1-2"
        ),
        "the key in kms_key_arn is not in the region eu-west-2",
    ),
    "a key for images of another region": (
        lambda: UniversalConfig(
            region="eu-west-2",
            project="a",
            images_kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/1-2",
        ),
        "the key in images_kms_key_arn is not in the region eu-west-2",
    ),
    "a function that handles nothing": (lambda: Function("a", concurrency=0), "concurrency"),
    "an account of 11 digits": (
        lambda: UniversalConfig(region="eu-west-2", project="a", account="1" * 11),
        "account",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_definition_is_refused(case: str) -> None:
    make, reason = REFUSED[case]
    with pytest.raises(ValidationError) as caught:
        make()
    assert reason in str(caught.value)


def test_a_model_never_changes() -> None:
    with pytest.raises(ValidationError):
        UNIVERSAL.region = "eu-west-1"  # type: ignore[misc]


def test_a_single_error_needs_no_list() -> None:
    assert Retry("MyError").errors == ("MyError",)


def test_a_single_value_is_accepted_for_a_list() -> None:
    retry, end = Retry("E"), Pass()
    assert Function("a", retry=retry) == Function("a", retry=[retry])  # type: ignore[arg-type]
    assert If(data.n == 1, then=end) == If(data.n == 1, then=[end])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "starts"),
    [("in/a.csv", True), ("in/a.txt", False), ("out/a.csv", False), ("in/.csv", True)],
)
def test_a_key_matches_a_trigger_by_prefix_and_suffix(key: str, starts: bool) -> None:
    assert S3Trigger(prefix="in/", suffix=".csv").matches(key) is starts


def test_prefix_and_suffix_do_not_share_characters() -> None:
    assert not S3Trigger(prefix="abc", suffix="cde").matches("abcde")


def test_a_schedule_is_enabled_everywhere_nowhere_or_in_some_environments() -> None:
    schedule = "rate(1 day)"
    assert CronTrigger(schedule).is_enabled("dev")
    assert not CronTrigger(schedule, enabled=False).is_enabled("prod")
    some = CronTrigger(schedule, enabled=["prod"])
    assert some.is_enabled("prod")
    assert not some.is_enabled("dev")


MISPLACED: dict[str, tuple[Callable[[], object], str]] = {
    "result in a condition": (lambda: If(result.n > 1), "in its own output= and assign="),
    "result in a Pass": (lambda: Pass(result), "in its own output= and assign="),
    "item in an output": (lambda: Function("a", output=item), "the element of a filter"),
    "error in a function's output": (
        lambda: Function("a", output=error.Cause),
        "that a Catch caught",
    ),
    "a variable that cannot be": (lambda: variable("1st"), "no digit first"),
}


@pytest.mark.parametrize("case", MISPLACED)
def test_a_misplaced_expression_is_refused(case: str) -> None:
    make, reason = MISPLACED[case]
    with pytest.raises(ExpressionError) as caught:
        make()
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: rows("raw"), 'rows("raw/penguins.csv")'),
        (lambda: rows("raw/a.txt"), 'format="CSV"'),
        (lambda: rows("raw/a.csv", bucket="raw"), "one place"),
        (lambda: objects(), "one place"),
    ],
    ids=["no file", "no format", "two places", "no place"],
)
def test_an_incomplete_place_is_refused(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    assert reason in str(caught.value)
