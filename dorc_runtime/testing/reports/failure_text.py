"""Why a run failed, as text for pytest's reports."""

import textwrap
from collections.abc import Iterable

import pytest
from _pytest._code.code import ExceptionRepr

from dorc_runtime.runs.failure import LABEL_WIDTH, Failure, FailureRow

_NARROWEST = 40

# A pipeline that was run (``layer/name``), and why it failed.
FailedRun = tuple[str, Failure]


def add_failures(
    report: pytest.TestReport, failed: Iterable[FailedRun], *, width: int, all_frames: bool
) -> None:
    """Add to the report of a failed test why runs of it failed, in lines of ``width`` columns."""
    for pipeline, failure in failed:
        without = {"pipeline"} if failure.pipeline == pipeline else set()
        rows = failure.rows(all_frames=all_frames, option="-v", without=without)
        title, text = f"run of {pipeline}", failure_text(rows, width=width)
        if isinstance(report.longrepr, ExceptionRepr):
            report.longrepr.addsection(title, text)
        else:
            report.longrepr = f"{report.longreprtext}\n\n{title}\n{text}"


def failure_text(rows: Iterable[FailureRow], *, width: int) -> str:
    """Return the rows of a failure below each other, each with its label."""
    room = max(_NARROWEST, width - LABEL_WIDTH - 3)
    lines = []
    for label, text in rows:
        head = f"  {label:{LABEL_WIDTH}} "
        for line in text.splitlines():
            indent = " " * (len(line) - len(line.lstrip()))
            for part in textwrap.wrap(line, room, subsequent_indent=indent) or [""]:
                lines.append((head + part).rstrip())
                head = " " * len(head)
    return "\n".join(lines)
