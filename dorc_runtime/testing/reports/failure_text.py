"""Why a run failed, as text for pytest's reports."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest
from _pytest._code.code import ExceptionRepr

from dorc_runtime.runs.failure import LABEL_WIDTH, Failure, FailureRow

_NARROWEST = 40

# A test may run pipelines in a loop.
_MOST_RUNS = 3


class FailedRun(NamedTuple):
    """A run of ``pipeline`` (``layer/name``), or of its ``function`` alone, that failed."""

    pipeline: str
    function: str
    failure: Failure


def add_failures(
    report: pytest.TestReport, failed: Sequence[FailedRun], *, width: int, all_frames: bool
) -> None:
    """Add to the report of a failed test why its last runs failed, in ``width`` columns."""
    different = [each for number, each in enumerate(failed) if each not in failed[:number]]
    for pipeline, function, failure in different[-_MOST_RUNS:]:
        rows = failure.rows(pipeline, all_frames=all_frames, option="-v")
        title = f"run of {pipeline}/{function}" if function else f"run of {pipeline}"
        text = failure_text(rows, width=width)
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
