"""The words for an execution on AWS: how it ended, how long it took, why it failed."""

from datetime import UTC, datetime

from rich.text import Text

from dorc_runtime.operate.deployed_executions import Execution

_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan"}


def failure_text(execution: Execution) -> Text:
    """Return the error of an execution and the state that failed, "" for neither."""
    if not execution.error:
        return Text(execution.state)
    # A Fail without a name has that of its error.
    where = f" in {execution.state}" if execution.state not in ("", execution.error) else ""
    return Text.assemble((execution.error, "red"), where)


def status_text(execution: Execution) -> Text:
    """Return how an execution ended, or that it runs."""
    word = execution.status.lower().replace("_", " ").replace("aborted", "stopped")
    return Text(word, style=_STYLES.get(execution.status, "red"))


def elapsed_text(execution: Execution) -> str:
    """Return how long an execution took, or how long it has run."""
    end = execution.stopped or datetime.now(UTC)
    seconds = (end - execution.started).total_seconds()
    word = "in" if execution.stopped else "for"
    if seconds < 60:
        return f"{word} {seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{word} {hours} h {minutes} min" if hours else f"{word} {minutes} min {rest} s"


def local_time(time: datetime) -> str:
    """Return a time in the reader's time zone."""
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def utc_time(time: datetime) -> str:
    """Return a time for programs."""
    return time.astimezone(UTC).isoformat()
