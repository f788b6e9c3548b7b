"""What every task does at its edges: find the repository, and tell errors in one line."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from invoke.context import Context
from invoke.exceptions import Exit

from dorc_runtime.errors import DorcError
from dorc_runtime.project.repository import Repository, find_repository

INTERRUPTED = 130

P = ParamSpec("P")
T = TypeVar("T")


def report_errors(body: Callable[P, T]) -> Callable[P, T]:
    """Make a task end in one line and the error's exit code, in place of a traceback."""

    @wraps(body)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return body(*args, **kwargs)
        except DorcError as error:
            raise Exit(f"error: {error}", code=error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted", code=INTERRUPTED) from None

    return telling


def tasks_folder(c: Context) -> Path:
    """Return the folder of the ``tasks.py`` that is used."""
    return Path(c.dorc.root)


def repository(c: Context) -> Repository:
    """Return the repository that the tasks work on.

    That is the tasks' own folder, or where ``CONFIG_REPO_PATH`` points from there.
    """
    from dorc_runtime.project.settings import read_settings

    root = tasks_folder(c)
    return find_repository(root / read_settings(root).config_repo_path)


def pinned_repository(c: Context) -> Repository:
    """Return the repository, after seeing that it wants the library that is installed."""
    from dorc_runtime.project.pin import check_pin

    found = repository(c)
    check_pin(found.root)
    return found


def say(text: str) -> None:
    """Print a line, now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
