"""What starts a pipeline on AWS, and what it receives there."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dorc_runtime import (
    CronTrigger,
    EventTrigger,
    Pass,
    Pipeline,
    PipelineTrigger,
    S3Trigger,
)
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.rules import Pipe, Rule, Schedule, triggers
from dorc_runtime.compile.triggers.trigger_input import object_event, pipeline_event, schedule_event
from dorc_runtime.model.triggers import Trigger

ACCOUNT = "123456789012"
EMITTED: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "time": "2030-01-31T06:00:00Z",
    "detail": {
        "bucket": {"name": "raw-bucket"},
        "object": {"key": 'penguins/"first" <key>.csv', "size": 12, "etag": "abc"},
    },
}


def started(
    *wanted: Trigger, environment: str = "prod", layer: str = "raw-to-processed"
) -> tuple[Rule | Schedule | Pipe, ...]:
    return triggers(
        Pipeline(steps=[Pass()], triggers=wanted),
        layer=layer,
        target=Target(
            names=Names("ExampleDorc", environment),
            region="eu-west-2",
            account=ACCOUNT,
            zones={"raw": "raw-bucket", "processed": "processed-bucket"},
        ),
    )


def rule(trigger: Trigger, *, layer: str = "raw-to-processed") -> Rule:
    [made] = started(trigger, layer=layer)
    assert isinstance(made, Rule)
    return made


def schedule(trigger: CronTrigger, *, environment: str = "prod") -> Schedule:
    [made] = started(trigger, environment=environment)
    assert isinstance(made, Schedule)
    return made


def delivered(rule: Rule, event: dict[str, Any]) -> Any:
    """Return what EventBridge makes of an event by a rule's template: JSON in place of names."""
    assert rule.template is not None
    assert rule.paths is not None
    values = {name: found(event, path) for name, path in rule.paths.items()}
    return json.loads(re.sub(r"<(\w+)>", lambda match: json.dumps(values[match[1]]), rule.template))


def found(event: Any, path: str) -> Any:
    for name in path.removeprefix("$.").split("."):
        event = event[name]
    return event


def wildcard(trigger: S3Trigger) -> str:
    detail: Any = rule(trigger).pattern["detail"]
    text = detail["object"]["key"][0]["wildcard"]
    assert isinstance(text, str)
    return text


def fits(pattern: str, key: str) -> bool:
    r"""Tell whether a key fits as EventBridge reads a wildcard: ``\`` takes the next as it is."""
    parts = [
        ".*" if part == "*" else re.escape(part.removeprefix("\\"))
        for part in re.findall(r"\\.|.", pattern, re.DOTALL)
    ]
    return re.fullmatch("".join(parts), key, re.DOTALL) is not None


def test_prefix_and_suffix_are_one_pattern() -> None:
    """Two patterns in a list would mean one or the other."""
    assert rule(S3Trigger(prefix="penguins/", suffix=".csv")).pattern == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["raw-bucket"]},
            "object": {"key": [{"wildcard": "penguins/*.csv"}]},
        },
    }


def test_without_prefix_and_suffix_every_key_matches() -> None:
    assert rule(S3Trigger()).pattern["detail"] == {"bucket": {"name": ["raw-bucket"]}}


def test_a_named_bucket_is_watched_in_place_of_the_source_zone() -> None:
    detail: Any = rule(S3Trigger(bucket="partner-data"), layer="default").pattern["detail"]
    assert detail["bucket"] == {"name": ["partner-data"]}


@given(
    st.text(alphabet="a*\\?/.", max_size=5),
    st.text(alphabet="a*\\?/.", max_size=5),
    st.text(alphabet="a*\\?/.", max_size=8),
)
def test_a_key_starts_a_pipeline_on_aws_as_it_does_here(prefix: str, suffix: str, key: str) -> None:
    trigger = S3Trigger(prefix=prefix or "a", suffix=suffix)
    pattern = wildcard(trigger)
    for candidate in (key, f"{prefix or 'a'}{key}{suffix}"):
        assert fits(pattern, candidate) == trigger.matches(candidate)


def test_the_input_for_an_object_is_that_of_a_local_run() -> None:
    here = object_event(
        bucket="raw-bucket",
        key='penguins/"first" <key>.csv',
        size=12,
        etag="abc",
        time="2030-01-31T06:00:00Z",
    )
    assert delivered(rule(S3Trigger(prefix="penguins/")), EMITTED) == here


def test_the_input_for_the_end_of_a_pipeline_is_that_of_a_local_run() -> None:
    event = {
        "time": "2030-01-31T06:00:00Z",
        "detail": {
            "executionArn": "arn:1",
            "status": "SUCCEEDED",
            "input": "{}",
            "output": '{"rows": 3}',
        },
    }
    here = pipeline_event(
        pipeline="source-to-raw/surveys",
        execution="arn:1",
        status="SUCCEEDED",
        time="2030-01-31T06:00:00Z",
        input="{}",
        output='{"rows": 3}',
    )
    assert delivered(rule(PipelineTrigger("source-to-raw/surveys")), event) == here


def test_a_pipeline_is_followed_by_its_whole_arn() -> None:
    made = rule(PipelineTrigger("source-to-raw/surveys", on=["FAILED", "TIMED_OUT"]))
    machine = "ExampleDorc--prod--source-to-raw--surveys"
    assert made.pattern == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [f"arn:aws:states:eu-west-2:{ACCOUNT}:stateMachine:{machine}"],
            "status": ["FAILED", "TIMED_OUT"],
        },
    }


def test_a_custom_event_is_the_input() -> None:
    made = rule(EventTrigger({"source": ["shop"]}, bus="orders"))
    assert (made.pattern, made.bus, made.template) == ({"source": ["shop"]}, "orders", None)


def test_the_input_for_a_schedule_is_that_of_a_local_run() -> None:
    made = schedule(CronTrigger("rate(1 hour)", input={"full": True}))
    here = schedule_event(time="2030-01-31T06:00:00Z", extra={"full": True})
    text = json.dumps(made.input).replace("<aws.scheduler.scheduled-time>", str(here["time"]))
    assert json.loads(text) == here


def test_a_schedule_keeps_its_time_zone() -> None:
    made = schedule(CronTrigger("cron(0 6 * * ? *)", timezone="Europe/London"))
    assert (made.expression, made.timezone) == ("cron(0 6 * * ? *)", "Europe/London")


@pytest.mark.parametrize(("environment", "enabled"), [("prod", True), ("dev", False)])
def test_a_schedule_runs_where_it_is_enabled(environment: str, enabled: bool) -> None:
    trigger = CronTrigger("rate(1 hour)", enabled=["prod"])
    assert schedule(trigger, environment=environment).enabled is enabled


EVERY: Sequence[Trigger] = (
    S3Trigger(prefix="a/"),
    S3Trigger(prefix="b/"),
    S3Trigger(prefix="a/", bucket="other"),
    CronTrigger("rate(1 hour)"),
    CronTrigger("rate(1 hour)", input={"full": True}),
    PipelineTrigger("source-to-raw/surveys"),
    PipelineTrigger("source-to-raw/surveys", on=["FAILED"]),
    EventTrigger({"source": ["shop"]}),
    EventTrigger({"source": ["shop"]}, bus="orders"),
)


@given(st.permutations(EVERY), st.integers(0, len(EVERY)))
def test_a_trigger_keeps_its_key_when_others_change(order: Sequence[Trigger], kept: int) -> None:
    whole = dict(zip(map(repr, EVERY), (made.key for made in started(*EVERY)), strict=True))
    some = order[:kept]
    assert [made.key for made in started(*some)] == [whole[repr(trigger)] for trigger in some]


def test_no_two_triggers_share_a_key() -> None:
    keys = [made.key for made in started(*EVERY, *EVERY)]
    assert len(keys) == len(set(keys))


def test_a_disabled_schedule_is_kept() -> None:
    on, off = (schedule(CronTrigger("rate(1 hour)", enabled=state)) for state in (True, False))
    assert on.key == off.key


def test_a_reason_for_a_loop_does_not_change_the_key() -> None:
    assert rule(S3Trigger()).key == rule(S3Trigger(allow_loop="it ends")).key
