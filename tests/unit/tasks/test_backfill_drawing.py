"""What people see of a backfill."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from dorc_runtime.operate.backfill.backfill_run import BackfillProgress
from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.tasks.drawings.backfill_drawing import BackfillDrawing


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def drawn(file: StringIO, *steps: BackfillProgress) -> str:
    """Return what is drawn of these steps."""
    drawing = BackfillDrawing(Console(file=file, width=100), total=steps[0].total)
    with drawing.running():
        for step in steps:
            drawing.observe(step)
    return file.getvalue()


def test_a_terminal_has_a_bar() -> None:
    text = drawn(Terminal(), BackfillProgress(1_200, 9, running=5, succeeded=4))
    assert "4 of 1,200 ended" in text
    assert "5 running, 0 failed" in text


def test_without_a_terminal_each_tenth_has_a_line() -> None:
    steps = [BackfillProgress(500, succeeded=number, running=1) for number in range(500)]
    lines = drawn(StringIO(), *steps, BackfillProgress(500, succeeded=500)).splitlines()
    assert lines[:2] == [
        "0 of 500 ended, 1 running, 0 failed",
        "50 of 500 ended, 1 running, 0 failed",
    ]
    assert len(lines) == 11
    assert lines[-1].startswith("500 of 500 ended, 0 running")


def test_a_failure_has_a_line_with_its_error_at_once() -> None:
    failed = Execution("a/b", "one", "arn", "FAILED", datetime.now(UTC), error="EmptyFile")
    text = drawn(StringIO(), BackfillProgress(500, failed=[failed]))
    assert text.startswith("  one EmptyFile\n")
