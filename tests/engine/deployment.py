"""A repository of pipelines, and its tasks that deploy it."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jmespath
import psutil

from tests.commands import run_module

from .cloud.process import ACCOUNT, REGION, Cloud

# In seconds, ten times what any command here takes: a CLI that hangs must not hang the tests.
_LONGEST = 240
# What commands that deploy import, and that takes long.
_IMPORTS = ("dorc_runtime.deploy.apply", "dorc_runtime.deploy.preview", "boto3")


@dataclass(frozen=True)
class CommandResult:
    """The exit code of a command, and its output."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """The output of both streams."""
        return self.out + self.err


@dataclass(frozen=True)
class Running:
    """A task that still runs, and the files with its output."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def wait_until(self, when: Callable[[], bool]) -> None:
        """Wait until ``when`` is true."""
        end = time.monotonic() + _LONGEST
        while not when():
            assert self.process.poll() is None, self.result().text
            assert time.monotonic() < end, "the condition did not become true"
            time.sleep(0.05)

    def wait_for_words(self, words: str) -> None:
        """Wait until the task has printed ``words``."""
        self.wait_until(lambda: words in self.out.read_text(encoding="utf-8"))

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the task, as Ctrl-C at a terminal does."""
        os.killpg(self.process.pid, number)

    def result(self) -> CommandResult:
        """Wait until the task ends, and return its result."""
        code = self.process.wait(_LONGEST)
        out, err = (file.read_text(encoding="utf-8") for file in (self.out, self.err))
        return CommandResult(code, out, err)


@dataclass(frozen=True)
class Deployment:
    """A repository, the AWS that it is deployed to, and the variables for its tasks."""

    root: Path
    aws: Cloud
    environment: dict[str, str]

    def invoke(self, *words: str, **variables: str) -> CommandResult:
        """Run a task in the repository, without a terminal, with further variables."""
        result = run_module(
            "invoke",
            *words,
            folder=self.root,
            environment={**self.environment, **variables},
            timeout=_LONGEST,
            imports=_IMPORTS,
        )
        return CommandResult(result.returncode, result.stdout, result.stderr)

    def answer(self, answers: str, *words: str, **variables: str) -> CommandResult:
        """Run a task at a terminal, and type ``answers`` to its questions."""
        terminal, stdin = pty.openpty()
        os.write(terminal, answers.encode())
        try:
            result = subprocess.run(
                _command(words),
                cwd=self.root,
                env={**self.environment, **variables},
                stdin=stdin,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                check=False,
            )
        finally:
            os.close(terminal)
            os.close(stdin)
        return CommandResult(result.returncode, result.stdout, result.stderr)

    def apply(
        self, instance: str, env: str | None = None, *words: str, **variables: str
    ) -> CommandResult:
        """Apply an instance with ``--yes``; it has to succeed."""
        where = ("--env", env) if env else ()
        result = self.invoke("apply", "--instance", instance, *where, "--yes", *words, **variables)
        assert result.code == 0, result.text
        return result

    def kill(self, *words: str, when: Callable[[], bool], **variables: str) -> None:
        """Run a task, kill it and its child processes when ``when`` is true, and wait for that."""
        with self.start(*words, **variables) as running:
            running.wait_until(when)
            children = psutil.Process(running.process.pid).children(recursive=True)
            running.signal_all(signal.SIGKILL)
            end = time.monotonic() + _LONGEST
            while any(_is_alive(child) for child in children):
                assert time.monotonic() < end, "a child process did not end"
                time.sleep(0.05)

    @contextmanager
    def start(self, *words: str, **variables: str) -> Iterator["Running"]:
        """Start a task; it has to end inside the context."""
        with (
            TemporaryDirectory() as folder,
            Path(folder, "out").open("w") as out,
            Path(folder, "err").open("w") as err,
            subprocess.Popen(
                _command(words),
                cwd=self.root,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            ) as process,
        ):
            yield Running(process, Path(out.name), Path(err.name))

    def put(self, bucket: str, key: str, content: bytes, *, machine: str) -> dict[str, Any]:
        """Write an object; return the input that the rule of ``machine`` makes of its event.

        The event: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
        """
        s3 = self.aws.client("s3")
        etag = s3.put_object(Bucket=bucket, Key=key, Body=content)["ETag"].strip('"')
        stored = {"key": key, "size": len(content), "etag": etag, "sequencer": "00"}
        event = {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "account": ACCOUNT,
            "region": REGION,
            "time": "2026-01-01T00:00:00Z",
            "detail": {"bucket": {"name": bucket}, "object": stored, "reason": "PutObject"},
        }
        [target] = self.targets(machine).values()
        transformer = target["InputTransformer"]
        values = {
            name: json.dumps(jmespath.search(path.removeprefix("$."), event))
            for name, path in transformer["InputPathsMap"].items()
        }
        text = re.sub(r"<(\w+)>", lambda found: values[found[1]], transformer["InputTemplate"])
        made: dict[str, Any] = json.loads(text)
        return made

    def targets(self, machine: str) -> dict[str, dict[str, Any]]:
        """Return the targets that start the state machine ``machine``, by their rule's pattern."""
        events = self.aws.client("events")
        return {
            rule["EventPattern"]: target
            for rule in events.list_rules()["Rules"]
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            if target["Arn"].endswith(f":stateMachine:{machine}")
        }

    def execute(self, machine: str, event: dict[str, object]) -> dict[str, Any]:
        """Execute a state machine, by its name; return the execution, with its output as JSON."""
        states = self.aws.client("stepfunctions")
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"
        execution = states.start_execution(
            stateMachineArn=arn, name=str(uuid.uuid4()), input=json.dumps(event)
        )
        end = time.monotonic() + 60
        while True:
            found: dict[str, Any] = states.describe_execution(
                executionArn=execution["executionArn"]
            )
            if found["status"] != "RUNNING":
                return {**found, "output": json.loads(found.get("output") or "null")}
            assert time.monotonic() < end, "the execution does not end"
            time.sleep(0.05)


def _command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "invoke", *words]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
