"""`invoke start` and `invoke stop`, and the options of `invoke run --execution`."""

import json
from typing import Any

import pytest

from dorc_runtime.compile.names import Names
from tests.local.operate.conftest import ACCOUNT, TIDY, Operator

BUCKET = Names("Example", "dev").bucket("raw", ACCOUNT)
START = ("start", TIDY, "--env", "dev")
CALLER = f"arn:aws:sts::{ACCOUNT}:user/moto"


@pytest.fixture
def dev(deployed: Operator) -> Operator:
    """The deployed pipeline, with an object in the bucket that its trigger watches."""
    s3 = deployed.client("s3")
    s3.put_object(Bucket=BUCKET, Key="tidy/may.csv", Body=b"a,b\n")
    return deployed


def executions(operator: Operator) -> list[dict[str, Any]]:
    """Return the executions in dev, each with its input."""
    states = operator.client("stepfunctions")
    [machine] = states.list_state_machines()["stateMachines"]
    listed = states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    found = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
    return [{**each, "input": json.loads(each["input"])} for each in found]


def test_an_object_starts_the_pipeline_as_its_trigger_does(dev: Operator) -> None:
    done = dev.invoke(*START, "--key", "tidy/may.csv")
    [started] = executions(dev)
    assert (done.code, done.out) == (
        0,
        f"started {started['name']} of {TIDY} in dev\n"
        f"next: invoke history --execution {started['name']} --env dev\n",
    ), done.err
    by = started["input"].pop("dorc.startedBy")
    assert (by["who"], by["command"]) == (CALLER, "invoke start")
    assert started["input"].keys() == {"bucket", "key", "size", "etag", "time"}
    assert (started["input"]["bucket"], started["input"]["size"]) == (BUCKET, 4)


def test_without_an_input_the_schedule_is_due_now(dev: Operator) -> None:
    assert dev.invoke(*START, "--json").json["status"] == "RUNNING"
    [started] = executions(dev)
    assert started["input"].keys() == {"time", "mode", "dorc.startedBy"}


def test_an_earlier_execution_gives_its_input(dev: Operator) -> None:
    first = dev.invoke(*START, "--input", '{"rows": [1]}', "--json").json["execution"]
    again = dev.invoke(*START, "--like", first, "--json")
    assert again.code == 0, again.err
    assert [each["input"]["rows"] for each in executions(dev)] == [[1], [1]]


def test_a_running_execution_is_stopped(dev: Operator) -> None:
    name = dev.invoke(*START, "--json").json["execution"]
    done = dev.invoke("stop", "--execution", name, "--env", "dev", "--reason", "wrong file")
    assert (done.code, done.out) == (0, f"stopped {name} of {TIDY} in dev\n"), done.err
    assert [each["status"] for each in executions(dev)] == ["ABORTED"]
    again = dev.invoke("stop", "--execution", name, "--env", "dev")
    assert (again.code, again.err) == (2, f"error: {name} does not run: it has ended (stopped).\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            (*START, "--key", "tidy/june.csv"),
            f"there is no object 'tidy/june.csv' in {BUCKET}: upload it, or give the key of "
            "another one.",
        ),
        (
            (*START, "--key", "june.csv"),
            f"'june.csv' is no key that starts {TIDY}: tidy/*.csv.",
        ),
        (
            (*START, "--like", "august"),
            "there is no execution 'august' in dev: `invoke executions --env dev` lists them; AWS "
            "keeps an execution for 90 days after its end.",
        ),
        ((*START, "--key", "a", "--input", "{}"), "give one of --key, --input and --like."),
        (("start", TIDY), "which environment? Add --env X, where X is dev or prod."),
        (
            ("start", TIDY, "--env", "prod", "--input", "{}"),
            "prod is protected, and there is no terminal to ask at: add --confirm prod.",
        ),
        (
            ("start", TIDY, "--env", "prod", "--input", "{}", "--json"),
            "prod is protected, and --json cannot ask: add --confirm prod.",
        ),
        (
            ("start", TIDY, "--env", "prod", "--input", "{}", "--confirm", "prod"),
            f"{TIDY} is not deployed in prod: `invoke apply --instance {TIDY} --env prod` deploys "
            "it.",
        ),
        (("stop", "--env", "dev"), "which execution? Add --execution NAME."),
        (
            ("stop", "--env", "dev", "--execution", "august"),
            "there is no execution 'august' in dev: `invoke executions --env dev` lists them; AWS "
            "keeps an execution for 90 days after its end.",
        ),
        (("run", TIDY, "--env", "dev"), "--env is for --execution NAME: add it."),
        (
            ("run", TIDY, "--execution", "may", "--env", "dev", "--file", "a.csv"),
            "--execution says what the run starts with: leave out --file.",
        ),
        (
            ("run", TIDY, "--execution", "may"),
            "which environment? Add --env X, where X is dev or prod.",
        ),
    ],
)
def test_a_mistake_is_one_line(dev: Operator, words: tuple[str, ...], message: str) -> None:
    done = dev.invoke(*words)
    assert (done.code, done.err) == (2, f"error: {message}\n")
    assert executions(dev) == []


def test_an_input_over_256_kib_is_refused(dev: Operator) -> None:
    file = dev.root / "large.json"
    file.write_text(json.dumps({"rows": "x" * 300_000}), encoding="utf-8")
    done = dev.invoke(*START, "--input", str(file))
    assert done.code == 2
    assert "bytes, and Step Functions takes at most 262,144: put the data into" in done.err
