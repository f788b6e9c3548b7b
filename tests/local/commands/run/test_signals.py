"""What ends `invoke run` from outside, and what that leaves behind: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.commands.conftest import Repository

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals for one process"
)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
    ids=["SIGTERM", "SIGINT"],
)
@pytest.mark.parametrize("way", ["", "--inline", "--follow"])
def test_a_run_that_is_ended_leaves_no_process_and_no_folder(
    repository: Repository, tmp_path: Path, number: int, code: int, word: str, way: str
) -> None:
    repository.handle("import time\nprint('asleep')\ntime.sleep(60)")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "run", "raw-to-processed/tidy", *way.split()],
        cwd=repository.root,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "asleep" not in process.stdout.readline():
        assert process.poll() is None
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    assert any(temporary.iterdir())
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert errors == f"{word}\n"
    assert process.returncode == code
    assert list(temporary.iterdir()) == []
    deadline = time.monotonic() + 5
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(child.is_running() for child in children)
