"""What people see of redrives: what continues, what does not and why, and what to type next."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from dorc_runtime.operate.deployed_executions import Execution
from dorc_runtime.operate.redrives import Redrive
from dorc_runtime.tasks.drawings.console import console, print_indented
from dorc_runtime.tasks.drawings.execution_text import failure_text

_MEANING = (
    "What failed runs again, with the input and the definition that the execution started with, "
    "and the functions as they are deployed now. What succeeded does not run again."
)
_CHANGED = "its definition has changed since: --old-definition redrives it with the old one"


def show_plan(
    plan: Sequence[Redrive], chosen: Sequence[Redrive], *, environment: str, more: bool
) -> None:
    """Draw what a redrive does before it happens."""
    terminal = console()
    if not plan:
        terminal.print(f"no execution failed in {environment} in that time")
        return
    if chosen:
        verb = "continues" if len(chosen) == 1 else "continue"
        terminal.print(f"{counted(len(chosen))} {verb} in {environment}:")
    for each in chosen:
        _line(terminal, each.execution, failure_text(each.execution))
    others = [each for each in plan if each not in chosen]
    if others:
        verb = "does not continue" if len(others) == 1 else "do not continue"
        terminal.print(f"{counted(len(others))} {verb}:")
    for each in others:
        _line(terminal, each.execution, Text(each.refusal or _CHANGED))
    if more:
        terminal.print(Text("there may be more: --limit includes them", style="dim"))
    if chosen:
        terminal.print()
        print_indented(terminal, Text(), Text(_MEANING))


def counted(number: int) -> str:
    """Return a number of executions in words."""
    return "1 execution" if number == 1 else f"{number} executions"


def show_redriven(execution: Execution, problem: str) -> None:
    """Draw that an execution continues, or why AWS refused it."""
    mark, style = ("✗ ", "red") if problem else ("↻ ", "cyan")
    where = f" continues at {execution.state}" if execution.state else " continues"
    head = Text.assemble((mark, style), execution.name)
    print_indented(console(), head, Text(f": {problem}" if problem else where))


def show_next(redriven: Sequence[Execution], *, environment: str) -> None:
    """Draw the command that shows what becomes of it."""
    if not redriven:
        return
    command = (
        f"invoke history --execution {redriven[0].name} --env {environment}"
        if len(redriven) == 1
        else f"invoke executions --running --env {environment}"
    )
    console().print(Text(f"next: {command}", style="dim"), soft_wrap=True)


def redrive_as_json(
    redrive: Redrive, redriven: Collection[Execution], problems: Mapping[str, str]
) -> dict[str, JsonValue]:
    """Return what happened to an execution, for programs."""
    execution = redrive.execution
    return {
        "pipeline": execution.pipeline,
        "execution": execution.name,
        "arn": execution.arn,
        "redriven": execution in redriven,
        "refusal": redrive.refusal or problems.get(execution.arn),
        "definition_changed": redrive.is_changed,
    }


def _line(terminal: Console, execution: Execution, text: Text) -> None:
    head = Text.assemble("  ", (execution.pipeline, "bold"), f"  {execution.name}  ")
    print_indented(terminal, head, text)
