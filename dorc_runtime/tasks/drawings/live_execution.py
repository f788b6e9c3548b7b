"""What people see of an execution on AWS while it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.runs.events import Event
from dorc_runtime.tasks.drawings.console import is_unicode
from dorc_runtime.tasks.drawings.execution_drawing import show_title
from dorc_runtime.tasks.drawings.log_lines import LogLines
from dorc_runtime.tasks.drawings.run_status import RunStatus
from dorc_runtime.tasks.drawings.step_lines import StepLines


@contextmanager
def live_drawing(
    terminal: Console, execution: Execution, *, environment: str
) -> Iterator[Callable[[Event], None]]:
    """Give what draws each event, with a last line that says what runs at the moment."""
    show_title(terminal, execution, environment=environment)
    status = RunStatus()
    steps = StepLines(terminal, {}, LogLines(terminal), status, skip_waits=False)
    spinner = "dots" if is_unicode(terminal.encoding) else "line"
    with terminal.status(status, spinner=spinner):
        yield steps.event
