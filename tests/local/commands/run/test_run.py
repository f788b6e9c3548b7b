"""`invoke run`: what it prints, what it leaves, and its exit codes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.local.wheels import write_wheel

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")


def test_the_first_example_runs_and_shows_what_it_did(repository: Repository) -> None:
    done = repository.invoke(*RUN)
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "example first, tidy/first.csv in raw" in shown
    assert "│ read 8 bytes" in shown
    assert "✓ clean" in shown
    assert "processed/tidy/first.csv" in shown
    assert '{"size": 8}' in shown
    assert "succeeded in" in shown
    assert done.stderr == ""


@pytest.mark.parametrize("others", [("a", "first", "z"), ("only",)])
def test_a_run_starts_from_the_example_first_or_the_only_one(
    repository: Repository, others: tuple[str, ...]
) -> None:
    examples = repository.pipeline / "examples"
    (examples / "first").rename(repository.root / "kept")
    for name in others:
        shutil.copytree(repository.root / "kept", examples / name)
    chosen = "first" if "first" in others else "only"
    assert f"from example {chosen}, tidy/first.csv in raw" in repository.invoke(*RUN).stdout


def test_the_objects_that_a_run_wrote_are_saved(repository: Repository) -> None:
    repository.invoke(*RUN)
    [kept] = (repository.root / ".dorc/runs").iterdir()
    assert (kept / "lake/processed/tidy/first.csv").read_text() == "A,B\n1,2\n"
    assert (kept / "log.txt").read_text() == "clean | read 8 bytes\n"
    assert json.loads((kept / "result.json").read_text())["status"] == "SUCCEEDED"


def test_json_is_the_only_output(repository: Repository) -> None:
    done = repository.invoke(*RUN, "--json")
    result = json.loads(done.stdout)
    assert result["status"] == "SUCCEEDED"
    assert result["output"] == {"size": 8}
    assert result["states"] == ["clean"]
    assert result["written"] == [{"key": "processed/tidy/first.csv", "size": 8}]
    assert (repository.root / result["kept"] / "result.json").is_file()


def test_a_file_is_uploaded_where_the_trigger_watches(repository: Repository) -> None:
    repository.write("other.csv", "x,y\n")
    done = repository.invoke(*RUN, "--file", "other.csv", "--json")
    result = json.loads(done.stdout)
    event = result["input"]
    assert event["key"] == "tidy/other.csv"
    assert event["size"] == 4
    assert set(event) == {"bucket", "key", "size", "etag", "time"}
    assert result["written"] == [{"key": "processed/tidy/other.csv", "size": 4}]


@pytest.mark.parametrize("form", ["text", "file"])
def test_an_input_is_what_the_pipeline_gets(repository: Repository, form: str) -> None:
    repository.handle("return event")
    text = '{"n": [1, null, "ü"]}'
    given = text if form == "text" else str(repository.write("input.json", text))
    done = repository.invoke(*RUN, "--input", given, "--json")
    assert json.loads(done.stdout)["output"] == {"n": [1, None, "ü"]}


def test_inline_runs_in_the_commands_own_process_and_says_that_no_limit_applies(
    repository: Repository,
) -> None:
    repository.handle("import sys\nreturn 'invoke' in sys.modules")
    apart = json.loads(repository.invoke(*RUN, "--input", "{}", "--json").stdout)["output"]
    assert apart is False
    done = repository.invoke(*RUN, "--input", "{}", "--inline")
    assert "\n  true\n" in done.stdout
    assert "inline: no time or memory limits" in done.stdout


def test_a_failure_shows_state_error_cause_input_and_the_users_own_frames(
    repository: Repository,
) -> None:
    repository.write(
        "src/raw-to-processed/tidy/clean/rules.py",
        "import json\n\n\ndef parse(text):\n    return json.loads(text)\n",
    )
    repository.handle("import rules\nreturn rules.parse(event['text'])")
    done = repository.invoke(*RUN, "--input", '{"text": "{"}')
    shown = done.stdout
    assert done.returncode == 1
    assert "✗ clean" in shown
    assert "JSONDecodeError" in shown
    assert "Expecting property name" in shown
    assert '{"text": "{"}' in shown
    assert "src/raw-to-processed/tidy/clean/lambda.py:3 in handler" in shown
    assert "src/raw-to-processed/tidy/clean/rules.py:5 in parse" in shown
    assert "json/decoder.py" not in shown
    assert "failed in" in shown


def test_a_failed_item_of_a_map_is_named(repository: Repository) -> None:
    repository.define(
        'Map(over=data.xs, steps=[Function("clean")])', imports="Function, Map, Pipeline, data"
    )
    repository.handle("return 1 / event")
    done = repository.invoke(*RUN, "--input", '{"xs": [1, 0]}')
    assert "Map[1] › clean" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert done.returncode == 1


def test_retries_and_caught_errors_are_shown(repository: Repository) -> None:
    repository.define(
        'Function("clean", retry=[Retry("ValueError", max_attempts=1)], '
        'catch=[Catch("ValueError", steps=[Pass("saved")])])',
        imports="Catch, Function, Pass, Pipeline, Retry",
    )
    repository.handle("raise ValueError('no')")
    done = repository.invoke(*RUN, "--input", "{}")
    assert "↻ clean" in done.stdout
    assert "ValueError: no; again in 1.0 s (try 2)" in done.stdout
    assert "ValueError: no; caught: continues at Pass" in done.stdout
    assert done.returncode == 0


def test_packages_of_both_requirements_files_can_be_imported(repository: Repository) -> None:
    wheels = repository.root.parent / "wheels"
    wheels.mkdir()
    for place, name in ((".", "one"), ("src/raw-to-processed/tidy", "two")):
        write_wheel(wheels, name, "1.0")
        repository.write(f"{place}/requirements.txt", f"{name}==1.0\n")
    repository.handle("import one, two\nreturn [one.version, two.version]")
    run = partial(repository.invoke, *RUN, "--input", "{}", PIP_NO_INDEX="1")
    done = run(PIP_FIND_LINKS=str(wheels))
    assert done.returncode == 0, done.stderr
    assert "installing the packages" in done.stdout
    assert '["1.0", "1.0"]' in done.stdout
    again = run(PIP_FIND_LINKS=str(wheels))
    assert "installing" not in again.stdout


def test_modules_in_lib_can_be_imported(repository: Repository) -> None:
    repository.write("lib/shared/__init__.py", "NAME = 'shared'\n")
    repository.handle("import shared\nreturn shared.NAME")
    assert '"shared"' in repository.invoke(*RUN, "--input", "{}").stdout


def test_a_bucket_that_a_trigger_names_exists(repository: Repository) -> None:
    repository.define(
        'Function("clean")',
        imports="Function, Pipeline, S3Trigger",
        more=', triggers=[S3Trigger(bucket="their-bucket")]',
    )
    repository.write("src/raw-to-processed/tidy/examples/theirs/lake/their-bucket/a.csv", "a\n")
    done = repository.invoke(*RUN, "--example", "theirs", "--json")
    assert json.loads(done.stdout)["input"]["bucket"] == "their-bucket"


@pytest.mark.parametrize("inline", [(), ("--inline",)], ids=["workers", "inline"])
def test_a_function_can_read_the_lake_while_it_loads(
    repository: Repository, inline: tuple[str, ...]
) -> None:
    repository.write(
        "src/raw-to-processed/tidy/clean/lambda.py",
        "import boto3\n"
        's3 = boto3.client("s3")\n'
        'BODY = s3.get_object(Bucket="local-raw", Key="tidy/first.csv")["Body"].read().decode()\n'
        "def handler(event, context):\n    return BODY\n",
    )
    done = repository.invoke(*RUN, *inline, "--json")
    assert json.loads(done.stdout)["output"] == "a,b\n1,2\n"


def test_other_services_than_s3_are_played_too(repository: Repository) -> None:
    services = '["dynamodb:*", "secretsmanager:*", "sns:*", "sqs:*", "ssm:*"]'
    repository.define(
        f'Function("clean", permissions=[Permission({services}, resources="*")])',
        imports="Function, Permission, Pipeline",
    )
    repository.handle(
        """
import boto3
boto3.client("ssm").put_parameter(Name="/p", Value="ssm", Type="String")
boto3.client("secretsmanager").create_secret(Name="s", SecretString="secret")
queue = boto3.client("sqs").create_queue(QueueName="q")["QueueUrl"]
boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="sqs")
topic = boto3.client("sns").create_topic(Name="t")["TopicArn"]
table = boto3.resource("dynamodb").create_table(
    TableName="d",
    KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
table.put_item(Item={"k": "dynamodb"})
return [
    boto3.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"],
    boto3.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"],
    boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"],
    boto3.client("sns").publish(TopicArn=topic, Message="m")["ResponseMetadata"]["HTTPStatusCode"],
    table.get_item(Key={"k": "dynamodb"})["Item"]["k"],
]
""".strip()
    )
    done = repository.invoke(*RUN, "--input", "{}")
    assert done.returncode == 0, done.stdout
    assert '["ssm", "secret", "sqs", 200, "dynamodb"]' in done.stdout


def test_a_broken_definition_fails_its_tests_in_one_line(repository: Repository) -> None:
    repository.define('Function("claen")')
    repository.write(
        "src/raw-to-processed/tidy/tests/test_tidy.py",
        'def test_it(run_pipeline):\n    run_pipeline("raw-to-processed/tidy")\n',
    )
    done = repository.invoke("test")
    assert "pipeline.py: claen: no file" in done.stdout
    assert "def plan(" not in done.stdout
    assert done.returncode == 1


def test_colour_is_left_out_without_a_terminal(repository: Repository) -> None:
    assert "\x1b[" not in repository.invoke(*RUN).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("inline", [False, True], ids=["workers", "inline"])
def test_an_interrupted_run_leaves_no_process_behind(repository: Repository, inline: bool) -> None:
    repository.handle("import time\nprint('asleep')\ntime.sleep(60)")
    words = [*RUN, "--input", "{}", *(["--inline"] if inline else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=repository.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "asleep" not in process.stdout.readline():
        assert process.poll() is None
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert process.returncode == 130
    deadline = time.monotonic() + 5
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(child.is_running() for child in children)


def test_the_tasks_of_dorcs_own_folder_work_on_another_repository(
    repository: Repository, request: pytest.FixtureRequest
) -> None:
    """CONFIG_REPO_PATH may be exported, or stand in the tasks folder's .env."""
    folder = repository.root.parent / "dorc"
    folder.mkdir()
    (folder / "tasks.py").write_text((repository.root / "tasks.py").read_text())
    (folder / ".env").write_text("CONFIG_REPO_PATH=../made-by-hand\n")
    done = repository.invoke(*RUN, "--json", folder=folder)
    assert json.loads(done.stdout)["status"] == "SUCCEEDED"
    root = request.config.rootpath
    done = repository.invoke("check", folder=root, CONFIG_REPO_PATH=str(repository.root))
    assert "1 pipeline, 1 function: no problems found." in done.stdout


@pytest.mark.parametrize("mark", ["pipeline_config.py", "universal", "infra"])
def test_a_repository_made_by_hand_is_known_by_its_layout(
    repository: Repository, mark: str
) -> None:
    (repository.root / "pipeline_config.py").unlink()
    (repository.root / mark).mkdir()
    done = repository.invoke("check", folder=repository.pipeline)
    assert done.returncode == 0, done.stderr


def test_each_visit_of_a_state_is_in_the_result(repository: Repository) -> None:
    """Items of a Map have their path; failed states their retries, error and catcher."""
    repository.define(
        'Map(data.xs, steps=[Function("clean")], name="Each"),'
        ' Function("broken", retry=[Retry("OSError", max_attempts=1)],'
        ' catch=[Catch(steps=[Pass(1, name="Sorry")])])',
        imports="Catch, Function, Map, Pass, Pipeline, Retry, data",
    )
    repository.handle("return event")
    repository.handle("raise OSError('full')", function="broken")
    done = repository.invoke(*RUN, "--input", '{"xs": [1, 2]}', "--json")
    visits = {
        "/".join([*each["path"], each["state"]]): each for each in json.loads(done.stdout)["visits"]
    }
    assert [*visits] == ["Each", "Each/0/clean", "Each/1/clean", "broken", "Sorry"]
    broken = visits["broken"]
    assert (broken["kind"], broken["retries"]) == ("Task", 1)
    assert (broken["error"], broken["caught"]) == ("OSError", "Sorry")
    assert broken["seconds"] >= 1
    assert visits["Sorry"]["error"] is None


def test_what_to_do_about_a_failure_is_a_line_of_its_own(repository: Repository) -> None:
    """The cause is AWS's, and nothing is added to it."""
    repository.define(
        'Pass(data.rowz), Function("clean")', imports="Function, Pass, Pipeline, data"
    )
    done = repository.invoke(*RUN, "--input", '{"rows": 1}')
    assert done.returncode == 1
    shown = " ".join(done.stdout.split())
    assert "for the field 'Output' returned nothing (undefined). input {" in shown
    assert "advice $states.input has no field 'rowz', only these: rows." in shown
