"""Locks of processes that no longer run."""

import os
import socket
import subprocess
from pathlib import Path

from dorc_runtime.deploy.driver.lock import Lock

SINCE = "2026-11-23T03:40:00Z"
HERE = socket.gethostname()


def test_a_lock_is_stale_when_its_process_does_not_exist() -> None:
    assert Lock("ana", HERE, 2**22 + 1, SINCE).is_stale


def test_a_lock_is_stale_when_its_process_is_another_program() -> None:
    assert Lock("ana", HERE, os.getpid(), SINCE).is_stale


def test_a_lock_is_stale_when_its_process_has_ended_and_nobody_waited_for_it(
    tmp_path: Path,
) -> None:
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\nread line\n")
    program.chmod(0o700)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        lock = Lock("ana", HERE, process.pid, SINCE)
        assert not lock.is_stale
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert lock.is_stale


def test_a_lock_of_another_machine_is_never_stale() -> None:
    assert not Lock("ana", f"{HERE}-2", 2**22 + 1, SINCE).is_stale


def test_a_message_of_pulumi_names_the_lock() -> None:
    message = f"/state/locks/1.json: created by ana@laptop (pid 4711) at {SINCE}"
    assert Lock.in_message(message) == Lock("ana", "laptop", 4711, SINCE)
