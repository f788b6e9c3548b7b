"""What is left behind when the process of a run ends in the middle of one: nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dorc_runtime.local.functions.outcome import LocalFunction

RUN = """
import sys
import time
from pathlib import Path

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.aws.lake import Lake

function = LocalFunction(
    name="slow", folder=Path(sys.argv[1]), timeout=60, memory=256, arn="arn"
)
with Lake.start() as lake:
    lake.create_bucket("raw")
    lake.open()
    with WorkerPool(
        {"slow": function},
        endpoint=lambda: lake.endpoint,
        region="eu-west-2",
        on_log=lambda line: print(line.text, flush=True),
    ) as pool:
        pool.submit("slow", None, lambda outcome: None)
        time.sleep(60)
"""
SLOW = """
import subprocess
import sys
import time

def handler(event, context):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("began")
    time.sleep(60)
"""


@pytest.fixture
def run(write: Callable[..., LocalFunction], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a call, with a lake, a worker, and a program of the worker's."""
    folder = write("slow", SLOW).folder
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "began\n"
        yield process
        process.kill()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def left(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Which of them still run after some seconds."""
    deadline = time.monotonic() + 5
    while (running := [each for each in processes if runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return running


def runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_of_a_run_that_is_interrupted(
    run: subprocess.Popen[str], how: signal.Signals
) -> None:
    started = family(run)
    assert len(started) == 3
    run.send_signal(how)
    run.wait(10)
    assert left(started) == []
