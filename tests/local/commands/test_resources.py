"""Runs of a repository with resources: a table, a topic, a queue and a bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy", "--input", "{}", "--json")
CONFIG = """
from datetime import timedelta

from dorc_runtime import Bucket, Config, Index, Queue, Table, Topic, UniversalConfig

orders = Table(
    "orders",
    partition_key="id",
    sort_key="at",
    key_types={"at": "N"},
    indexes={"by-day": Index(partition_key="day")},
)
seen = Table("seen", partition_key="id")
news = Topic("news")
work = Queue("work", visibility_timeout=timedelta(minutes=6))
archive = Bucket("archive")
universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal, resources=[orders, seen, news, work, archive])
"""
USE = """
import json
import os
import boto3
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
table.put_item(Item={"id": "a", "at": 1, "day": "monday"})
[item] = table.query(
    IndexName="by-day",
    KeyConditionExpression="#d = :d",
    ExpressionAttributeNames={"#d": "day"},
    ExpressionAttributeValues={":d": "monday"},
)["Items"]
sns, sqs, s3 = (boto3.client(name) for name in ("sns", "sqs", "s3"))
sns.publish(TopicArn=os.environ["NEWS_TOPIC"], Message=json.dumps({"id": "a"}))
sqs.send_message(QueueUrl=os.environ["WORK_QUEUE"], MessageBody="b")
[message] = sqs.receive_message(QueueUrl=os.environ["WORK_QUEUE"])["Messages"]
attributes = sqs.get_queue_attributes(QueueUrl=os.environ["WORK_QUEUE"], AttributeNames=["All"])
s3.put_object(Bucket=os.environ["ARCHIVE_BUCKET"], Key="c", Body=b"d")
return {
    "at": int(item["at"]),
    "body": message["Body"],
    "hidden": attributes["Attributes"]["VisibilityTimeout"],
}
"""
EVERYTHING = (
    'Function("clean", reads=[orders, work], writes=[orders, news, work, "archive/"]), '
    'Service("sns:publish", arguments={"TopicArn": news, "Message": {"n": 1}}, output=data)'
)
IMPORTS = "Function, Pipeline, Service, data\nfrom pipeline_config import news, orders, seen, work"


@pytest.fixture
def resources(repository: Repository) -> Repository:
    repository.write("pipeline_config.py", CONFIG)
    return repository


@pytest.mark.parametrize("how", [(), ("--inline",)])
def test_functions_use_resources_by_their_addresses(
    resources: Repository, how: tuple[str, ...]
) -> None:
    resources.define(EVERYTHING, imports=IMPORTS).handle(USE)
    done = resources.invoke(*RUN, *how)
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["output"] == {"at": 1, "body": "b", "hidden": "360"}
    assert result["written"] == [{"key": "archive/c", "size": 1}]


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (
            'client("dynamodb").put_item(TableName="Example--local--orders", Item={})',
            'dynamodb:PutItem on orders: give Function("clean", writes=[orders, ...]).',
        ),
        (
            'client("dynamodb").scan(TableName="Example--local--orders", IndexName="by-day")',
            'dynamodb:Scan on orders: give Function("clean", reads=[orders, ...]).',
        ),
        (
            'client("sqs").send_message(MessageBody="m", QueueUrl='
            '"https://sqs.eu-west-2.amazonaws.com/123456789012/Example--local--work")',
            'sqs:sendmessage on work: give Function("clean", writes=[work, ...]).',
        ),
        (
            'client("sns").publish(Message="m", '
            'TopicArn="arn:aws:sns:eu-west-2:123456789012:Example--local--news")',
            'SNS:Publish on news: give Function("clean", writes=[news, ...]).',
        ),
        (
            'client("ssm").get_parameter(Name="/shop/key")',
            "ssm:GetParameter on arn:aws:ssm:eu-west-2:123456789012:parameter/shop/key: give "
            'Function("clean", permissions=[Permission("ssm:GetParameter", resources=...)]).',
        ),
    ],
)
def test_a_refusal_ends_with_its_remedy(resources: Repository, call: str, remedy: str) -> None:
    resources.define('Function("clean")').handle(f"import boto3\nboto3.{call}")
    done = resources.invoke(*RUN)
    assert done.stderr == f"error: clean is not allowed {remedy}\n"
    assert done.returncode == 2


def test_a_step_is_held_to_the_role_of_the_machine(resources: Repository) -> None:
    resources.define(
        'Function("clean"), Service("aws-sdk:dynamodb:describeTable", name="look", '
        'arguments={"TableName": orders}, '
        'permissions=[Permission("dynamodb:DescribeTable", resources=seen.arn)])',
        imports=IMPORTS.replace("Function", "Function, Permission"),
    )
    resources.handle("return {}")
    done = resources.invoke(*RUN)
    assert done.returncode == 2
    assert done.stderr == (
        "error: look is not allowed dynamodb:DescribeTable on orders: give the step "
        'permissions=[Permission("dynamodb:DescribeTable", resources=...)].\n'
    )
    assert json.loads(done.stdout)["error"] == "DynamoDb.AccessDeniedException"


ORDER = {"id": "a", "at": 1.5, "tags": {"SS": ["x", "y"]}, "raw": {"B": "AAE="}, "more": [None]}
EXAMPLE = "src/raw-to-processed/tidy/examples/first"
SEEDED = """
import os
import boto3
orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
sqs = boto3.client("sqs")
url = os.environ["WORK_QUEUE"]
found = orders.scan()["Items"][0]
orders.put_item(Item={"id": "b", "at": 2})
[message] = sqs.receive_message(QueueUrl=url)["Messages"]
sqs.send_message(QueueUrl=url, MessageBody='{"n": 2}')
limit = boto3.client("ssm").get_parameter(Name="/shop/limit")["Parameter"]["Value"]
return [sorted(found["tags"]), bytes(found["raw"]).hex(), str(found["at"]), message["Body"], limit]
"""
SEEDED_STEPS = (
    'Function("clean", reads=[orders, work], writes=[orders, work], permissions=['
    'Permission("ssm:GetParameter", resources="arn:aws:ssm:*:*:parameter/shop/*")])'
)


@pytest.fixture
def seeded(resources: Repository) -> Repository:
    resources.define(SEEDED_STEPS, imports=IMPORTS.replace("Function", "Function, Permission"))
    resources.handle(SEEDED)
    resources.write(f"{EXAMPLE}/tables/orders.jsonl", json.dumps(ORDER) + "\n")
    resources.write(f"{EXAMPLE}/queues/work.jsonl", '{"n": 1}\n')
    resources.write(f"{EXAMPLE}/parameters.toml", '"/shop/limit" = "5"\n')
    return resources


def test_examples_seed_services_and_runs_record_them(seeded: Repository) -> None:
    done = seeded.invoke("run", "raw-to-processed/tidy", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["output"] == [["x", "y"], "0001", "1.5", '{"n":1}', "5"]
    [saved] = (seeded.root / ".dorc/runs").iterdir()
    items = (saved / "tables/orders.jsonl").read_text().splitlines()
    assert [json.loads(item) for item in items] == [ORDER, {"id": "b", "at": 2}]
    assert (saved / "messages/work.jsonl").read_text() == '{"n": 2}\n'
    calls = json.loads((saved / "result.json").read_text())["calls"]
    assert [(call["caller"], call["service"], call["action"]) for call in calls] == [
        ("clean", "dynamodb", "Scan"),
        ("clean", "dynamodb", "PutItem"),
        ("clean", "sqs", "ReceiveMessage"),
        ("clean", "sqs", "SendMessage"),
        ("clean", "ssm", "GetParameter"),
    ]
    assert calls[4]["arguments"] == {"Name": "/shop/limit"}


def test_an_example_expects_items_and_messages(seeded: Repository) -> None:
    expected = [{"id": "b", "at": 2}, ORDER]
    lines = "".join(f"{json.dumps(each)}\n" for each in expected)
    seeded.write(f"{EXAMPLE}/expected/tables/orders.jsonl", lines)
    seeded.write(f"{EXAMPLE}/expected/messages/work.jsonl", '{"n": 2}\n')
    assert seeded.invoke("test").returncode == 0
    seeded.write(f"{EXAMPLE}/expected/messages/work.jsonl", '{"n": 3}\n')
    assert "messages/work.jsonl[0].n: expected 3, found 2" in seeded.invoke("test").stdout


def test_items_are_compared_with_those_of_the_same_key(seeded: Repository) -> None:
    expected = [{"id": "b", "at": 2, "more": 1}, ORDER]
    lines = "".join(f"{json.dumps(each)}\n" for each in expected)
    seeded.write(f"{EXAMPLE}/expected/tables/orders.jsonl", lines)
    shown = seeded.invoke("test").stdout
    differences = [line for line in shown.splitlines() if line.startswith("tables/orders.jsonl")]
    place = 'tables/orders.jsonl[id="b", at=2].more'
    assert differences == [f"{place}: expected 1, found nothing"]


def test_an_example_test_shows_the_remedy_of_a_refusal(resources: Repository) -> None:
    resources.define('Function("clean", writes=[orders])', imports=IMPORTS)
    resources.handle(
        "import os, boto3\n"
        'return boto3.client("dynamodb").scan(TableName=os.environ["ORDERS_TABLE"])["Count"]'
    )
    resources.write(f"{EXAMPLE}/expected/output.json", "0")
    remedy = 'clean is not allowed dynamodb:Scan on orders: give Function("clean", reads=['
    assert remedy in " ".join(resources.invoke("test").stdout.split())


def test_a_test_gives_seeds_and_gets_records(seeded: Repository) -> None:
    seeded.write(
        "src/raw-to-processed/tidy/tests/test_tidy.py",
        """
from decimal import Decimal

def test_it(run_pipeline):
    item = {"id": "c", "at": Decimal("0.5"), "tags": {"z"}, "raw": b"1"}
    result = run_pipeline(
        "raw-to-processed/tidy",
        tables={"orders": [item]}, queues={"work": ["m"]}, parameters={"/shop/limit": "6"},
    )
    assert result.output == [["z"], "31", "0.5", "m", "6"]
    assert result.tables["orders"][0]["id"] == "b"
    assert result.messages["work"] == [{"n": 2}]
    assert [call.action for call in result.calls if call.service == "dynamodb"] == [
        "Scan", "PutItem"
    ]
""",
    )
    done = seeded.invoke("test")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("tables/orders.jsonl", '{"at": 1}\n', ":1: the key 'id' is missing."),
        (
            "tables/orders.jsonl",
            '{"id": "a", "at": "b"}\n',
            ":1: the key 'at' must be a number.",
        ),
        (
            "tables/orders.jsonl",
            '{"id": "", "at": 1}\n',
            ":1: the key 'id' is empty, which DynamoDB refuses.",
        ),
        (
            "tables/orders.jsonl",
            json.dumps({"id": "a", "at": 1, "x": "y" * 409_600}),
            ":1: the item has 409,608 bytes, over DynamoDB's limit of 400 KB (409,600).",
        ),
        (
            "tables/orders.jsonl",
            '{"id": "a", "at": 1, "x": {"NS": ["b"]}}',
            ":1: 'b' is no number.",
        ),
        (
            "tables/orders.jsonl",
            json.dumps({"id": "a", "at": 10**38 + 1}),
            f":1: DynamoDB has no number {10**38 + 1}: it takes 38 digits.",
        ),
        ("tables/orders.jsonl", "[]", ":1: an item is an object: {...}."),
        (
            "tables/seen.jsonl",
            '{"id": "a"}\n',
            ": no step of the pipeline uses the table 'seen': add seen to reads or writes of a "
            "function, or remove the seed.",
        ),
        (
            "parameters.toml",
            "limit = 5\n",
            ': \'limit\' is no text or list of texts. Write "limit" = "...", with quotation '
            "marks around a name that has a slash.",
        ),
    ],
)
def test_a_seed_that_cannot_be_used_is_a_problem(
    seeded: Repository, file: str, text: str, problem: str
) -> None:
    seeded.write(f"{EXAMPLE}/{file}", text)
    assert seeded.invoke("check").stdout.splitlines() == [f"{EXAMPLE}/{file}{problem}"]


def test_a_run_refuses_a_seed_that_cannot_be_used(seeded: Repository) -> None:
    seeded.write(f"{EXAMPLE}/queues/works.jsonl", "1")
    assert seeded.invoke("run", "raw-to-processed/tidy").stderr == (
        f"error: no queue 'works'; known: work. Rename {EXAMPLE}/queues/works.jsonl.\n"
    )


def test_check_reports_files_that_nothing_reads(seeded: Repository) -> None:
    for file in ("table/a", "tables/orders.json", "tables/order.jsonl", "expected/outputs.json"):
        seeded.write(f"{EXAMPLE}/{file}", "{}")
    assert seeded.invoke("check").stdout.splitlines() == [
        f"{EXAMPLE}/table: no run reads it; did you mean 'tables'?",
        f"{EXAMPLE}/tables/orders.json: no run reads it: rename it to orders.jsonl.",
        f"no table 'order'; known: orders. Rename {EXAMPLE}/tables/order.jsonl.",
        f"{EXAMPLE}/expected/outputs.json: nothing is compared with it; did you mean "
        "'output.json'?",
    ]


COUNT = """
import os
import boto3
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
s3 = boto3.client("s3")
found = [each["Key"] for each in s3.list_objects_v2(Bucket="local-processed").get("Contents", [])]
items = table.scan()["Items"]
table.put_item(Item={"id": "a", "at": len(items)})
s3.put_object(Bucket="local-processed", Key=f"{len(found)}.txt", Body=b"")
s3.get_object(Bucket="local-raw", Key="tidy/first.csv")
return [event.get("key"), len(items), found]
"""


def test_a_run_goes_on_from_the_lake_and_tables_of_an_earlier_one(resources: Repository) -> None:
    steps = 'Function("clean", reads=["raw/", orders], writes=["processed/", orders])'
    trigger = ', triggers=[S3Trigger(prefix="tidy/")]'
    resources.define(steps, imports=f"S3Trigger, {IMPORTS}", more=trigger).handle(COUNT)
    key = "tidy/first.csv"
    outputs = []
    for more in ((), ("--seed-from", "last"), ("--seed-from", "last")):
        done = resources.invoke("run", "raw-to-processed/tidy", "--json", *more)
        assert done.returncode == 0, done.stderr + done.stdout
        outputs.append(json.loads(done.stdout)["output"])
    assert outputs == [[key, 0, []], [key, 1, ["0.txt"]], [key, 2, ["0.txt", "1.txt"]]]


def test_without_an_earlier_run_there_is_nothing_to_go_on_from(resources: Repository) -> None:
    done = resources.invoke("run", "raw-to-processed/tidy", "--seed-from", "last")
    assert done.returncode == 2
    assert done.stderr.endswith(".dorc/runs has no run: `invoke run` makes one.\n")


def test_an_earlier_run_that_no_trigger_matches_is_no_input(resources: Repository) -> None:
    more = ", triggers=[QueueTrigger(queue=work)]"
    imports = f"QueueTrigger, {IMPORTS}"
    resources.define('Function("clean")', imports=imports, more=more).handle("return 1")
    run = ("run", "raw-to-processed/tidy")
    assert resources.invoke(*run, "--example", "first").returncode == 0
    done = resources.invoke(*run, "--seed-from", "last")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: raw-to-processed/tidy has no input: write {EXAMPLE}/input.json or "
        f"{EXAMPLE}/queues/<name>.jsonl, or put a file that its trigger matches into "
        f"{EXAMPLE}/lake/<zone>/, or give --file or --input.\n"
    )


def test_a_run_refuses_a_bucket_with_the_name_of_a_zone(resources: Repository) -> None:
    resources.write("pipeline_config.py", CONFIG.replace('Bucket("archive")', 'Bucket("raw")'))
    done = resources.invoke("run", "raw-to-processed/tidy")
    assert done.returncode == 2
    assert "Bucket('raw') has the name of a zone, which has a bucket already" in done.stderr


def test_a_run_that_does_not_exist_is_reported_with_the_newest(resources: Repository) -> None:
    runs = resources.root / ".dorc" / "runs"
    for day in range(1, 8):
        (runs / f"2030010{day}").mkdir(parents=True)
    done = resources.invoke("run", "raw-to-processed/tidy", "--seed-from", "nope")
    newest = "20300107, 20300106, 20300105, 20300104, 20300103"
    assert (done.returncode, done.stderr) == (2, f"error: no run 'nope'; known: {newest}.\n")


def test_a_test_lets_any_step_fail(resources: Repository) -> None:
    resources.define(
        'Function("clean"), Service("sns:publish", arguments={"TopicArn": news, "Message": "m"}, '
        'timeout=timedelta(seconds=5), catch=[Catch(["SNS.InternalErrorException"], steps=[])])',
        imports=f"Catch, {IMPORTS}\nfrom datetime import timedelta",
    ).handle("return {}")
    resources.write(
        "src/raw-to-processed/tidy/tests/test_tidy.py",
        """
from dorc_runtime.testing import fail, slow, timeout

TIDY = "raw-to-processed/tidy"

def test_it(run_pipeline):
    fault = fail("sns publish", error="SNS.InternalErrorException")
    result = run_pipeline(TIDY, input={}, faults=[fault])
    assert result.succeeded
    assert result.messages["news"] == []
    late = run_pipeline(TIDY, input={}, faults=[timeout("sns publish")])
    assert (late.error, late.seconds) == ("States.Timeout", 5)
    assert run_pipeline(TIDY, input={}, faults=[slow("sns publish", seconds=3)]).seconds == 3
""",
    )
    done = resources.invoke("test")
    assert done.returncode == 0, done.stdout
