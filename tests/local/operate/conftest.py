"""A repository, the AWS that moto plays in this process, and commands given in this process.

A command takes a tenth of a second here, and most of two seconds in a process of its own.
"""

import io
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from invoke.program import Program
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from dorc_runtime.compile.names import Names

ACCOUNT = "123456789012"
REGION = "eu-west-2"
TIDY = "raw-to-processed/tidy"
NAMES = Names("Example", "dev")
RAW = NAMES.bucket("raw", ACCOUNT)
LOG_GROUP = NAMES.pipeline(*TIDY.split("/")).function_log_group("clean")

_FILES = {
    "tasks.py": """
from pathlib import Path

from dorc_runtime.tasks import add_tasks
from invoke import Collection

namespace = Collection()
add_tasks(namespace, root=Path(__file__).parent)
""",
    "pipeline_config.py": """
from dorc_runtime import Config, Queue, Topic, UniversalConfig

jobs, orders, news = Queue("jobs"), Queue("orders"), Topic("news")
universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal, resources=[jobs, orders, news])
""",
    "src/raw-to-processed/tidy/pipeline.py": """
from dorc_runtime import CronTrigger, Function, Pipeline, QueueTrigger, S3Trigger, TopicTrigger
from pipeline_config import jobs, news

pipeline = Pipeline(
    triggers=[
        S3Trigger(prefix="tidy/", suffix=".csv"),
        CronTrigger("cron(0 6 * * ? *)", input={"mode": "full"}),
        QueueTrigger(jobs),
        TopicTrigger(news),
    ],
    steps=[Function("clean")],
)
""",
    "src/raw-to-processed/tidy/requirements.txt": "# none\n",
    "src/raw-to-processed/tidy/clean/lambda.py": "def handler(event, context):\n    pass\n",
    "requirements.txt": "# none\n",
    "Dockerfile": "FROM scratch\n",
    "infra/Pulumi.yaml": "name: infra\nruntime: python\n",
    "infra/Pulumi.dev.yaml": "config: {}\n",
    "infra/Pulumi.prod.yaml": "config:\n  protect: true\n",
}


@dataclass(frozen=True)
class Done:
    """The exit code of a command, and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        assert self.out, self.err
        return json.loads(self.out)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Operator:
    """Somebody who gives commands in the repository at ``root``."""

    root: Path

    def invoke(self, *words: str, answer: str | None = None, **variables: str) -> Done:
        """Give a command, with further variables; at a terminal where ``answer`` is typed."""
        program = Program(name="Invoke", binary_names=["invoke"], version="0")
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.root)
            patch.setattr(sys, "stdin", io.StringIO() if answer is None else _Terminal(answer))
            patch.setattr(sys, "path", sys.path[:])
            # Whoever runs the tests may have set it, and it stands for a terminal.
            patch.delenv("COLUMNS", raising=False)
            for variable, text in variables.items():
                patch.setenv(variable, text)
            try:
                program.run(["invoke", *words])
                code = 0
            except SystemExit as error:
                code = int(error.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def client(self, service: str) -> Any:
        """Return boto3's client of a service."""
        return boto3.client(service, region_name=REGION)


@pytest.fixture(scope="package")
def played_aws() -> Iterator[None]:
    """The AWS of all tests here: boto3 reads its files once."""
    with mock_aws():
        yield


@contextmanager
def start_operator(folder: Path) -> Iterator[Operator]:
    """Yield somebody with credentials and the repository in ``folder``; AWS has nothing in it."""
    moto_api_backend.reset()
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip("\n"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(variable)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield Operator(folder)


def deploy(operator: Operator) -> None:
    """Create what the pipeline has in dev: queues, its state machine, an object, a log."""
    sqs, states = operator.client("sqs"), operator.client("stepfunctions")
    for name in ("Example--dev", *(f"Example--dev--{name}" for name in ("jobs", "orders"))):
        sqs.create_queue(QueueName=name)
    for name in ("jobs", "orders"):
        sqs.create_queue(QueueName=f"Example--dev--{name}--dead-letters")
    states.create_state_machine(
        name="Example--dev--raw-to-processed--tidy",
        definition='{"StartAt": "Nothing", "States": {"Nothing": {"Type": "Pass", "End": true}}}',
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )
    s3, logs = operator.client("s3"), operator.client("logs")
    s3.create_bucket(Bucket=RAW, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=RAW, Key="tidy/may.csv", Body=b"a,b\n1,2\n")
    place = {"logGroupName": LOG_GROUP, "logStreamName": "2026/01/01/[$LATEST]0"}
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(**place)
    now = int(time.time() * 1000)
    logs.put_log_events(**place, logEvents=[{"timestamp": now, "message": "hello\n"}])


@pytest.fixture
def operator(played_aws: None, tmp_path: Path) -> Iterator[Operator]:
    with start_operator(tmp_path) as operator:
        yield operator


@pytest.fixture
def deployed(operator: Operator) -> Operator:
    deploy(operator)
    return operator
