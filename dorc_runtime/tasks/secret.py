"""The task ``secret``: values that functions read, for each environment and for this machine.

Exit codes: 0 done, 2 a mistake in the call, or AWS refuses.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from getpass import getpass
from typing import TYPE_CHECKING, Any, Protocol

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task

from dorc_runtime.errors import SecretError, UnknownNameError
from dorc_runtime.model.secrets import LARGEST_ADVANCED, LARGEST_STANDARD
from dorc_runtime.tasks.entry import (
    MISTAKE,
    is_confirmed,
    pinned_repository,
    print_line,
    report_errors,
    tasks_folder,
)
from dorc_runtime.tasks.options import environment_option
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.required_words import RequiredWord
from dorc_runtime.tasks.short_options import LetterTask, task

if TYPE_CHECKING:
    from datetime import datetime

    from dorc_runtime.compile.secret_users import SecretUsers
    from dorc_runtime.project.repository import Repository

_LOCAL = "local"
_NAMED = ("set", "remove")
_ACTIONS = ("set", "list", "copy", "remove")


class _Secrets(Protocol):
    """The secrets of an environment, or of this machine."""

    environment: str

    def dates(self) -> dict[str, datetime]: ...
    def read(self, name: str) -> str: ...
    def write(self, name: str, value: str, *, advanced: bool) -> None: ...
    def remove(self, name: str) -> None: ...


class _SecretName(RequiredWord):
    """The word NAME in ``secret set NAME``: missing only after an action that needs it."""

    def __init__(self, action: Argument, help_text: str) -> None:
        problem = (
            "NAME is missing: write `invoke secret set NAME --env ENV`, or "
            "`invoke secret remove NAME --env ENV`."
        )
        super().__init__("name", help_text, problem)
        self._action = action

    @property
    def value(self) -> str | None:
        """The word, "" after an action without one, and None where it is missing."""
        given: str | None = self._value
        return "" if given is None and self._action.value not in _NAMED else given

    @value.setter
    def value(self, word: str) -> None:
        self.set_value(word)


class SecretTask(LetterTask):
    """A task with a second word that depends on the first."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments of the command line."""
        arguments = super().get_arguments(ignore_unknown_help)
        by_name = {argument.names[0]: argument for argument in arguments}
        by_name["name"] = _SecretName(by_name["action"], by_name["name"].help or "")
        return list(by_name.values())


@task(
    klass=SecretTask,
    positional=["action", "name"],
    help={
        "action": "set, list, copy or remove",
        "name": "the secret to set or remove, as Function(secrets=[...]) names it",
        "env": "the environment; local is this machine, with its secrets.toml",
        "from": "copy: the environment that has the secrets",
        "to": "copy: the environment that gets those that it does not have",
        "overwrite": "copy: replace those that it has, too",
        "advanced": "set: allow 8,192 bytes, an advanced parameter that AWS charges for",
        "yes": "remove: do it without a question",
        **CONFIRM,
        "json": "list: print the result as JSON, for machines",
    },
)
@report_errors
def secret(
    c: Context,
    action: str,
    name: str = "",
    env: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    overwrite: bool = False,
    advanced: bool = False,
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Set, list, copy or remove secrets of functions: `invoke secret set NAME --env E`.

    Set asks for the value at the terminal, or reads it from standard input.
    """
    repository = pinned_repository(c)
    if action not in _ACTIONS:
        near = get_close_matches(action, _ACTIONS, n=1)
        hint = f"Did you mean `invoke secret {near[0]}`?" if near else ""
        raise UnknownNameError("action", action, _ACTIONS, where="of secret", remedy=hint)
    if json and action != "list":
        raise Exit("error: --json is for list: leave it out.", code=MISTAKE)
    users = _users(repository)
    if action == "copy":
        environments = [
            environment_option(c, repository, one, option=option, others=(_LOCAL,))
            for one, option in ((from_, "--from"), (to, "--to"))
        ]
        if len(set(environments)) == 1:
            raise SecretError("--from and --to name the same environment: name two.")
        _confirm(c, repository, environments[1], confirm, action="copy secrets to it")
        source, target = (_store(c, repository, each) for each in environments)
        users = {**_webhooks(c, repository, environments[1]), **users}
        _copy(source, target, users, overwrite=overwrite)
        return
    environment = environment_option(c, repository, env, others=(_LOCAL,))
    webhooks = _webhooks(c, repository, environment)
    users = {**webhooks, **users}
    if action == "set":
        _check_name(name, users, environment)
    if action in _NAMED:
        _confirm(c, repository, environment, confirm, action=f"{action} {name}")
    store = _store(c, repository, environment)
    match action:
        case "set":
            is_webhook = name in {each.name for each in webhooks}
            _set(store, name, advanced=advanced, is_webhook=is_webhook)
        case "list":
            _list(store, users, json=json)
        case _:
            _remove(store, name, users, yes=yes)


def _confirm(
    c: Context, repository: Repository, environment: str, confirm: str | None, *, action: str
) -> None:
    if environment != _LOCAL:
        confirm_protected(c, repository, environment, confirm, action=action)


def _check_name(name: str, users: SecretUsers, environment: str) -> None:
    """Raise ``SecretError`` for a secret that cannot be set."""
    known = [each.name for each in users]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        remedy = f"Did you mean '{near[0]}'?" if near else "Add it to Function(secrets=[...])."
        raise SecretError(f"no function reads a secret '{name}'. {remedy}")
    managed = [each for each in users if each.name == name and each.store != "ssm"]
    if managed and environment != _LOCAL:
        raise SecretError(
            f"'{name}' is in Secrets Manager: change it there, for example with "
            "`aws secretsmanager put-secret-value`."
        )


def _set(store: _Secrets, name: str, *, advanced: bool, is_webhook: bool) -> None:
    from dorc_runtime.project.environment_values.secret_files import check_value

    value = _value(name, store.environment)
    if not value.strip():
        raise SecretError(
            f"no value was given for {name}: type it at the prompt, or pipe it in with "
            f"`invoke secret set {name} --env {store.environment} < FILE`."
        )
    check_value(name, value, where="the value")
    if is_webhook and not value.startswith("https://"):
        raise SecretError(
            f"the value of {name} is not a URL that starts with https://: Config(alert_webhooks) "
            "names it, so give the URL of a webhook of Slack or Teams."
        )
    _check_size(name, value, advanced=advanced)
    store.write(name, value, advanced=advanced)
    print_line(f"stored {name} in {store.environment}")


def _check_size(name: str, value: str, *, advanced: bool) -> None:
    size, largest = len(value.encode()), LARGEST_ADVANCED if advanced else LARGEST_STANDARD
    if size > largest:
        more = "" if advanced else f"add --advanced for up to {LARGEST_ADVANCED:,}, or "
        raise SecretError(
            f"the value of {name} has {size:,} bytes, and a parameter of SSM at most {largest:,}: "
            f'{more}create it in Secrets Manager and write Secret("{name}", '
            'store="secretsmanager", arn=...).'
        )


def _list(store: _Secrets, users: SecretUsers, *, json: bool) -> None:
    from dorc_runtime.tasks.drawings.console import print_json

    dates = store.dates()
    rows = []
    for name in sorted({each.name for each in users} | dates.keys()):
        readers = [user for each in users if each.name == name for user in users[each]]
        managed = store.environment != _LOCAL and any(
            each.name == name and each.store != "ssm" for each in users
        )
        date = f"{dates[name]:%Y-%m-%d %H:%M}" if name in dates else "missing"
        rows.append((name, "in Secrets Manager" if managed else date, readers))
    if json:
        print_json(
            [{"name": name, "stored": stored, "readers": [*users]} for name, stored, users in rows]
        )
        return
    if not rows:
        print_line("no function reads a secret")
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, stored, readers in rows:
        print_line(f"{name:{width}}  {stored:18}  {', '.join(readers) or 'no function reads it'}")
    for name, stored, _ in rows:
        if stored == "missing":
            print_line(f"next: invoke secret set {name} --env {store.environment}")


def _copy(source: _Secrets, target: _Secrets, users: SecretUsers, *, overwrite: bool) -> None:
    from dorc_runtime.project.environment_values.secret_files import check_value

    stored, present = sorted(source.dates()), target.dates()
    if not stored:
        raise SecretError(f"{source.environment} has no secrets to copy.")
    own = {each.name for each in users if each.store == "ssm" or target.environment == _LOCAL}
    for name in stored:
        if name not in own:
            print_line(f"left {name}: no function reads it from SSM")
            continue
        if name in present and not overwrite:
            print_line(f"left {name}: {target.environment} has it; --overwrite replaces it")
            continue
        value = check_value(name, source.read(name), where=source.environment)
        target.write(name, value, advanced=len(value.encode()) > LARGEST_STANDARD)
        print_line(f"copied {name} to {target.environment}")


def _remove(store: _Secrets, name: str, users: SecretUsers, *, yes: bool) -> None:
    dates = store.dates()
    if name not in dates:
        raise UnknownNameError("secret", name, sorted(dates), where=f"in {store.environment}")
    if not yes:
        if not sys.stdin.isatty():
            raise Exit("error: there is no terminal to ask at: add --yes.", code=MISTAKE)
        readers = [user for each in users if each.name == name for user in users[each]]
        need = f" (read by {', '.join(readers)})" if readers else ""
        if not is_confirmed(f"Remove {name} from {store.environment}{need}?"):
            raise Exit("nothing was changed", code=MISTAKE)
    store.remove(name)
    print_line(f"removed {name} from {store.environment}")


def _store(c: Context, repository: Repository, environment: str) -> _Secrets:
    from dorc_runtime.project.environment_values.secret_files import SecretFile
    from dorc_runtime.project.settings import read_settings

    if environment == _LOCAL:
        return SecretFile(repository)
    from dorc_runtime.deploy.secret_stores.environment_secrets import secret_store

    return secret_store(repository, read_settings(tasks_folder(c)), environment)


def _users(repository: Repository) -> SecretUsers:
    from dorc_runtime.compile.secret_users import secret_users
    from dorc_runtime.project.definitions import load_source

    return secret_users(load_source(folder) for folder in repository.pipelines)


def _webhooks(c: Context, repository: Repository, environment: str) -> SecretUsers:
    """Return the secrets that the alerts of an environment need; local runs send none."""
    from dorc_runtime.compile.secret_users import webhook_users
    from dorc_runtime.project.definitions import load_config
    from dorc_runtime.project.environments import environment_config
    from dorc_runtime.project.settings import read_settings

    shared = load_config(repository)
    if environment == _LOCAL or shared is None:
        return {}
    infra = read_settings(tasks_folder(c)).infra_stack_name
    config = environment_config(repository, shared, environment, infra=infra)
    return webhook_users(config.alert_webhooks)


def _value(name: str, environment: str) -> str:
    """Ask a person for the value, or read it from standard input, without its last line end."""
    if sys.stdin.isatty():
        try:
            return getpass(f"Value of {name} in {environment}: ")
        except EOFError:
            raise Exit("nothing was stored", code=MISTAKE) from None
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise SecretError(
            f"the value of {name} is not text in UTF-8: encode it, for example as Base64."
        ) from error
    return text.removesuffix("\n").removesuffix("\r")


TASKS: tuple[Task[Any], ...] = (secret,)
