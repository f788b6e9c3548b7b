"""Backfills by real processes, of a pipeline that ends at once."""

import json
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.engine.cloud.process import ACCOUNT, REGION, Cloud
from tests.engine.deployment import CommandResult, Deployment, Running
from tests.engine.pulumi_cli.environment import environment
from tests.repositories import copy_template, render_repository

PIPELINE = "raw-to-processed/counts"
BUCKET = f"backfills--dev--raw--{ACCOUNT}"
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:backfills--dev--raw-to-processed--counts"
COMMAND = ("backfill", PIPELINE, "--env", "dev", "--prefix")
DEFINITION = """
from dorc_runtime import CronTrigger, Pass, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Count birds",
    triggers=[S3Trigger(prefix="counts/", suffix=".csv"), CronTrigger("cron(0 6 * * ? *)")],
    steps=[Pass(name="Count")],
)
"""
# A key says how its execution ends.
MACHINE = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.key", "StringMatches": "*empty*", "Next": "Empty"},
                {"Variable": "$.key", "StringMatches": "*slow*", "Next": "Slow"},
            ],
            "Default": "Done",
        },
        "Empty": {"Type": "Fail", "Error": "EmptyFile", "Cause": "it has no rows"},
        "Slow": {"Type": "Wait", "Seconds": 300, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


@pytest.fixture(scope="module")
def counts(cli: Path, started_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A repository with one pipeline, of which only the state machine is deployed."""
    folder = tmp_path_factory.mktemp("backfills")
    template = copy_template(tmp_path_factory.mktemp("template"))
    root = render_repository(template, folder / "backfills", [PIPELINE])
    (root / "src" / PIPELINE / "pipeline.py").write_text(DEFINITION, encoding="utf-8")
    started_cloud.client("stepfunctions").create_state_machine(
        name=ARN.rpartition(":")[2],
        definition=json.dumps(MACHINE),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )
    started_cloud.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Deployment(root, started_cloud, environment(folder, cli=cli, aws=started_cloud))


def put(counts: Deployment, prefix: str, number: int, name: str = "") -> None:
    s3 = counts.aws.client("s3")
    for index in range(number):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}{name}{index:03}.csv", Body=b"%d" % index)


def names_of_executions(counts: Deployment, prefix: str) -> list[str]:
    """Return the names of all executions that have ``prefix``, each as often as it exists."""
    states = counts.aws.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=ARN, maxResults=1000)
    return [each["name"] for each in listed["executions"] if each["name"].startswith(prefix)]


def lines_of_progress(running: Running) -> int:
    return running.out.read_text(encoding="utf-8").count(" ended, ")


def test_killed_twice_and_given_again_it_starts_each_object_once(counts: Deployment) -> None:
    put(counts, "counts/killed/", 500, "killed")
    words = (*COMMAND, "counts/killed/", "--yes", "--at-once", "60")
    for _ in range(2):
        with counts.start(*words) as running:
            running.wait_until(partial(lambda each: lines_of_progress(each) >= 3, running))
            running.signal_all(signal.SIGKILL)
    assert 0 < len(names_of_executions(counts, "backfill-killed")) < 500
    last = counts.invoke(*words)
    assert last.code == 0, last.text
    names = names_of_executions(counts, "backfill-killed")
    objects = Counter(name.removeprefix("backfill-killed")[:3] for name in names)
    assert (len(objects), set(objects.values())) == (500, {1})


def test_two_backfills_of_one_prefix_start_each_object_once(counts: Deployment) -> None:
    put(counts, "counts/twice/", 60, "twice")
    words = (*COMMAND, "counts/twice/", "--yes", "--at-once", "20", "--json")
    with counts.start(*words) as one, counts.start(*words) as other:
        results = [one.result(), other.result()]
    assert [each.code for each in results] == [0, 0], [each.text for each in results]
    assert sum(json.loads(each.out)["started"] for each in results) == 60
    assert len(names_of_executions(counts, "backfill-twice")) == 60


def test_without_an_answer_it_shows_the_plan_and_starts_nothing(counts: Deployment) -> None:
    put(counts, "counts/plan/", 3, "plan")
    shown = counts.invoke(*COMMAND, "counts/plan/")
    assert (shown.code, shown.err) == (2, "error: there is no terminal to ask at: add --yes.\n")
    assert f"{PIPELINE} in dev: 3 objects under counts/plan/ in" in shown.out
    assert "  now     starts 3, 5 at once, 3 bytes\n" in shown.out
    assert names_of_executions(counts, "backfill-plan") == []


def test_failures_are_grouped_by_error_with_the_command_that_redrives(counts: Deployment) -> None:
    put(counts, "counts/fails/", 2, "empty")
    put(counts, "counts/fails/", 1)
    shown = counts.invoke(*COMMAND, "counts/fails/", "--yes")
    assert shown.code == 1, shown.text
    assert "1 succeeded, 2 failed\n  2 EmptyFile, such as backfill-empty00" in shown.out
    assert shown.out.endswith(f"next: invoke redrive --failed --since 1h -p {PIPELINE} --env dev\n")
    again = counts.invoke(*COMMAND, "counts/fails/", "--yes")
    assert (
        "  before  1 succeeded, 2 failed\n  now     nothing is left to start\nnext: " in again.out
    )
    assert again.code == 0


def test_a_name_starts_again_what_was_started_before(counts: Deployment) -> None:
    put(counts, "counts/again/", 1, "old")
    for name in ((), ("--name", "new")):
        result = counts.invoke(*COMMAND, "counts/again/", "--yes", *name)
        assert result.code == 0, result.text
    assert len(names_of_executions(counts, "backfill-old000")) == 1
    assert len(names_of_executions(counts, "backfill-new-old000")) == 1


def test_times_of_the_schedule_are_started(counts: Deployment) -> None:
    period = ("--from", "2025-01-01", "--to", "2025-01-03")
    shown = counts.invoke("backfill", PIPELINE, "--env", "dev", *period, "--yes", "--json")
    assert shown.code == 0, shown.text
    found = json.loads(shown.out)
    assert (found["times"], found["started"], found["succeeded"]) == (3, 3, 3)
    assert len(names_of_executions(counts, "backfill-2025010")) == 3


def _stop(counts: Deployment, prefix: str) -> CommandResult:
    return counts.invoke(*COMMAND, prefix, "--stop", "--yes")


def test_ctrl_c_says_how_to_continue_and_stop_ends_what_runs(counts: Deployment) -> None:
    put(counts, "counts/break/", 4, "slow-break")
    with counts.start(*COMMAND, "counts/break/", "--yes", "--at-once", "2") as running:
        running.wait_for_words("2 running")
        running.signal_all(signal.SIGINT)
        result = running.result()
    assert result.code == 130
    assert result.err.startswith(
        "2 executions run on in dev, and nothing else is started: the same"
    )
    stopped = _stop(counts, "counts/break/")
    assert (stopped.code, stopped.out[:9]) == (0, "stopped 2"), stopped.text
    assert len(names_of_executions(counts, "backfill-slow-break")) == 2
    assert _stop(counts, "counts/break/").out == "nothing of this backfill runs in dev\n"


def test_a_backfill_that_somebody_else_stops_starts_nothing_else(counts: Deployment) -> None:
    put(counts, "counts/stop/", 4, "slow-stop")
    with counts.start(*COMMAND, "counts/stop/", "--yes", "--at-once", "2") as running:
        running.wait_for_words("2 running")
        stopped = _stop(counts, "counts/stop/")
        result = running.result()
    assert stopped.code == 0, stopped.text
    assert result.code == 1
    assert "stopped: somebody gave this command with --stop" in result.out
    assert len(names_of_executions(counts, "backfill-slow-stop")) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "error: a backfill of what? Give --prefix for objects, or --from and --to for times."),
        (("--from", "2025-01-01"), "error: --to is missing: give --from and --to."),
        (("--prefix", "counts/", "--at-once", "0"), "error: --at-once must be 1 or more."),
        (("--prefix", "counts/", "--limit", "-1"), "error: --limit must be 1 or more."),
        (
            ("--prefix", "counts/", "--budget", "much"),
            "error: --budget is 'much': write an amount in US dollars, such as 2.50.",
        ),
        (("--prefix", "x", "--json", "--env", "dev"), "error: no object under 'x' starts"),
    ],
)
def test_a_mistake_is_one_line(counts: Deployment, words: tuple[str, ...], message: str) -> None:
    result = counts.invoke("backfill", PIPELINE, *words)
    assert result.code == 2
    assert result.err.startswith(message)
    assert result.err.count("\n") == 1
