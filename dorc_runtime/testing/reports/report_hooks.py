"""The hooks of pytest's reports: failures of runs, no values of secrets, what was not reached.

``plugin`` registers them, and fills what they read.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dorc_runtime.testing.coverage import Coverage

if TYPE_CHECKING:
    from dorc_runtime.runs.redaction import Redaction
    from dorc_runtime.testing.reports.failure_text import FailedRun

# What the runs of a session reached, and what those of one test failed with.
COVERAGE = pytest.StashKey[Coverage]()
FAILED: pytest.StashKey[list[FailedRun]] = pytest.StashKey()
_redactions: pytest.StashKey[set[Redaction]] = pytest.StashKey()
_COVERAGE_KEY = "dorc_coverage"


def shared_redactions(config: pytest.Config) -> set[Redaction]:
    """Return the secrets of all runs of the session, which pytest then does not show."""
    redactions = config.stash.get(_redactions, None)
    if redactions is None:
        redactions = config.stash[_redactions] = set()
    return redactions


@pytest.hookimpl(tryfirst=True)
def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain a comparison without the values of secrets, parts of which a diff would show."""
    redactions = config.stash.get(_redactions, None)
    if not redactions:
        return None
    from dorc_runtime.testing.reports.redacted_values import redacted_value

    shown_left, shown_right = (redacted_value(each, redactions) for each in (left, right))
    if shown_left is left and shown_right is right:
        return None
    compare = config.hook.pytest_assertrepr_compare
    explanations = compare(config=config, op=op, left=shown_left, right=shown_right)
    # Without an explanation, pytest would compare the values themselves.
    return next(
        (list(each) for each in explanations if each), [f"{shown_left!r} {op} {shown_right!r}"]
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add why runs failed to what a test shows, and replace the values of secrets in it."""
    redactions = item.config.stash.get(_redactions, set())
    with _own_local_variables(item.config, redactions):
        report = yield
    failed = item.stash.get(FAILED, [])
    if report.failed and failed:
        from dorc_runtime.testing.reports.failure_text import add_failures

        add_failures(
            report,
            failed,
            width=item.config.get_terminal_writer().fullwidth,
            all_frames=item.config.get_verbosity() > 0,
        )
    if redactions:
        from dorc_runtime.testing.reports.redacted_values import local_variables, redacted_text

        redacted = redacted_text(report.longreprtext, redactions)
        if redacted != report.longreprtext:
            report.longrepr = redacted
        if item.config.option.showlocals and report.failed and call.excinfo is not None:
            report.sections += local_variables(call.excinfo, redactions)
        report.sections = [
            (name, redacted_text(text, redactions)) for name, text in report.sections
        ]
    return report


@contextmanager
def _own_local_variables(
    config: pytest.Config, redactions: Collection[Redaction]
) -> Iterator[None]:
    """Keep pytest from showing local variables, parts of which may be parts of secrets."""
    before = config.option.showlocals
    config.option.showlocals = before and not redactions
    try:
        yield
    finally:
        config.option.showlocals = before


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts of a process of pytest-xdist to the process that reports."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_COVERAGE_KEY] = session.config.stash[COVERAGE].data()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # pytest-xdist has no types for it
    """Add the counts of a process of pytest-xdist; one that crashed sends none."""
    counts = getattr(node, "workeroutput", {}).get(_COVERAGE_KEY, {})
    node.config.stash[COVERAGE].join(counts)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Report the states and transitions of pipelines that no test reached."""
    lines = config.stash[COVERAGE].lines()
    if lines and not config.getoption("no_dorc_coverage"):
        terminalreporter.section("dorc: not reached in pipelines")
        for line in lines:
            terminalreporter.line(line)
