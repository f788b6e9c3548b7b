"""The task about what could not start a pipeline: ``dead-letters``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import InputError
from dorc_runtime.tasks.aws_options import aws_environment, aws_target
from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, print_line, report_errors
from dorc_runtime.tasks.options import (
    ENVIRONMENT,
    JSON,
    ask,
    check_confirmation,
    environment_option,
)
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.operate.letters.letter_queues import DeadLetters

_MOST = 100
_FAILED = 1


@task(
    help={
        **ENVIRONMENT,
        "replay": "start what they should have started, each once",
        "id": "with --replay: only this one; may be given several times",
        "drop": "ID of one to delete; may be given several times",
        "limit": f"how many are listed at most (default: {_MOST})",
        "yes": "do it without a question",
        **CONFIRM,
        **JSON,
    },
    iterable=["id", "drop"],
    positional=[],
)
@report_errors
def dead_letters(
    c: Context,
    env: str | None = None,
    replay: bool = False,
    id: list[str] | None = None,  # noqa: A002 - the name of the option
    drop: list[str] | None = None,
    limit: int = _MOST,
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """List what could not start a pipeline on AWS, with the reason; replay it, or drop it."""
    _check_options(replay, id, drop, limit)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    if replay or drop:
        check_confirmation(yes, json=json)
        action = "replay dead letters" if replay else "delete dead letters"
        confirm_protected(c, repository, environment, confirm, action=action, json=json)
    aws = aws_environment(c, repository, environment)
    from dorc_runtime.operate.letters.letter_queues import DeadLetters
    from dorc_runtime.operate.letters.trigger_table import trigger_table
    from dorc_runtime.project.definitions import load_pipeline

    target = aws_target(c, repository, aws)
    pipelines = {folder.id: load_pipeline(folder) for folder in repository.pipelines}
    letters = DeadLetters(aws, target, trigger_table(pipelines, target))
    if replay:
        _replay(letters, id or None, yes=yes, json=json)
    elif drop:
        _drop(letters, drop, yes=yes, json=json)
    else:
        _list(letters, limit, json=json)


def _check_options(replay: bool, ids: list[str] | None, drop: list[str] | None, limit: int) -> None:
    if replay and drop:
        raise Exit("error: give --replay or --drop, not both.", code=MISTAKE)
    if ids and not replay:
        raise Exit("error: --id is for --replay: add it, or give --drop ID.", code=MISTAKE)
    if limit < 1:
        raise InputError("--limit must be 1 or more.")


def _list(letters: DeadLetters, limit: int, *, json: bool) -> None:
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.dead_letter_drawing import letter_as_json, show_letters

    total = letters.count()
    found = letters.newest(limit)
    if json:
        print_json([letter_as_json(each) for each in found])
    else:
        show_letters(found, total=total, limit=limit, environment=_name(letters))


def _replay(letters: DeadLetters, ids: list[str] | None, *, yes: bool, json: bool) -> None:
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.dead_letter_drawing import replayed_as_json, show_replayed

    if not yes:
        what = _ids_text(ids) if ids else f"all {letters.count()} dead letters"
        ask(f"Replay {what} in {_name(letters)}?")
    results = []
    for result in letters.replay(ids, command="invoke dead-letters --replay"):
        results.append(result)
        if not json:
            show_replayed(result)
    if json:
        print_json([replayed_as_json(each) for each in results])
    elif not results and not ids:
        print_line(f"no dead letters in {_name(letters)}")
    _check_ids(ids or [], [each.letter.id for each in results], letters)
    if failed := sum(bool(each.problem) for each in results):
        raise Exit(f"error: {failed} of {len(results)} could not be replayed.", code=_FAILED)


def _drop(letters: DeadLetters, ids: list[str], *, yes: bool, json: bool) -> None:
    from dorc_runtime.tasks.drawings.console import print_json
    from dorc_runtime.tasks.drawings.dead_letter_drawing import letter_as_json, show_dropped

    if not yes:
        ask(f"Delete {_ids_text(ids)} in {_name(letters)}? It cannot be replayed then.")
    dropped = []
    for letter in letters.delete(ids):
        dropped.append(letter)
        if not json:
            show_dropped(letter)
    if json:
        print_json([letter_as_json(each) for each in dropped])
    _check_ids(ids, [each.id for each in dropped], letters)


def _check_ids(ids: list[str], found: list[str], letters: DeadLetters) -> None:
    """Raise ``InputError`` for an id that no dead letter has."""
    missing = [each for each in ids if each not in found]
    if missing:
        name = _name(letters)
        raise InputError(
            f"there is no dead letter {_ids_text(missing)} in {name}: `invoke dead-letters --env "
            f"{name}` lists them. One that somebody else reads is hidden for half a minute."
        )


def _ids_text(ids: list[str]) -> str:
    return " and ".join(ids)


def _name(letters: DeadLetters) -> str:
    return letters.environment.names.environment


TASKS: tuple[Task[Any], ...] = (dead_letters,)
