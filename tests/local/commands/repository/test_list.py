"""`invoke list`: a row for each pipeline."""

import json
from typing import Any

import pytest

from tests.local.commands.conftest import Repository

PIPELINES = {
    "raw-to-processed/tidy": """
from dorc_runtime import Call, CronTrigger, Function, Pipeline, S3Trigger, setting

pipeline = Pipeline(
    triggers=[
        S3Trigger(prefix="tidy/", suffix=".csv"),
        CronTrigger(setting("nightly"), timezone="Europe/London", enabled=["prod"]),
    ],
    steps=[Function("clean", writes=["processed", "archive/2026"]), Call("default/hello")],
)
""",
    "default/hello": """
from dorc_runtime import Pipeline, QueueTrigger, Service, TopicTrigger
from pipeline_config import orders, sales, seen

pipeline = Pipeline(
    triggers=[QueueTrigger(orders), TopicTrigger(sales)],
    steps=[
        Service("dynamodb:getItem", arguments={"TableName": f"{seen}", "Key": {}}),
        Service("sns:publish", arguments={"TopicArn": sales.arn, "Message": "done"}),
    ],
)
""",
    "default/broken": "1 / 0\n",
    "default/events": """
from dorc_runtime import EventTrigger, Pass, Pipeline, PipelineTrigger

pipeline = Pipeline(
    triggers=[
        EventTrigger({"source": ["shop"], "detail-type": ["Order"]}, bus="shop"),
        PipelineTrigger("default/hello", on=["FAILED", "TIMED_OUT"]),
        PipelineTrigger("raw-to-processed/tidy"),
    ],
    steps=[Pass()],
)
""",
}
CONFIG = """
from dorc_runtime import Config, Queue, Table, Topic, UniversalConfig

orders, sales, seen = Queue("orders"), Topic("sales"), Table("seen", partition_key="id")
universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal, resources=[orders, sales, seen])
"""
RUN = {"pipeline": "raw-to-processed/tidy", "status": "FAILED", "seconds": 1.5, "error": "E"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("list") / "made-by-hand")
    made.write("pipeline_config.py", CONFIG)
    for name, text in PIPELINES.items():
        made.write(f"src/{name}/pipeline.py", text)
    for day, run in enumerate([{**RUN, "status": "SUCCEEDED"}, RUN], start=1):
        made.write(f".dorc/runs/2026010{day}-120000-000000-tidy/result.json", json.dumps(run))
    made.write(".dorc/runs/20260103-120000-000000-tidy/log.txt", "no result\n")
    return made


@pytest.fixture(scope="module")
def rows(repository: Repository) -> dict[str, Any]:
    done = repository.invoke("list", "--json")
    assert done.returncode == 0, done.stderr
    return {row["pipeline"]: row for row in json.loads(done.stdout)}


def test_triggers_are_in_words(rows: dict[str, Any]) -> None:
    assert {name: row["triggers"] for name, row in rows.items()} == {
        "raw-to-processed/tidy": [
            "object raw/tidy/*.csv",
            'setting("nightly") Europe/London in prod',
        ],
        "default/hello": ["queue orders", "topic sales"],
        "default/broken": [],
        "default/events": [
            "event shop Order on shop",
            "after default/hello FAILED or TIMED_OUT",
            "after raw-to-processed/tidy",
        ],
    }


def test_reads_writes_and_calls_come_from_the_steps(rows: dict[str, Any]) -> None:
    tidy, hello = rows["raw-to-processed/tidy"], rows["default/hello"]
    assert (tidy["reads"], tidy["writes"]) == (["raw"], ["processed", "archive/2026"])
    assert tidy["calls"] == ["default/hello"]
    assert (hello["reads"], hello["writes"]) == (["table seen"], ["topic sales"])


def test_a_broken_pipeline_is_a_row_with_its_problem(rows: dict[str, Any]) -> None:
    problem = "src/default/broken/pipeline.py:1: ZeroDivisionError: division by zero"
    assert rows["default/broken"]["problem"] == problem


def test_the_last_run_is_the_newest_one_that_can_be_read(rows: dict[str, Any]) -> None:
    assert rows["default/hello"]["last_run"] is None
    assert rows["raw-to-processed/tidy"]["last_run"] == {
        "status": "FAILED",
        "seconds": 1.5,
        "ended": "2026-01-02T12:00:00+00:00",
        "error": "E",
        "folder": ".dorc/runs/20260102-120000-000000-tidy",
    }


@pytest.mark.parametrize("width", [60, 80, 140])
def test_every_line_fits_into_the_terminal(repository: Repository, width: int) -> None:
    lines = repository.invoke("list", COLUMNS=str(width)).stdout.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    shown = " ".join(" ".join(lines).split())
    assert "failed in 1.50 s" in shown
    assert "Call of raw-to-processed/tidy" in shown
    assert "ZeroDivisionError: division by zero" in shown


def test_a_wide_terminal_shows_a_row_for_each_pipeline(repository: Repository) -> None:
    header, broken, *_ = repository.invoke("list", COLUMNS="140").stdout.splitlines()
    assert header.split() == ["pipeline", "starts", "on", "reads", "writes", "calls", "last", "run"]
    assert broken.split() == ["default/broken", "✗", "cannot", "be", "read", "none"]
