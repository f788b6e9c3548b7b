"""Tests of pipelines whose functions run in worker processes: by option, mark or argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
OPTION = "--dorc-workers"
REASON = "functions run in worker processes, where patches do not reach them: mark the test"
PID = "import os\n\n\ndef handler(event, context):\n    return {'rows': 1, 'pid': os.getpid()}\n"


def run_marked(checkout: Checkout, mark: str, call: str, *words: str) -> str:
    """Return what pytest prints of a test, which says where the function ran."""
    checkout.write(f"{TIDY}/clean/lambda.py", PID)
    checkout.write(
        f"{TIDY}/tests/test_one.py",
        f"""
import os
import pytest

{mark}
def test_one(run_pipeline):
    result = run_pipeline("raw-to-processed/tidy"{call})
    print("the test's own process" if result.output["pid"] == os.getpid() else "a worker")
""",
    )
    return checkout.pytest(f"{TIDY}/tests/test_one.py", "-s", *words).stdout


def test_the_same_tests_pass_in_workers(checkout: Checkout) -> None:
    done = checkout.pytest(OPTION)
    assert "14 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("mark", "call", "words", "where"),
    [
        ("", "", (), "the test's own process"),
        ("", "", (OPTION,), "a worker"),
        ("@pytest.mark.workers", "", (), "a worker"),
        ("@pytest.mark.workers(False)", "", (OPTION,), "the test's own process"),
        ("@pytest.mark.workers", ", workers=False", (OPTION,), "the test's own process"),
        ("@pytest.mark.workers(False)", ", workers=True", (), "a worker"),
    ],
)
def test_a_call_wins_over_a_mark_and_a_mark_over_the_option(
    checkout: Checkout, mark: str, call: str, words: tuple[str, ...], where: str
) -> None:
    assert where in run_marked(checkout, mark, call, *words)


def test_the_mark_is_known_to_pytest(checkout: Checkout) -> None:
    shown = run_marked(checkout, "@pytest.mark.workers", "", "--strict-markers")
    assert "1 passed" in shown, shown


def test_patches_are_refused_in_workers_with_the_reason(checkout: Checkout) -> None:
    checkout.write(
        f"{TIDY}/tests/test_patches.py",
        """
def test_patch(run_pipeline):
    run_pipeline("raw-to-processed/tidy", patches={"clean.handler": lambda event, context: {}})


def test_monkeypatch(run_pipeline, monkeypatch):
    monkeypatch.setattr("csv.reader", lambda lines: [])
    run_pipeline("raw-to-processed/tidy")
""",
    )
    shown = checkout.pytest(f"{TIDY}/tests/test_patches.py", OPTION).stdout
    assert "2 failed" in shown, shown
    assert f"test_patches.py:3: {REASON}" in shown
    assert f"test_patches.py:8: {REASON}" in shown


def test_variables_and_folders_of_a_test_are_no_patches(checkout: Checkout) -> None:
    checkout.write(
        f"{TIDY}/tests/test_one.py",
        """
def test_one(run_pipeline, monkeypatch):
    monkeypatch.setenv("COLOUR", "blue")
    assert run_pipeline("raw-to-processed/tidy").succeeded
""",
    )
    done = checkout.pytest(f"{TIDY}/tests/test_one.py", OPTION)
    assert "1 passed" in done.stdout, done.stdout


def test_settings_of_the_repository_apply_to_workers(checkout: Checkout) -> None:
    checkout.write(".env", "FUNCTION_NETWORK=open\n")
    connect = "socket.create_connection(('127.0.0.1', event), timeout=9).close()"
    checkout.define('Function("clean")', f"import socket; {connect}")
    checkout.passes(
        """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    port = server.getsockname()[1]
    result = run_pipeline("raw-to-processed/tidy", input=port, workers=True)
assert result.succeeded, result.failure
"""
    )


@pytest.mark.parametrize("words", [(), (OPTION,)])
def test_faults_work_in_workers(checkout: Checkout, words: tuple[str, ...]) -> None:
    body = """
faults = [fail("clean", error="Lambda.TooManyRequestsException", times=1), slow("clean", seconds=9)]
result = run_pipeline("raw-to-processed/tidy", faults=faults)
waits = [wait.seconds for wait in result.waits if wait.state == "clean"]
assert (result.succeeded, waits, result.seconds) == (True, [2], 3611)
"""
    checkout.passes(body, *words)
