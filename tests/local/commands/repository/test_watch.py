"""`invoke watch`: a pipeline runs again when its files change."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.local.commands.conftest import Repository

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals for one process"
)
HANDLER = "src/raw-to-processed/tidy/clean/lambda.py"


@pytest.fixture
def watching(repository: Repository) -> "Iterator[subprocess.Popen[str]]":
    repository.handle("return 1")
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "watch", "raw-to-processed/tidy"],
        cwd=repository.root,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """Return what the process prints, up to a line with ``text``."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_a_change_runs_the_pipeline_again_until_ctrl_c(
    repository: Repository, watching: "subprocess.Popen[str]"
) -> None:
    first = read_until(watching, "waiting for a change")
    assert "watching raw-to-processed/tidy" in first
    assert "succeeded" in first
    repository.write("src/raw-to-processed/tidy/tests/test_tidy.py", "# decides nothing\n")
    repository.handle("raise ValueError('bad file')")
    second = read_until(watching, "waiting for a change")
    assert f"changed: {HANDLER} ─" in second
    assert "ValueError" in second
    repository.handle("import time\nprint('asleep')\ntime.sleep(60)")
    read_until(watching, "asleep")
    repository.handle("return 2")
    third = read_until(watching, "waiting for a change")
    assert "succeeded" in third
    watching.send_signal(signal.SIGINT)
    rest, _ = watching.communicate(timeout=20)
    assert (rest, watching.returncode) == ("\n", 0)


def test_an_unknown_pipeline_or_example_is_refused(repository: Repository) -> None:
    done = repository.invoke("watch", "raw-to-processed/tidi")
    assert (done.returncode, "no pipeline 'raw-to-processed/tidi'" in done.stderr) == (2, True)
    done = repository.invoke("watch", "raw-to-processed/tidy", "-x", "first", "-x", "last")
    assert done.returncode == 2
    assert "no example 'last' of raw-to-processed/tidy; known: first." in done.stderr
