"""Tasks for workflows that review what is proposed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import Task, task

from dorc_runtime.errors import InputError
from dorc_runtime.tasks.entry import report_errors, say

_COLUMNS = ("create", "update", "replace", "delete")


@task(
    help={
        "file": "what `invoke preview --json` printed",
        "env": "the environment that it was about",
    }
)
@report_errors
def preview_comment(c: Context, file: str, env: str) -> None:
    """Write a preview as the comment on a pull request, in Markdown.

    The first line marks the comment, so that a workflow finds it again.
    """
    say(_comment(_counts(Path(file)), env))


def _counts(file: Path) -> Mapping[str, Mapping[str, int]]:
    """Return how many resources of each instance would be created, updated and so on."""
    try:
        match json.loads(file.read_text(encoding="utf-8")):
            case dict(instances) if all(isinstance(each, dict) for each in instances.values()):
                return instances
            case _:
                raise InputError(f"{file} is not what `invoke preview --json` prints.")
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}.") from error


def _comment(counts: Mapping[str, Mapping[str, int]], environment: str) -> str:
    changed = {
        name: actions
        for name, actions in counts.items()
        if any(actions.get(action) for action in _COLUMNS)
    }
    lines = [f"<!-- dorc preview of {environment} -->", f"### Preview of {environment}", ""]
    if not changed:
        return "\n".join([*lines, "Nothing would change."])
    lines.append(f"| | {' | '.join(_COLUMNS)} |")
    lines.append("|---|" + "--:|" * len(_COLUMNS))
    for name, actions in changed.items():
        cells = (str(actions.get(action) or "") for action in _COLUMNS)
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    if same := len(counts) - len(changed):
        lines += ["", f"{same} more would stay as {'it is' if same == 1 else 'they are'}."]
    return "\n".join(lines)


TASKS: tuple[Task[Any], ...] = (preview_comment,)
