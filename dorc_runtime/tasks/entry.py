"""What every task does first and last: find the repository, and report errors in one line."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from invoke.context import Context
from invoke.exceptions import Exit

from dorc_runtime.errors import DorcError
from dorc_runtime.project.repository import Repository, find_repository
from dorc_runtime.tasks.drawings.streams import adapt_streams, is_output_empty, output_problem

MISTAKE = 2
HAS_CHANGES = 3
INTERRUPTED = 130

P = ParamSpec("P")
T = TypeVar("T")


def report_errors(body: Callable[P, T]) -> Callable[P, T]:
    """Make a task end with one line and the error's exit code, without a traceback.

    With ``--json``, standard output then holds ``{"error": {"message", "exit_code"}}``, unless the
    task has already printed its result.
    """

    @wraps(body)
    def task_body(*args: P.args, **kwargs: P.kwargs) -> T:
        adapt_streams()
        try:
            return _run_body(body, *args, **kwargs)
        except Exit as end:
            if kwargs.get("json") and end.message and is_output_empty():
                message = end.message.removeprefix("error: ")
                error = {"message": message, "exit_code": end.code}
                print_line(json.dumps({"error": error}, indent=2))
            raise

    return task_body


def _run_body(body: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        result = body(*args, **kwargs)
    except DorcError as error:
        raise Exit(f"error: {error}", code=error.exit_code) from None
    except KeyboardInterrupt:
        raise Exit("interrupted", code=INTERRUPTED) from None
    if problem := output_problem():
        raise Exit(
            f"error: standard output cannot be written: {problem}. The command has done the rest.",
            code=MISTAKE,
        )
    return result


def tasks_folder(c: Context) -> Path:
    """Return the folder of the ``tasks.py`` that is used."""
    return Path(c.dorc.root)


def current_repository(c: Context) -> Repository:
    """Return the repository that the tasks work on.

    That is the tasks' own folder, or the one that ``CONFIG_REPO_PATH`` names.
    """
    from dorc_runtime.project.settings import read_settings

    root = tasks_folder(c)
    return find_repository(root / read_settings(root).config_repo_path)


def pinned_repository(c: Context) -> Repository:
    """Return the repository, after a check that the installed library is the one it requires."""
    from dorc_runtime.project.pin import check_pin

    repository = current_repository(c)
    check_pin(repository.root)
    return repository


def print_line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def is_confirmed(question: str) -> bool:
    """Ask a person a question; return whether the answer is yes."""
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
