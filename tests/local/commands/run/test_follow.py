"""`invoke run --follow`: what a run leads to, as on AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

FIRST = "raw-to-processed/tidy"
FOLLOW = ("run", FIRST, "--follow")
COPY = """
import boto3, os
s3 = boto3.client("s3")
body = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
s3.put_object(Bucket=os.environ["TARGET_BUCKET"], Key=event["key"], Body=body)
return event
""".strip()
ENDED = 'PipelineTrigger("raw-to-processed/tidy"{on})'
WRITE = 'boto3.client("s3").put_object(Bucket={bucket!r}, Key={key!r}, Body={body})'


def pipeline(
    repository: Repository, name: str, trigger: str, body: str = "return event", more: str = ""
) -> None:
    """Write a pipeline of one function, ``do``, that ``trigger`` starts."""
    folder = f"src/{name}"
    names = (
        "Bucket, EventTrigger, Function, Permission, Pipeline, PipelineTrigger, Queue, "
        "QueueTrigger, S3Trigger, Service, Topic, TopicTrigger, infra_output"
    )
    repository.write(
        f"{folder}/pipeline.py",
        f"from dorc_runtime import {names}\n"
        f'pipeline = Pipeline(triggers=[{trigger}], steps=[Function("do"){more}])\n',
    )
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    repository.write(f"{folder}/do/lambda.py", f"def handler(event, context):\n{lines}")


def writing_back(repository: Repository) -> None:
    """Let the first pipeline's function write where its own trigger watches."""
    repository.define(
        'Function("clean", writes=["raw/"])',
        imports="Function, Pipeline, S3Trigger",
        more=', triggers=[S3Trigger(prefix="tidy/", suffix=".csv", allow_loop="a test")]',
    )


def followed(repository: Repository, *words: str) -> list[dict[str, Any]]:
    done = repository.invoke(*FOLLOW, "--json", *words)
    assert done.returncode == 0, done.stderr
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    return runs


def chains(runs: list[dict[str, Any]]) -> list[str]:
    return [" > ".join(run["chain"]) for run in runs]


def test_an_object_starts_the_pipelines_that_watch_for_it_and_so_on(
    repository: Repository,
) -> None:
    pipeline(repository, "processed-to-curated/sum", 'S3Trigger(prefix="tidy/")', COPY)
    pipeline(repository, "processed-to-curated/other", 'S3Trigger(prefix="other/")', COPY)
    pipeline(repository, "curated-to-public/share", "S3Trigger()", COPY)
    runs = followed(repository)
    assert chains(runs) == [
        "raw-to-processed/tidy",
        "raw-to-processed/tidy > processed-to-curated/sum",
        "raw-to-processed/tidy > processed-to-curated/sum > curated-to-public/share",
    ]
    assert set(runs[1]["input"]) == {"bucket", "key", "size", "etag", "time"}
    assert runs[1]["input"]["key"] == "tidy/first.csv"
    assert [run["written"][0]["key"] for run in runs] == [
        "processed/tidy/first.csv",
        "curated/tidy/first.csv",
        "public/tidy/first.csv",
    ]
    assert all((repository.root / run["kept"] / "result.json").is_file() for run in runs)


def test_each_run_is_drawn_and_all_are_counted(repository: Repository) -> None:
    pipeline(repository, "processed-to-curated/sum", "S3Trigger()", COPY)
    done = repository.invoke(*FOLLOW)
    assert done.returncode == 0, done.stderr
    assert "raw-to-processed/tidy  from example first, tidy/first.csv in raw" in done.stdout
    assert "processed-to-curated/sum  from tidy/first.csv was uploaded to processed" in done.stdout
    assert done.stdout.count("succeeded in") == 2
    assert done.stdout.endswith("2 runs, none failed\n")


def test_an_object_that_is_written_again_unchanged_starts_a_run_again(
    repository: Repository,
) -> None:
    twice = "\n".join([WRITE.format(bucket="local-processed", key="x/a.csv", body="b'1'")] * 2)
    repository.handle(f"import boto3\n{twice}\nreturn 1")
    pipeline(repository, "processed-to-curated/sum", 'S3Trigger(suffix=".csv")', COPY)
    assert len(followed(repository)) == 3


def test_objects_from_before_the_run_start_nothing(repository: Repository) -> None:
    repository.write(f"src/{FIRST}/examples/first/lake/processed/old.csv", "old\n")
    repository.handle("return 1")
    pipeline(repository, "processed-to-curated/sum", "S3Trigger()", COPY)
    assert len(followed(repository)) == 1


@pytest.mark.parametrize(
    ("on", "body", "starts"),
    [
        ("", "return 1", True),
        ("", "raise ValueError", False),
        (', on=["FAILED"]', "raise ValueError", True),
        (', on=["FAILED"]', "return 1", False),
    ],
)
def test_the_end_of_a_run_starts_pipelines_that_watch_for_its_status(
    repository: Repository, on: str, body: str, starts: bool
) -> None:
    repository.handle(body)
    pipeline(repository, "default/after", ENDED.format(on=on))
    done = repository.invoke(*FOLLOW, "--json")
    runs = json.loads(done.stdout)
    assert [run["pipeline"] for run in runs[1:]] == ["default/after"] * starts
    if starts:
        assert runs[1]["input"]["pipeline"] == FIRST
        received = runs[1]["input"]
        assert received["output"] == ("1" if received["status"] == "SUCCEEDED" else None)
        assert json.loads(received["input"])["key"].endswith(".csv")


SEND = """
import boto3, os
boto3.client("sqs").send_message(QueueUrl=os.environ["WORK_QUEUE"], MessageBody="one")
boto3.client("sqs").send_message(QueueUrl=os.environ["WORK_QUEUE"], MessageBody="two")
boto3.client("sns").publish(TopicArn=os.environ["NEWS_TOPIC"], Message="three")
""".strip()


def test_messages_start_the_pipelines_that_wait_for_them(repository: Repository) -> None:
    declare(repository, 'Queue("work"), Topic("news")')
    repository.define(
        'Function("clean", writes=[Queue("work"), Topic("news")])',
        imports="Function, Pipeline, Queue, Topic",
    )
    repository.handle(SEND)
    pipeline(repository, "default/worker", 'QueueTrigger(Queue("work"))', "return 1")
    pipeline(repository, "default/reader", 'TopicTrigger(Topic("news"))', "return 1")
    runs = followed(repository, "--input", "{}")[1:]
    received = {run["pipeline"]: [each["body"] for each in run["input"]] for run in runs}
    assert received == {"default/worker": ["one", "two"], "default/reader": ["three"]}


def test_a_run_that_messages_start_says_where_they_are(repository: Repository) -> None:
    declare(repository, 'Queue("work")')
    repository.define(
        'Function("clean", writes=[Queue("work")])', imports="Function, Pipeline, Queue"
    )
    repository.handle("\n".join(SEND.splitlines()[:2]))
    pipeline(repository, "default/worker", 'QueueTrigger(Queue("work"))', "return 1")
    done = repository.invoke(*FOLLOW, "--input", "{}")
    assert "default/worker  from messages in work\n" in done.stdout, done.stdout


def test_the_messages_of_an_example_start_its_pipeline(repository: Repository) -> None:
    declare(repository, 'Queue("work")')
    pipeline(repository, "default/worker", 'QueueTrigger(Queue("work"), batch=2)', "return event")
    repository.write("src/default/worker/examples/first/queues/work.jsonl", '{"id": 1}\n"b"\n"c"\n')
    done = repository.invoke("run", "default/worker", "--json")
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)["output"]
    assert [message["body"] for message in output] == ['{"id":1}', "b"]
    assert output[0]["eventSourceARN"].endswith("--local--work")


def test_an_object_in_a_bucket_of_the_configuration_starts_its_pipeline(
    repository: Repository,
) -> None:
    declare(repository, 'Bucket("archive")')
    starting = 'S3Trigger(bucket=Bucket("archive"), prefix="in/")'
    body = 'import os\nreturn [event["bucket"] == os.environ["ARCHIVE_BUCKET"], event["key"]]'
    pipeline(repository, "default/old", starting, body)
    file = repository.root / "src/default/old/pipeline.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"do"', '"do", reads=["archive"]'), encoding="utf-8")
    repository.write("src/default/old/examples/first/lake/archive/in/a.csv", "a\n")
    done = repository.invoke("run", "default/old", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == [True, "in/a.csv"]
    checked = repository.invoke("check")
    assert "archive" not in checked.stderr, checked.stderr


def test_an_output_of_infra_is_a_value_of_this_machine(repository: Repository) -> None:
    declare(repository, "")
    pipeline(repository, "default/send", "", 'import os\nreturn os.environ["PARTNER"]')
    file = repository.root / "src/default/send/pipeline.py"
    text = file.read_text(encoding="utf-8")
    variables = 'environment={"PARTNER": infra_output("partner")}'
    file.write_text(text.replace('"do"', f'"do", {variables}'), encoding="utf-8")
    refused = repository.invoke("run", "default/send", "--input", "{}")
    repository.write("local.toml", '[outputs]\npartner = "a-partner"\n')
    done = repository.invoke("run", "default/send", "--input", "{}", "--json")
    assert refused.returncode == 2
    assert "no output 'partner' of infra for runs on this machine" in refused.stderr
    assert json.loads(done.stdout)["output"] == "a-partner"


def declare(repository: Repository, resources: str) -> None:
    repository.write(
        "pipeline_config.py",
        "from dorc_runtime import Bucket, Config, Queue, Topic, UniversalConfig\n"
        'universal = UniversalConfig(region="eu-west-1", project="shop")\n'
        f"config = Config(universal=universal, resources=[{resources}])\n",
    )


def test_a_pipeline_that_was_called_has_ended_too(repository: Repository) -> None:
    pipeline(repository, "default/called", "", "return 1")
    repository.define('Call("default/called")', imports="Call, Pipeline")
    (repository.pipeline / "clean/lambda.py").unlink()
    pipeline(repository, "default/after", 'PipelineTrigger("default/called")')
    assert chains(followed(repository, "--input", "{}")) == [
        "raw-to-processed/tidy",
        "raw-to-processed/tidy > default/after",
    ]


PUT = """
import boto3, json
boto3.client("events").put_events(Entries=[{{
    "Source": "our.app", "DetailType": "tidied", "Detail": json.dumps({{"rows": {rows}}}){bus},
}}])
""".strip()


@pytest.mark.parametrize(("bus", "watched"), [("", ""), (', "EventBusName": "ours"', "ours")])
def test_an_event_of_a_function_starts_the_pipelines_with_a_matching_pattern(
    repository: Repository, bus: str, watched: str
) -> None:
    repository.define(
        'Function("clean", permissions=[Permission("events:PutEvents", resources=["*"])])',
        imports="Function, Permission, Pipeline, S3Trigger",
        more=', triggers=[S3Trigger(suffix=".csv")]',
    ).handle(PUT.format(rows=7, bus=bus))
    at = f', bus="{watched}"' if watched else ""
    for name, limit in (("many", 5), ("few", 10)):
        pattern = {"source": ["our.app"], "detail": {"rows": [{"numeric": [">", limit]}]}}
        pipeline(repository, f"default/{name}", f"EventTrigger({pattern}{at})")
    pipeline(repository, "default/elsewhere", 'EventTrigger({"source": ["our.app"]}, bus="theirs")')
    [_, started] = followed(repository)
    assert started["pipeline"] == "default/many"
    assert started["input"]["detail-type"] == "tidied"
    assert started["input"]["detail"] == {"rows": 7}


def test_an_event_pattern_may_be_about_objects_or_runs(repository: Repository) -> None:
    key = {"key": [{"wildcard": "tidy/*.csv"}]}
    about_objects = {"source": ["aws.s3"], "detail": {"object": key}}
    about_runs = {
        "source": ["aws.states"],
        "detail": {
            "status": ["RUNNING"],
            "stateMachineArn": [{"suffix": "--raw-to-processed--tidy"}],
        },
    }
    pipeline(repository, "default/objects", f"EventTrigger({about_objects})")
    pipeline(repository, "default/runs", f"EventTrigger({about_runs})")
    runs = followed(repository)
    assert [run["pipeline"] for run in runs] == [FIRST, "default/runs", "default/objects"]
    assert runs[1]["input"]["detail"]["status"] == "RUNNING"
    assert runs[2]["input"]["detail"]["object"]["key"] == "tidy/first.csv"


def test_a_failure_anywhere_fails_the_command_and_stops_no_other_run(
    repository: Repository,
) -> None:
    pipeline(repository, "processed-to-curated/a", "S3Trigger()", "raise ValueError('no')")
    pipeline(repository, "processed-to-curated/b", "S3Trigger()", COPY)
    done = repository.invoke(*FOLLOW)
    assert done.returncode == 1
    assert done.stdout.endswith("3 runs, 1 failed: processed-to-curated/a\n")


def test_a_loop_is_named(repository: Repository) -> None:
    pipeline(repository, "processed-to-raw/back", "S3Trigger(allow_loop='a test')", COPY)
    repository.handle(COPY)
    done = repository.invoke(*FOLLOW, "--json")
    assert done.returncode == 2
    assert (
        "pipelines start each other without end, raw-to-processed/tidy -> processed-to-raw/back -> "
        "raw-to-processed/tidy, the last time because tidy/first.csv was uploaded to raw."
    ) in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(json.loads(done.stdout)) == 2


def test_a_round_that_changes_something_each_time_is_followed_to_its_end(
    repository: Repository,
) -> None:
    writing_back(repository)
    write = WRITE.format(bucket="local-raw", key="tidy/first.csv", body="b'x' * (size - 1)")
    repository.handle(f"import boto3\nsize = event['size']\nif size > 5:\n    {write}\nreturn size")
    assert [run["output"] for run in followed(repository)] == [8, 7, 6, 5]


def test_a_round_that_never_ends_is_a_loop(repository: Repository) -> None:
    writing_back(repository)
    repository.handle(
        "import boto3, uuid\nkey = f'tidy/{uuid.uuid4()}.csv'\n"
        + ('boto3.client("s3").put_object(Bucket="local-raw", Key=key, Body=b"")')
    )
    done = repository.invoke(*FOLLOW, "--inline")
    assert "without end, raw-to-processed/tidy -> raw-to-processed/tidy, the" in done.stderr
    assert done.stdout.count("succeeded in") == 16
    assert done.returncode == 2


def test_a_started_pipeline_has_the_mocks_of_the_example_of_the_same_name(
    repository: Repository,
) -> None:
    pipeline(
        repository,
        "processed-to-curated/sum",
        "S3Trigger()",
        COPY,
        more=', Service("aws-sdk:ecs:listClusters", arguments={}, name="list", '
        'permissions=[Permission("ecs:ListClusters", resources=["arn"])])',
    )
    refused = repository.invoke(*FOLLOW)
    assert "the step 'list' cannot be run here" in refused.stderr
    assert refused.returncode == 2
    mock = "src/processed-to-curated/sum/examples/first/mocks/list.json"
    repository.write(mock, '{"ClusterArns": []}')
    assert followed(repository)[1]["output"] == {"ClusterArns": []}


def test_any_broken_pipeline_is_reported_before_the_first_run(repository: Repository) -> None:
    repository.write("src/default/broken/pipeline.py", "pipeline = (\n")
    done = repository.invoke(*FOLLOW)
    assert done.stderr == "error: src/default/broken/pipeline.py:1: '(' was never closed\n"
    assert done.returncode == 2
    assert not (repository.root / ".dorc/runs").exists()


READ_CODES = """
import boto3
s3 = boto3.client("s3")
return s3.get_object(Bucket="codes", Key="islands.csv")["Body"].read().decode()
""".strip()


def test_a_shared_lake_is_in_every_run_and_follows(repository: Repository) -> None:
    """What a run has written is not replaced by the shared lake of a pipeline that it starts."""
    repository.define(
        'Function("clean", reads=["codes"], writes=["processed", "codes"])',
        imports="Function, Pipeline, S3Trigger",
        more=', triggers=[S3Trigger(suffix=".csv")]',
    )
    written = WRITE.format(bucket="codes", key="islands.csv", body="b'new'")
    object_ = WRITE.format(bucket="local-processed", key="a.csv", body="b'1'")
    read = READ_CODES.replace("return", "codes =")
    repository.handle(f"{read}\n{written}\n{object_}\nreturn codes")
    pipeline(
        repository,
        "processed-to-curated/sum",
        "S3Trigger()",
        f"{read}\n"
        'other = s3.get_object(Bucket="codes", Key="other.csv")["Body"].read().decode()\n'
        "return [codes, other]",
    )
    sum_file = repository.root / "src/processed-to-curated/sum/pipeline.py"
    sum_file.write_text(sum_file.read_text().replace('"do"', '"do", reads=["codes"]'))
    repository.write(f"src/{FIRST}/examples/lake/codes/islands.csv", "old")
    for name in ("islands", "other"):
        repository.write(f"src/processed-to-curated/sum/examples/lake/codes/{name}.csv", "shared")
    runs = followed(repository)
    assert [run["output"] for run in runs] == ["old", ["new", "shared"]]


def test_an_object_that_is_written_again_unchanged_is_listed(repository: Repository) -> None:
    repository.write(f"src/{FIRST}/examples/first/lake/processed/a.csv", "1")
    body = WRITE.format(bucket="local-processed", key="a.csv", body="b'1'")
    repository.handle(f"import boto3\n{body}\nreturn 1")
    done = repository.invoke("run", FIRST, "--json")
    assert json.loads(done.stdout)["written"] == [{"key": "processed/a.csv", "size": 1}]
