"""`invoke run` on pipelines that call others and services, and on what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy", "--json")
LOAD = "src/processed-to-curated/load"
EXAMPLE = "src/raw-to-processed/tidy/examples/first/input.json"
MOCKS = "src/raw-to-processed/tidy/examples/first/mocks"


def result(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    message = done.stderr.removeprefix("error: ").removesuffix("\n")
    assert json.loads(done.stdout) == {"error": {"message": message, "exit_code": 2}}
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def paging(repository: Repository) -> Repository:
    """A pipeline that reads 30 pages, each in a round of a Repeat."""
    repository.define(
        'Repeat([Function("clean")], until=data.pages == 30, most=40, name="Pages", counter="n"), '
        'Pass({"rounds": variable("n")})',
        imports="Function, Pass, Pipeline, Repeat, data, variable",
    )
    return repository.handle('return {"pages": event.get("pages", 0) + 1}')


def test_rounds_run_until_the_condition_is_true(paging: Repository) -> None:
    done = paging.invoke(*RUN[:2])
    assert (done.returncode, '"rounds": 30' in done.stdout) == (0, True)
    assert done.stdout.count("✓ clean ") == 21
    assert "✓ clean                    and more, which are not drawn" in done.stdout


def test_too_many_rounds_fail_by_name(paging: Repository) -> None:
    text = (paging.pipeline / "pipeline.py").read_text(encoding="utf-8")
    paging.write("src/raw-to-processed/tidy/pipeline.py", text.replace("most=40", "most=3"))
    done = paging.invoke(*RUN)
    failure = json.loads(done.stdout)["failure"]
    assert (failure["state"], failure["error"]) == ("Pages failed", "TooManyRounds")
    assert failure["message"] == "Pages: until is still false after 3 rounds"


@pytest.fixture
def waiting(repository: Repository) -> Repository:
    """A pipeline that waits for a job, and for an answer to a message."""
    repository.define(
        'Function("clean"), Service("glue:startJobRun", arguments={"JobName": "tidy"}, wait=True), '
        'Service("sns:publish", arguments={"TopicArn": "arn:aws:sns:eu-west-2:123456789012:ask", '
        '"Message": {"token": task_token}}, wait_for_token=True, name="Ask")',
        imports="Function, Pipeline, Service, task_token",
    )
    return repository.handle("return {}")


def test_mocks_answer_for_jobs_and_for_those_who_got_a_token(waiting: Repository) -> None:
    waiting.write(f"{MOCKS}/glue startJobRun.json", '{"JobRunState": "SUCCEEDED"}')
    assert "the step 'Ask' cannot be run here: it waits for an answer" in refused(
        waiting.invoke(*RUN)
    )
    waiting.write(f"{MOCKS}/Ask.json", '{"approved": true}')
    assert result(waiting.invoke(*RUN))["output"] == {"approved": True}


@pytest.fixture
def asking(repository: Repository) -> Repository:
    """A pipeline that waits for an answer to a function, and for one to a message."""
    repository.define(
        'Function("clean", wait_for_token=True), '
        'Service("sns:publish", arguments={"TopicArn": "arn:aws:sns:eu-west-2:123456789012:ask", '
        '"Message": {"token": task_token}}, wait_for_token=True, name="Ask")',
        imports="Function, Pipeline, Service, task_token",
    )
    return repository.handle("print('token', len(event['token']) > 9)\nreturn 'not the answer'")


def test_a_step_that_waits_runs_and_then_gets_its_answer(asking: Repository) -> None:
    file = asking.write("answer.json", '{"approved": true}')
    done = asking.invoke(*RUN, "--answer", "clean=[1]", "--answer", f"Ask={file}")
    assert result(done)["output"] == {"approved": True}
    [log] = asking.root.glob(".dorc/runs/*/log.txt")
    assert "token True" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "answer, problem",
    [
        ("clean", "--answer is 'clean': write STEP=JSON, for example --answer 'clean={"),
        ("clean={", "--answer clean= '{' is neither a file nor JSON"),
        ("cleen=1", "no step that waits for an answer 'cleen'; known: clean, Ask"),
    ],
)
def test_an_answer_that_is_none_is_refused(asking: Repository, answer: str, problem: str) -> None:
    assert problem in refused(asking.invoke(*RUN, "--answer", answer))


def test_a_job_without_a_mock_is_refused(waiting: Repository) -> None:
    error = refused(waiting.invoke(*RUN))
    assert "the step 'glue startJobRun' cannot be run here: this machine has no glue" in error


@pytest.fixture
def calling(repository: Repository) -> Repository:
    """A pipeline that calls one whose function is called as its own, on the same lake."""
    repository.define(
        'Function("clean"), Call("processed-to-curated/load")', imports="Call, Function, Pipeline"
    )
    repository.handle("print('mine')\nreturn {'key': event['key']}")
    repository.write(
        f"{LOAD}/pipeline.py",
        """
from dorc_runtime import Function, Pipeline

pipeline = Pipeline(steps=[Function("clean")])
""",
    )
    repository.write(
        f"{LOAD}/clean/lambda.py",
        """
import os

import boto3


def handler(event, context):
    print("theirs")
    boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key=event["key"], Body=b"x")
    return {"loaded": event["key"]}
""",
    )
    repository.write(EXAMPLE, '{"key": "tidy/first.csv"}')
    return repository


@pytest.mark.parametrize("options", [(), ("--inline",)], ids=["workers", "inline"])
def test_a_called_pipeline_runs_on_the_same_lake(
    calling: Repository, options: tuple[str, ...]
) -> None:
    found = result(calling.invoke(*RUN, *options))
    assert found["output"] == {"loaded": "tidy/first.csv"}
    assert found["states"] == ["clean", "Call load"]
    assert found["written"] == [{"key": "curated/tidy/first.csv", "size": 1}]
    log = (calling.root / found["kept"] / "log.txt").read_text()
    assert log == "clean | mine\nprocessed-to-curated.load.clean | theirs\n"


def test_a_failure_in_a_called_pipeline_is_drawn_where_it_was(calling: Repository) -> None:
    calling.write(
        f"{LOAD}/clean/lambda.py", "def handler(event, context):\n    raise KeyError(1)\n"
    )
    done = calling.invoke("run", "raw-to-processed/tidy")
    assert done.returncode == 1
    assert "✗ Call load › clean" in done.stdout
    assert "States.TaskFailed" in done.stdout


def test_a_call_of_a_pipeline_that_does_not_exist_is_refused(repository: Repository) -> None:
    repository.define('Function("clean"), Call("x/y")', imports="Call, Function, Pipeline")
    message = refused(repository.invoke(*RUN))
    assert (
        "raw-to-processed/tidy calls a pipeline that does not exist: no pipeline 'x/y'" in message
    )


def test_pipelines_that_call_each_other_in_a_circle_are_refused(calling: Repository) -> None:
    calling.write(
        f"{LOAD}/pipeline.py",
        """
from dorc_runtime import Call, Function, Pipeline

pipeline = Pipeline(steps=[Function("clean"), Call("raw-to-processed/tidy")])
""",
    )
    circle = "raw-to-processed/tidy -> processed-to-curated/load -> raw-to-processed/tidy"
    assert f"in a circle, {circle}" in refused(calling.invoke(*RUN))


def test_an_action_finds_the_bucket_of_a_zone(repository: Repository) -> None:
    repository.define(
        'Function("clean"), Service("aws-sdk:s3:copyObject", arguments='
        '{"Bucket": "processed", "Key": "copy.csv", "CopySource": "raw/tidy/first.csv"})',
        imports="Function, Pipeline, Service",
    )
    repository.handle("return event")
    found = result(repository.invoke(*RUN))
    assert {"key": "processed/copy.csv", "size": 8} in found["written"]


def test_a_distributed_map_reads_and_writes_the_lake(repository: Repository) -> None:
    repository.define(
        'Map(rows("raw/tidy/first.csv"), distributed=True, results="processed/runs", '
        'steps=[Function("clean")])',
        imports="Function, Map, Pipeline, rows",
    )
    repository.handle("return event['a']")
    found = result(repository.invoke(*RUN, "--input", "{}", "--example", "first"))
    names = [written["key"].rpartition("/")[2] for written in found["written"]]
    assert names == ["SUCCEEDED_0.json", "manifest.json"]
    [key] = [each["key"] for each in found["written"] if each["key"].endswith("SUCCEEDED_0.json")]
    items = json.loads((repository.root / found["kept"] / "lake" / key).read_text())
    assert (items[0]["Input"], items[0]["Output"]) == ('{"a":"1","b":"2"}', '"1"')


WAITING = 'Function("clean", wait_for_token=True)'
GLUE = (
    'Function("clean"), Service("aws-sdk:glue:startCrawler", name="crawl", '
    'permissions=[Permission("glue:StartCrawler", resources="arn:aws:glue:::crawler/c")])'
)


@pytest.mark.parametrize(
    ("steps", "name", "why"),
    [
        (WAITING, "clean", "it waits for an answer with its token"),
        (GLUE, "crawl", "this machine has no glue"),
        (
            GLUE.replace("glue:startCrawler", "s3:getNothing"),
            "crawl",
            "s3 has no action 'getNothing'",
        ),
    ],
    ids=["token", "service", "action"],
)
def test_what_cannot_be_run_here_is_refused_before_anything_runs(
    repository: Repository, steps: str, name: str, why: str
) -> None:
    repository.define(steps, imports="Function, Permission, Pipeline, Service")
    done = repository.invoke(*RUN, "--example", "first", "--input", "{}")
    message = refused(done)
    assert f"raw-to-processed/tidy: the step '{name}' cannot be run here: {why}." in message
    assert f"{MOCKS}/{name}.json" in message
    assert not (repository.root / ".dorc" / "runs").exists()


def test_a_mock_of_the_example_answers_a_step(repository: Repository) -> None:
    repository.define(GLUE, imports="Function, Permission, Pipeline, Service")
    repository.handle("return {}")
    repository.write(f"{MOCKS}/crawl.json", '{"crawled": true}')
    found = result(repository.invoke(*RUN, "--example", "first", "--input", "{}"))
    assert found["output"] == {"crawled": True}


def test_a_mock_for_no_step_is_refused_with_the_nearest(repository: Repository) -> None:
    repository.write(f"{MOCKS}/claen.json", "1")
    message = refused(repository.invoke(*RUN))
    assert f"no task 'claen'; known: clean. Rename {MOCKS}/claen.json." in message


def test_a_mock_that_is_no_json_is_refused(repository: Repository) -> None:
    repository.write(f"{MOCKS}/clean.json", "{")
    assert f"{MOCKS}/clean.json is not JSON" in refused(repository.invoke(*RUN))


def test_an_input_over_256_kib_is_refused_with_advice(repository: Repository) -> None:
    repository.write("big.json", json.dumps("x" * 262_143))
    message = refused(repository.invoke(*RUN, "--input", "big.json"))
    assert "262,145 bytes" in message
    assert "put the data into the lake and pass its key" in message
