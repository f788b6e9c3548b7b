"""The task for workflows that comment on pull requests: ``preview-comment``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from dorc_runtime.errors import InputError
from dorc_runtime.tasks.entry import print_line, report_errors
from dorc_runtime.tasks.short_options import task


@task(
    help={
        "file": "the output of `invoke preview --json`",
        "env": "the environment of that preview",
    }
)
@report_errors
def preview_comment(c: Context, file: str, env: str) -> None:
    """Print a preview as the comment on a pull request, in Markdown.

    The first line marks the comment, so that a workflow can find it again.
    """
    from dorc_runtime.tasks.drawings.markdown import preview_as_markdown

    print_line(preview_as_markdown(_read_preview(Path(file)), environment=env))


def _read_preview(file: Path) -> Mapping[str, Mapping[str, int]]:
    """Return how many resources of each instance would be created, updated and so on."""
    try:
        match json.loads(file.read_text(encoding="utf-8")):
            case dict(instances) if all(isinstance(each, dict) for each in instances.values()):
                return instances
            case _:
                raise InputError(f"{file} is not the output of `invoke preview --json`.")
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}.") from error


TASKS: tuple[Task[Any], ...] = (preview_comment,)
