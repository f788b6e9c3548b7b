"""What reaches functions that run in the test's own process: debugger, coverage, patches."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.plugin.conftest import Checkout

TIDY = "src/raw-to-processed/tidy"
RUN = 'run_pipeline("raw-to-processed/tidy"'


def _read(terminal: int) -> bytes:
    """Return what comes next, nothing at the end: when the process is gone, or says no more."""
    if not select.select([terminal], [], [], 60)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("words", [(), ("-s",)], ids=["captured", "-s"])
def test_a_debugger_stops_in_a_handler(checkout: Checkout, words: tuple[str, ...]) -> None:
    import pty

    lines = ("answer = 42", "breakpoint()", "print('behind it')", "return answer")
    checkout.define('Function("clean")', "\n    ".join(lines))
    checkout.write(
        f"{TIDY}/tests/test_one.py",
        f"def test_one(run_pipeline):\n    assert {RUN}).output == 43\n",
    )
    own, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", f"{TIDY}/tests/test_one.py", *words],
        cwd=checkout.root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"(Pdb)" not in shown and (part := _read(own)):
        shown += part
    os.write(own, b"answer += 1\ncontinue\n")
    while part := _read(own):
        shown += part
    process.wait(timeout=20)
    os.close(own)
    assert b"1 passed" in shown, shown.decode()


def test_coverage_measures_the_lines_of_handlers(checkout: Checkout) -> None:
    measure = [sys.executable, "-m", "coverage"]
    test = f"{TIDY}/tests/test_tidy.py"
    subprocess.run(
        [*measure, "run", "--source=src", "-m", "pytest", "-q", "-p", "no:copier", test],
        cwd=checkout.root,
        check=True,
        capture_output=True,
    )
    report = subprocess.check_output([*measure, "json", "-o", "-", "-q"], cwd=checkout.root)
    lines = json.loads(report)["files"][f"{TIDY}/clean/lambda.py"]
    assert lines["missing_lines"] == []
    assert lines["executed_lines"]


def test_a_patch_may_be_of_a_module_next_to_the_handler(checkout: Checkout) -> None:
    checkout.write(f"{TIDY}/clean/rules.py", "def today():\n    return 'never'\n")
    handler = "import rules\n\n\ndef handler(event, context):\n    return rules.today()\n"
    checkout.write(f"{TIDY}/clean/lambda.py", handler)
    checkout.define_steps('Function("clean")')
    checkout.passes(f"""
assert {RUN}).output == "never"
assert {RUN}, patches={{"clean.rules.today": lambda: "2030-01-31"}}).output == "2030-01-31"
assert {RUN}).output == "never"
""")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('patches={"claen.handler": None}', "no function 'claen'; known: clean."),
        ('patches={"clean.handle": None}', "no name 'handle' in clean; known: "),
        (
            'patches={"clean.handler": None}, workers=True',
            "functions run in worker processes, where patches do not reach them",
        ),
    ],
)
def test_a_patch_that_is_not_possible_is_refused(
    checkout: Checkout, call: str, message: str
) -> None:
    assert message in checkout.one(f"{RUN}, {call})").stdout


def test_variables_of_the_test_do_not_reach_functions(checkout: Checkout) -> None:
    checkout.define('Function("clean")', "import os; return os.environ.get('TOKEN')")
    checkout.write(
        f"{TIDY}/tests/test_one.py",
        "def test_one(run_pipeline, monkeypatch):\n"
        "    monkeypatch.setenv('TOKEN', 'secret')\n"
        f"    assert {RUN}).output is None\n",
    )
    assert "1 passed" in checkout.pytest(f"{TIDY}/tests/test_one.py").stdout
