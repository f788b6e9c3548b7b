"""What the function of alerts sends, for what AWS says about executions, schedules and logs."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dorc_runtime.compile.names import Names
from dorc_runtime.deploy.alert_function.deployed_pipelines import (
    AlertSettings,
    DeployedPipeline,
    pipeline_name,
)
from dorc_runtime.deploy.alert_function.failed_execution import FailedExecution, with_details
from dorc_runtime.deploy.alert_function.function_files import function_files
from dorc_runtime.deploy.alert_function.function_log import last_lines
from dorc_runtime.deploy.alert_function.machine_tags import alert_tags, is_muted
from dorc_runtime.deploy.alert_function.messages import (
    Message,
    failure_message,
    repeats_message,
    unknown_message,
)
from dorc_runtime.deploy.alert_function.notification import send, slack_body, teams_body
from dorc_runtime.deploy.alert_function.overdue import missed_starts, no_success
from dorc_runtime.deploy.alert_function.repeated_failures import failures, is_repeat
from dorc_runtime.runs.failed_states import FailedCall

MACHINE = "arn:aws:states:eu-west-2:123456789012:stateMachine:shop--prod--raw-to-processed--birds"
EXECUTION = MACHINE.replace("stateMachine", "execution")
HOUR = datetime(2026, 7, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def at(minute: int, *, hour: datetime = HOUR) -> datetime:
    return hour + timedelta(minutes=minute)


@dataclass
class PlayedAws:
    """Answers as boto3's clients do; ``executions`` have an error or an input too."""

    executions: list[dict[str, Any]] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    published: list[dict[str, str]] = field(default_factory=list)

    class ResourceNotFoundException(Exception):  # noqa: N818 # AWS's name
        """What AWS answers for what does not exist."""

    @property
    def exceptions(self) -> Any:
        return self

    @property
    def states(self) -> Any:
        return self

    scheduler = sns = ssm = states

    def add(self, name: str, status: str, stopped: datetime, **more: Any) -> FailedExecution:
        arn = f"{EXECUTION}:{name}"
        started = more.pop("started", stopped - timedelta(seconds=5))
        each = {"executionArn": arn, "status": status, "startDate": started, "stopDate": stopped}
        self.executions.append({**each, **more})
        error = more.get("error", "")
        return FailedExecution(arn, MACHINE, status, stopped, error=error, is_described=True)

    def list_executions(self, *, statusFilter: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        found = [each for each in self.executions if statusFilter in ("", each["status"])]
        found.sort(key=lambda each: each["startDate"], reverse=True)
        names = ("executionArn", "status", "startDate", "stopDate")
        return {"executions": [{name: each[name] for name in names} for each in found]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        for each in self.executions:
            if each["executionArn"] == executionArn:
                return each
        raise LookupError("Execution Does Not Exist")

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_schedules"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        if not self.schedules:
            raise self.ResourceNotFoundException
        yield {"Schedules": self.schedules}

    def get_schedule(self, *, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return next(each for each in self.schedules if each["Name"] == Name)

    def add_schedule(self, expression: str, *, timezone: str = "UTC", **more: Any) -> None:
        known = {"Name": "cron", "State": "ENABLED", "LastModificationDate": HOUR - 30 * DAY}
        times = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": timezone}
        self.schedules.append({**known, **times, **more})

    def get_parameter(self, *, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Parameter": {"Value": self.parameters[Name]}}

    def publish(self, **message: str) -> None:
        self.published.append(message)


@pytest.fixture
def aws() -> Any:
    return PlayedAws()


def birds(expect_every: timedelta | None = None) -> DeployedPipeline:
    tags = alert_tags(expect_every=expect_every, muted=False)
    return DeployedPipeline("raw-to-processed/birds", MACHINE, HOUR - 10 * DAY, tags)


def test_the_archive_needs_the_standard_library_alone(tmp_path: Path) -> None:
    for name, text in function_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    code = (
        f"import sys, importlib; sys.path.insert(0, {str(tmp_path)!r}); "
        "assert importlib.import_module('lambda').handler; "
        "print(sorted({'pydantic', 'pulumi', 'boto3', 'jsonata'} & {*sys.modules}), end='')"
    )
    output = subprocess.check_output([sys.executable, "-I", "-S", "-c", code], text=True)
    assert output == "[]"


def test_the_first_failure_of_an_hour_is_sent(aws: Any) -> None:
    aws.add("before", "FAILED", at(-1), error="ValueError")
    assert not is_repeat(aws, aws.add("first", "FAILED", at(0), error="ValueError"))


def test_a_further_failure_with_the_same_error_is_a_repeat(aws: Any) -> None:
    first = aws.add("first", "FAILED", at(1), error="ValueError")
    assert is_repeat(aws, aws.add("second", "FAILED", at(2), error="ValueError"))
    assert not is_repeat(aws, aws.add("other", "FAILED", at(3), error="KeyError"))
    assert not is_repeat(aws, first)


def test_of_failures_at_the_same_moment_one_is_sent(aws: Any) -> None:
    both = [aws.add(name, "FAILED", at(1), error="ValueError") for name in ("a", "b")]
    assert [is_repeat(aws, each) for each in both] == [False, True]


def test_failures_of_an_hour_are_counted_by_their_error(aws: Any) -> None:
    for number, error in enumerate(["ValueError", "ValueError", "KeyError", "late"]):
        aws.add(str(number), "FAILED", at(20 * (number + 1) - 10 + 10 * (number == 3)), error=error)
    aws.add("stopped", "ABORTED", at(3))
    counted = failures(aws, birds(), HOUR)
    assert counted == Counter({"ValueError": 2, "KeyError": 1, "ABORTED": 1})
    message = repeats_message(counted, HOUR, pipeline="raw-to-processed/birds", environment="prod")
    assert message.subject == (
        "raw-to-processed/birds failed 4 times in prod between 10:00 and 11:00 UTC"
    )
    assert message.text.startswith("    2  ValueError\n")


@pytest.mark.parametrize(
    ("expression", "timezone", "due"),
    [
        ("cron(30 10 * * ? *)", "UTC", at(30)),
        ("cron(30 11 * * ? *)", "Europe/London", at(30)),
        ("at(2026-07-01T10:00:00)", "UTC", HOUR),
        ("cron(30 11 * * ? *)", "UTC", None),
        ("cron(0 11 * * ? *)", "UTC", None),
    ],
)
def test_a_schedule_that_did_not_start_is_missed(
    aws: Any, expression: str, timezone: str, due: datetime | None
) -> None:
    aws.add_schedule(expression, timezone=timezone)
    found = [each.due for each in missed_starts(aws, birds(), "group", HOUR)]
    assert found == ([due] if due else [])


def test_a_schedule_that_started_is_not_missed(aws: Any) -> None:
    """Another execution at that time, which an object started, does not count."""
    aws.add_schedule("cron(0,30 10 * * ? *)")
    aws.add("object", "SUCCEEDED", at(2), started=at(1), input='{"key": "a.csv"}')
    aws.add("due", "FAILED", at(32), started=at(31), input='{"time": "2026-07-01T10:30:00Z"}')
    assert [each.due for each in missed_starts(aws, birds(), "group", HOUR)] == [HOUR]


@pytest.mark.parametrize("more", [{"State": "DISABLED"}, {"LastModificationDate": at(45)}])
def test_a_schedule_that_is_disabled_or_new_is_not_expected(aws: Any, more: dict[str, Any]) -> None:
    aws.add_schedule("cron(30 10 * * ? *)", **more)
    assert not [*missed_starts(aws, birds(), "group", HOUR)]


def test_a_rate_is_missed_once_when_its_next_start_does_not_come(aws: Any) -> None:
    aws.add_schedule("rate(5 minutes)")
    aws.add("last", "SUCCEEDED", at(8), started=at(7))
    found = [missed_starts(aws, birds(), "group", HOUR + step) for step in (0 * DAY, DAY / 24)]
    assert [[each.due for each in hour] for hour in found] == [[at(12)], []]


def test_a_pipeline_without_schedules_misses_none(aws: Any) -> None:
    assert not [*missed_starts(aws, birds(), "group", HOUR)]


def test_a_pipeline_without_success_is_reported_once_and_then_once_a_day(aws: Any) -> None:
    aws.add("last", "SUCCEEDED", at(20) - 2 * DAY)
    aws.add("newer", "FAILED", at(20) - DAY, error="ValueError")
    hours = [HOUR + timedelta(hours=number) for number in range(-48, 49)]
    reported = [each for each in hours if no_success(aws, birds(2 * DAY), each)]
    assert reported == [HOUR, HOUR + DAY, HOUR + 2 * DAY]


def test_a_pipeline_that_never_succeeded_counts_from_its_creation(aws: Any) -> None:
    overdue = no_success(aws, birds(10 * DAY), HOUR)
    assert overdue is not None and overdue.last is None
    assert not no_success(aws, birds(11 * DAY), HOUR)
    assert not no_success(aws, birds(None), HOUR)


@pytest.mark.parametrize(
    ("muted", "found"),
    [
        (True, [True, True]),
        (False, [False, False]),
        (date(2026, 7, 2), [True, False]),
    ],
)
def test_a_pipeline_is_muted_for_ever_or_until_a_day(muted: bool | date, found: list[bool]) -> None:
    tags = alert_tags(expect_every=None, muted=muted)
    assert [is_muted(tags, date(2026, 7, day)) for day in (1, 2)] == found


def test_a_tag_that_nobody_understands_mutes_nothing() -> None:
    assert not is_muted({"dorc:mute-alerts": "soon"}, date(2026, 7, 1))


def test_a_message_says_what_to_type(aws: Any) -> None:
    failed = aws.add("july", "FAILED", at(5), error="ValueError")
    failed = replace(failed, state="tally", message="no birds", function="f", log=("a", "b"))
    message = failure_message(failed, pipeline="raw-to-processed/birds", environment="prod")
    assert message.subject == "raw-to-processed/birds failed in prod: ValueError"
    for line in (
        "state    tally",
        "message  no birds",
        "The last lines that f printed:\n  a\n  b",
        "invoke history --execution july --env prod",
        "invoke run raw-to-processed/birds --execution july --env prod",
        f"https://eu-west-2.console.aws.amazon.com/states/home?region=eu-west-2#/v2/executions"
        f"/details/{EXECUTION}:july",
        "Further failures with ValueError until 11:00 UTC are counted, not sent.",
    ):
        assert line in message.text


def test_a_history_that_does_not_exist_any_more_is_named(aws: Any) -> None:
    gone = FailedExecution(f"{EXECUTION}:old", MACHINE, "ABORTED", at(5))
    found = with_details(aws, gone)
    message = failure_message(found, pipeline="raw-to-processed/birds", environment="prod")
    assert message.subject == "raw-to-processed/birds was stopped in prod"
    assert "missing  Execution Does Not Exist" in message.text
    assert "state" not in message.text.split("What happened")[0]
    assert "counted" not in message.text


def test_pipelines_that_aws_does_not_say_anything_about_are_reported() -> None:
    message = unknown_message(["Access Denied", "Rate exceeded"], HOUR, "prod")
    assert message.subject == "no alerts about 2 pipelines in prod"
    assert "problem  Rate exceeded" in message.text


class PlayedLogs:
    """A log group with one stream: lines of three calls, in both formats of Lambda."""

    lines = (
        "START RequestId: one Version: $LATEST\n",
        "the first call\n",
        "END RequestId: one\n",
        '{"type": "platform.start", "record": {"requestId": "two"}}\n',
        *(f"line {number}\n" for number in range(12)),
        '{"message": "own", "rows": 3}\n',
        '{"timestamp": "t", "level": "WARN", "message": "no birds", "logger": "root", '
        '"requestId": "two"}\n',
        '{"timestamp": "t", "log_level": "ERROR", "errorType": "KeyError", "errorMessage": "x", '
        '"requestId": "two"}\n',
        '{"type": "platform.report", "record": {"requestId": "two"}}\n',
        "START RequestId: three Version: $LATEST\n",
        "another call\n",
    )

    def get_paginator(self, operation: str) -> Any:
        assert operation == "filter_log_events"
        return self

    def paginate(self, *, filterPattern: str = "", **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        for line in self.lines:
            if filterPattern.strip('"') in line:
                yield {"events": [{"message": line, "logStreamName": "stream"}]}


def test_the_last_ten_lines_are_those_of_the_call_that_failed() -> None:
    call = FailedCall("birds--tally", at(1), at(2))
    lines = last_lines(PlayedLogs(), call, "two")
    assert lines == (
        *(f"line {number}" for number in range(5, 12)),
        '{"message": "own", "rows": 3}',
        "WARN no birds",
        "ERROR KeyError: x",
    )
    assert last_lines(PlayedLogs(), call, "unknown") == ()


def test_a_webhook_that_does_not_take_the_message_is_named_in_the_mail(aws: Any) -> None:
    names = Names("shop", "prod")
    aws.parameters = {names.secret("plain"): "http://hooks.slack.com/a"}
    settings = AlertSettings(names, "arn:topic", ("plain", "missing"), is_emulated=False)
    send(Message("birds\nfailed: naïve", "why"), aws, settings)
    [published] = aws.published
    assert published["Subject"] == "birds failed: na?ve"
    assert (
        "The webhook plain did not get this message: its value is not a URL that"
        in (published["Message"])
    )
    assert "The webhook missing did not get this message: " in published["Message"]
    assert "hooks.slack.com" not in published["Message"]


def test_slack_shows_a_message_as_it_is() -> None:
    assert slack_body(Message("a < b", "x & y")) == {"text": "*a &lt; b*\n```x &amp; y```"}


def test_teams_gets_a_card_with_each_line() -> None:
    body: Any = teams_body(Message("birds failed", "state  tally\n\nend"))
    blocks = body["attachments"][0]["content"]["body"]
    assert [each["text"] for each in blocks] == ["birds failed", "state  tally", " ", "end"]


def test_a_state_machine_without_tags_is_named_by_its_parts() -> None:
    assert pipeline_name(MACHINE) == "raw-to-processed/birds"
