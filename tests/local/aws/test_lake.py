"""The lake of a run: objects in, objects out, and nothing left behind."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from dorc_runtime.errors import InputError, UnknownNameError
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool

KEYS = ("a b/é+%.csv", "x//y", "a?b=c&d#e", "日本/🐧", "<t>&'\"", "year=2009/part~1.csv")


def test_an_object_is_read_as_it_was_written(lake: Lake) -> None:
    lake.create_bucket("raw")
    for key in KEYS:
        lake.put("raw", key, key.encode())
    assert [lake.get("raw", key) for key in KEYS] == [key.encode() for key in KEYS]


def test_objects_are_listed_with_what_is_known_of_them(lake: Lake) -> None:
    lake.create_bucket("raw")
    for key in KEYS:
        lake.put("raw", key, key.encode())
    listed = lake.objects("raw")
    assert [found.key for found in listed] == sorted(KEYS)
    for found in listed:
        assert found.bucket == "raw"
        assert found.size == len(found.key.encode())
        assert found.etag == hashlib.md5(found.key.encode(), usedforsecurity=False).hexdigest()
        assert abs(found.last_modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_more_objects_than_a_page_holds_are_all_listed(lake: Lake) -> None:
    lake.create_bucket("raw")
    keys = tuple(f"p/{number:04} é" for number in range(1005))
    for key in keys:
        lake.put("raw", key, b"")
    assert tuple(found.key for found in lake.objects("raw")) == keys


def test_files_are_put_into_the_lake_like_objects(lake: Lake, tmp_path: Path) -> None:
    lake.create_bucket("raw")
    for number, key in enumerate(KEYS):
        (tmp_path / str(number)).write_text(key)
    lake.put_files(("raw", key, tmp_path / str(number)) for number, key in enumerate(KEYS))
    assert [lake.get("raw", key) for key in KEYS] == [key.encode() for key in KEYS]
    assert [found.key for found in lake.objects("raw")] == sorted(KEYS)


def test_a_file_that_cannot_be_read_is_named(lake: Lake, tmp_path: Path) -> None:
    lake.create_bucket("raw")
    with pytest.raises(InputError, match=r"missing\.csv"):
        lake.put_files([("raw", "missing.csv", tmp_path / "missing.csv")])


def test_an_empty_bucket_has_no_objects(lake: Lake) -> None:
    lake.create_bucket("raw")
    assert lake.objects("raw") == ()


def test_creating_an_existing_bucket_changes_nothing(lake: Lake) -> None:
    lake.create_bucket("raw")
    lake.put("raw", "key", b"rows")
    lake.create_bucket("raw")
    assert lake.get("raw", "key") == b"rows"


def test_the_error_for_an_unknown_object_lists_the_known_ones(lake: Lake) -> None:
    lake.create_bucket("raw")
    lake.put("raw", "penguins.csv", b"")
    with pytest.raises(
        UnknownNameError, match=r"no object 'pengiuns\.csv' in raw; known: penguins\.csv"
    ):
        lake.get("raw", "pengiuns.csv")


def test_a_reset_lake_is_empty(lake: Lake) -> None:
    lake.create_bucket("raw")
    lake.put("raw", "key", b"")
    lake.reset()
    lake.create_bucket("raw")
    assert lake.objects("raw") == ()


def test_threads_may_share_a_lake(lake: Lake) -> None:
    lake.create_bucket("raw")
    keys = [str(number) for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: lake.put("raw", key, key.encode()), keys))
        assert list(threads.map(lambda key: lake.get("raw", key).decode(), keys)) == keys


def test_a_handler_finds_the_services_of_aws_in_the_lake(
    lake: Lake,
    pool: Callable[..., WorkerPool],
    write: Callable[..., LocalFunction],
    call: Callable[..., Outcome],
) -> None:
    lake.create_bucket("raw")
    code = """
        import boto3

        def handler(event, context):
            s3, ssm, sqs, sns, secrets, tables, sts = (boto3.client(name) for name in (
                "s3", "ssm", "sqs", "sns", "secretsmanager", "dynamodb", "sts"
            ))
            s3.put_object(Bucket="raw", Key="from/a handler", Body=b"rows")
            ssm.put_parameter(Name="/limit", Value="7", Type="String")
            secrets.create_secret(Name="key", SecretString="open")
            tables.create_table(
                TableName="rows",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            tables.put_item(TableName="rows", Item={"id": {"S": "one"}})
            queue = sqs.create_queue(QueueName="late")["QueueUrl"]
            sqs.send_message(QueueUrl=queue, MessageBody="row")
            topic = sns.create_topic(Name="failures")["TopicArn"]
            sns.publish(TopicArn=topic, Message="failed")
            return [
                s3.get_bucket_location(Bucket="raw")["LocationConstraint"],
                ssm.get_parameter(Name="/limit")["Parameter"]["Value"],
                secrets.get_secret_value(SecretId="key")["SecretString"],
                tables.scan(TableName="rows")["Count"],
                sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"],
                sts.get_caller_identity()["Account"],
            ]
        """
    functions = pool(write("use", code, timeout=30), endpoint=lambda: lake.endpoint)
    assert call(functions, "use") == Returned(["eu-west-2", "7", "open", 1, "row", "123456789012"])
    assert lake.get("raw", "from/a handler") == b"rows"


def test_a_closed_lake_leaves_no_process_and_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(psutil.Process().children())
    with Lake.start() as lake:
        lake.create_bucket("raw")
        assert len(set(psutil.Process().children()) - before) == 1
    lake.close()
    assert set(psutil.Process().children()) - before == set()
    assert list(tmp_path.iterdir()) == []


def test_the_error_of_a_lake_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    """In an environment without moto, as one that has the library alone."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from dorc_runtime.errors import DorcError\n"
        "from dorc_runtime.local.aws.lake import Lake\n"
        "try:\n"
        "    with Lake.start() as lake: lake.create_bucket('raw')\n"
        "except DorcError as error: print(error)\n"
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    folders = [folder for folder in sys.path if folder]
    output = subprocess.run(
        [tmp_path / "bin" / "python", "-c", code, *folders],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert output == (
        "the lake's server does not run: ModuleNotFoundError: No module named 'moto'. "
        "What it needs comes with `pip install 'dorc-runtime[local]'`.\n"
    )


def test_the_error_for_an_unknown_bucket_lists_the_known_ones(lake: Lake) -> None:
    lake.create_bucket("raw")
    for ask in (lambda: lake.objects("rwa"), lambda: lake.put("rwa", "a", b"")):
        with pytest.raises(UnknownNameError, match="no bucket 'rwa'; known: raw"):
            ask()
