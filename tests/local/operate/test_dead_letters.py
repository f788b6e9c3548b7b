"""`invoke dead-letters`: what could not start a pipeline is listed, replayed once, or dropped."""

import json
from typing import Any

import boto3
import pytest
from pydantic import JsonValue

from dorc_runtime import Pass, Pipeline, S3Trigger
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.rules import triggers
from tests.local.operate.conftest import ACCOUNT, NAMES, REGION, TIDY, Operator

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:Example--dev--raw-to-processed--tidy"
SHARED = "Example--dev"
LIST = ("dead-letters", "--env", "dev")
REPLAY = (*LIST, "--replay", "--yes")
EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "detail": {
        "bucket": {"name": f"example--dev--raw--{ACCOUNT}"},
        "object": {"key": "tidy/may.csv", "size": 7, "etag": "abc"},
    },
}
[_RULE] = triggers(
    Pipeline(triggers=[S3Trigger(prefix="tidy/", suffix=".csv")], steps=[Pass("Nothing")]),
    layer="raw-to-processed",
    target=Target(NAMES, REGION, ACCOUNT, zones={"raw": "raw"}),
)
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/" + NAMES.pipeline(*TIDY.split("/")).trigger(
    _RULE.key
)
SCHEDULE = {
    "TARGET_ARN": MACHINE,
    "SCHEDULE_ARN": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/tidy/nightly",
    "SCHEDULED_TIME": "2026-01-31T06:00:00Z",
    "IS_PAYLOAD_TRUNCATED": "false",
    "ERROR_CODE": "AccessDeniedException",
}
REFUSAL = {"ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "Rate exceeded", "RETRY_ATTEMPTS": "185"}


def send(operator: Operator, queue: str, body: JsonValue, **attributes: str) -> str:
    """Put a message into a queue; return its id."""
    sqs = operator.client("sqs")
    text = body if isinstance(body, str) else json.dumps(body)
    sent = sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"],
        MessageBody=text,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
    return str(sent["MessageId"])


def send_event(operator: Operator) -> str:
    """Send an event that the rule of the S3Trigger could not deliver."""
    return send(operator, SHARED, EVENT, TARGET_ARN=MACHINE, RULE_ARN=RULE, **REFUSAL)


def executions(operator: Operator) -> dict[str, Any]:
    """Return the inputs of the executions, by name, without who started them."""
    states = operator.client("stepfunctions")
    found = {}
    for each in states.list_executions(stateMachineArn=MACHINE)["executions"]:
        received = json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
        if isinstance(received, dict):
            assert received.pop("dorc.startedBy")["command"] == "invoke dead-letters --replay"
        found[each["name"]] = received
    return found


def test_a_dead_letter_has_its_pipeline_what_happened_and_the_reason(deployed: Operator) -> None:
    sent = send_event(deployed)
    listed = deployed.invoke(*LIST)
    assert listed.code == 0, listed.err
    lines = listed.out.splitlines()
    assert lines[0].endswith(f"  {TIDY}")
    assert lines[1:] == [
        f"  tidy/may.csv in example--dev--raw--{ACCOUNT}",
        "  THROTTLING: Rate exceeded; 185 retries",
        f"  id {sent}",
        "next: invoke dead-letters --env dev --replay",
    ]


def test_a_list_hides_no_dead_letter(deployed: Operator) -> None:
    sent = send_event(deployed)
    assert [each["id"] for each in deployed.invoke(*LIST, "--json").json] == [sent]
    assert [each["id"] for each in deployed.invoke(*LIST, "--json").json] == [sent]


def test_a_dead_letter_that_somebody_reads_now_is_counted(deployed: Operator) -> None:
    send_event(deployed)
    sqs = deployed.client("sqs")
    sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName=SHARED)["QueueUrl"])
    listed = deployed.invoke(*LIST)
    hidden = "about 1 are hidden, because somebody reads them now: try again in 30 s\n"
    assert (listed.code, listed.out) == (0, hidden)


def test_more_than_the_limit_is_counted(deployed: Operator) -> None:
    for _ in range(12):
        send_event(deployed)
    assert "11 of about 12: --limit shows more\n" in deployed.invoke(*LIST, "--limit", "11").out


def test_a_replay_starts_the_pipeline_with_what_the_rule_makes_of_the_event(
    deployed: Operator,
) -> None:
    sent = send_event(deployed)
    replayed = deployed.invoke(*REPLAY)
    assert replayed.code == 0, replayed.err
    assert f"started {TIDY}: replay-{sent}" in replayed.out
    assert executions(deployed) == {
        f"replay-{sent}": {
            "bucket": f"example--dev--raw--{ACCOUNT}",
            "key": "tidy/may.csv",
            "size": 7,
            "etag": "abc",
            "time": "2026-01-01T00:00:00Z",
        }
    }
    assert deployed.invoke(*LIST).out == "no dead letters in dev\n"


def test_a_replay_that_was_killed_before_the_delete_starts_nothing_twice(
    deployed: Operator,
) -> None:
    sent = send_event(deployed)

    def kill(**_: object) -> None:
        raise KeyboardInterrupt

    events = boto3.DEFAULT_SESSION.events
    events.register("before-call.sqs.DeleteMessage", kill)
    assert deployed.invoke(*REPLAY).code == 130
    events.unregister("before-call.sqs.DeleteMessage", kill)
    assert [*executions(deployed)] == [f"replay-{sent}"]
    again = deployed.invoke(*REPLAY, "--json")
    assert [(each["id"], each["is_new"]) for each in again.json] == [(sent, False)]
    assert [*executions(deployed)] == [f"replay-{sent}"]
    assert deployed.invoke(*LIST, "--json").json == []


@pytest.mark.parametrize("time", ["2026-01-31T06:00:00Z", "<aws.scheduler.scheduled-time>"])
def test_the_time_of_a_schedule_is_replayed_as_it_was(deployed: Operator, time: str) -> None:
    sent = send(deployed, SHARED, {"time": time, "mode": "full"}, **SCHEDULE)
    [listed] = deployed.invoke(*LIST, "--json").json
    assert listed["subject"] == "schedule due at 2026-01-31T06:00:00Z"
    assert deployed.invoke(*REPLAY).code == 0
    received = {"time": "2026-01-31T06:00:00Z", "mode": "full"}
    assert executions(deployed) == {f"replay-{sent}": received}


def test_a_message_of_a_queue_that_starts_a_pipeline_starts_it(deployed: Operator) -> None:
    sent = send(deployed, "Example--dev--jobs--dead-letters", "job 7")
    assert deployed.invoke(*REPLAY).code == 0
    [[message]] = executions(deployed).values()
    assert (message["body"], message["messageId"]) == ("job 7", sent)
    assert message["eventSourceARN"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:Example--dev--jobs"


def test_a_message_of_another_queue_goes_back_to_it(deployed: Operator) -> None:
    send(deployed, "Example--dev--orders--dead-letters", "order 7", colour="red")
    replayed = deployed.invoke(*REPLAY)
    assert "sent to Example--dev--orders\n" in replayed.out
    sqs = deployed.client("sqs")
    queue = sqs.get_queue_url(QueueName="Example--dev--orders")["QueueUrl"]
    [message] = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "order 7"
    assert message["MessageAttributes"]["colour"]["StringValue"] == "red"


def test_one_of_several_is_replayed(deployed: Operator) -> None:
    send_event(deployed)
    second = send_event(deployed)
    assert deployed.invoke(*REPLAY, "--id", second).code == 0
    assert [*executions(deployed)] == [f"replay-{second}"]


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (
            {"TARGET_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:Example--dev", "RULE_ARN": "rule"},
            "it is an alert: see `invoke executions --failed`, then drop it",
        ),
        (
            {"TARGET_ARN": MACHINE, "RULE_ARN": f"{RULE}0"},
            f"its trigger is not in {TIDY} any more: use `invoke start`, then drop it",
        ),
        (
            {"TARGET_ARN": f"{MACHINE}0", "RULE_ARN": RULE},
            "this repository has no pipeline with the state machine "
            "Example--dev--raw-to-processed--tidy0: drop it",
        ),
        (
            {**SCHEDULE, "IS_PAYLOAD_TRUNCATED": "true"},
            "AWS has cut it off: use `invoke start`, then drop it",
        ),
        ({}, "neither a rule nor a schedule sent it: drop it"),
    ],
    ids=["alert", "old trigger", "other pipeline", "cut off", "by hand"],
)
def test_what_cannot_be_replayed_stays_and_says_why(
    deployed: Operator, attributes: dict[str, str], problem: str
) -> None:
    sent = send(deployed, SHARED, EVENT, **attributes)
    [listed] = deployed.invoke(*LIST, "--json").json
    assert (listed["replay"], listed["problem"]) == (None, problem)
    replayed = deployed.invoke(*REPLAY)
    assert (replayed.code, replayed.err) == (1, "error: 1 of 1 could not be replayed.\n")
    assert problem in " ".join(replayed.out.split())
    assert executions(deployed) == {}
    dropped = deployed.invoke(*LIST, "--drop", sent, "--yes")
    assert (dropped.code, dropped.out.split(":")[0]) == (0, f"deleted {sent}")
    assert deployed.invoke(*LIST, "--json").json == []


def test_a_person_is_asked_before_something_is_deleted(deployed: Operator) -> None:
    sent = send_event(deployed)
    drop = (*LIST, "--drop", sent)
    kept = deployed.invoke(*drop, answer="n\n")
    assert kept.out == f"Delete {sent} in dev? It cannot be replayed then. [y/N] "
    assert (kept.code, kept.err) == (2, "nothing was changed\n")
    assert deployed.invoke(*drop, answer="y\n").code == 0
    assert deployed.invoke(*LIST, "--json").json == []


def test_a_person_is_asked_before_all_are_replayed(deployed: Operator) -> None:
    for _ in range(2):
        send_event(deployed)
    replayed = deployed.invoke(*LIST, "--replay", answer="y\n")
    assert replayed.out.startswith("Replay all 2 dead letters in dev? [y/N] ")
    assert len(executions(deployed)) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--replay", "--drop", "x"), "give --replay or --drop, not both."),
        (("--id", "x"), "--id is for --replay: add it, or give --drop ID."),
        (("--limit", "0"), "--limit must be 1 or more."),
        (("--replay",), "there is no terminal to ask at: add --yes."),
        (("--drop", "x", "--json"), "--json cannot ask: add --yes."),
        (("--replay", "--yes", "--env", "prod"), "prod is protected, and there is no terminal to "
         "ask at: add --confirm prod."),
        (("--drop", "x", "--yes"), "there is no dead letter x in dev: `invoke dead-letters --env "
         "dev` lists them. One that somebody else reads is hidden for half a minute."),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(deployed: Operator, words: tuple[str, ...], message: str) -> None:
    done = deployed.invoke("dead-letters", *(() if "--env" in words else ("--env", "dev")), *words)
    assert (done.code, done.err) == (2, f"error: {message}\n")


def test_an_environment_without_infra_says_how_to_deploy_it(operator: Operator) -> None:
    done = operator.invoke(*LIST)
    assert (done.code, done.err) == (
        2,
        "error: infra is not deployed in dev: `invoke apply --instance infra --env dev` deploys "
        "it.\n",
    )
