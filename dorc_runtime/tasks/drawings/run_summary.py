"""What a command shows after its last run."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue
from rich.text import Text

from dorc_runtime.local.follow import CompletedRun
from dorc_runtime.runs.folder import summary
from dorc_runtime.runs.result import RunResult
from dorc_runtime.tasks.drawings.console import console, print_json


def print_runs(completed: Sequence[CompletedRun], *, root: Path, chains: bool, trace: bool) -> None:
    """Print runs as JSON: one, or with ``chains`` a list of all with what led to each.

    With ``trace``, a failure has all frames of its stack trace.
    """
    values: list[dict[str, JsonValue]] = [
        {
            **summary(each.result, all_frames=trace),
            "kept": each.folder.relative_to(root).as_posix(),
        }
        for each in completed
    ]
    if not chains:
        print_json(values[0])
        return
    print_json(
        [
            {**value, "chain": list(each.chain)}
            for value, each in zip(values, completed, strict=True)
        ]
    )


def show_runs(results: Sequence[RunResult]) -> None:
    """Draw in one line how many runs there were, and which of them failed."""
    failed = [result.pipeline for result in results if result.ending.status != "SUCCEEDED"]
    number = f"{len(results)} run" + ("" if len(results) == 1 else "s")
    if failed:
        line = Text.assemble(f"{number}, ", (f"{len(failed)} failed", "bold red"))
        line.append(f": {', '.join(dict.fromkeys(failed))}")
    else:
        line = Text.assemble(f"{number}, ", ("none failed", "bold green"))
    terminal = console()
    terminal.print()
    terminal.print(line)
