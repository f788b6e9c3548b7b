"""What a command asks before it changes something in a protected environment."""

from __future__ import annotations

import sys

from invoke.context import Context
from invoke.exceptions import Exit

from dorc_runtime.project.repository import Repository
from dorc_runtime.tasks.entry import MISTAKE, tasks_folder

CONFIRM = {"confirm": "the environment again, where it is protected and nobody can be asked"}


def confirm_protected(
    c: Context,
    repository: Repository,
    environment: str | None,
    confirm: str | None,
    *,
    action: str,
    json: bool = False,
) -> None:
    """Ask for the name of ``environment`` if it is protected; end with 2 where it is not given.

    Every command that changes something in an environment on AWS calls this before it does, with
    the value of its option ``--confirm``. ``action`` says what it does: ``start LAYER/NAME``. An
    environment is protected by ``protect: true`` in infra's stack file. Universal, where
    ``environment`` is None, is not protected. With ``json`` nobody is asked.
    """
    if confirm is not None:
        _check(confirm, environment)
    elif environment is not None and _is_protected(c, repository, environment):
        if json or not sys.stdin.isatty():
            raise Exit(
                f"error: {environment} is protected, and "
                + ("--json cannot ask" if json else "there is no terminal to ask at")
                + f": add --confirm {environment}.",
                code=MISTAKE,
            )
        _ask(environment, action)


def _check(confirm: str, environment: str | None) -> None:
    if environment is None:
        raise Exit(
            "error: --confirm names an environment, and universal has none: leave it out.",
            code=MISTAKE,
        )
    if confirm != environment:
        raise Exit(
            f"error: --confirm is '{confirm}', and the environment is {environment}: nothing was "
            "changed.",
            code=MISTAKE,
        )


def _ask(environment: str, action: str) -> None:
    question = f"{environment} is protected. Type its name to {action}: "
    try:
        answer = input(question).strip()
    except EOFError:
        answer = ""
    if answer != environment:
        raise Exit("nothing was changed", code=MISTAKE)


def _is_protected(c: Context, repository: Repository, environment: str) -> bool:
    from dorc_runtime.project.definitions import load_config
    from dorc_runtime.project.environments import environment_config
    from dorc_runtime.project.settings import read_settings

    config = load_config(repository)
    infra = read_settings(tasks_folder(c)).infra_stack_name
    return (
        config is not None
        and environment_config(repository, config, environment, infra=infra).protect
    )
