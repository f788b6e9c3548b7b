"""The errors that dorc raises on purpose: each says what is wrong, where, and what to do now.

Every error that a user can fix derives from ``DorcError``; tasks print its one line and exit with
its code. This module imports nothing of the library.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def first_problem(problems: Sequence[object]) -> str:
    """Return the first of ``problems`` in one line, and how many others `invoke check` shows."""
    others = len(problems) - 1
    first = sentence(str(problems[0]))
    return f"{first} ({others} more: `invoke check`)" if others else first


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean ...?" with the one of ``known`` that is most similar, "" for none."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def sentence(text: str) -> str:
    """Return ``text`` with a full stop, unless it has an end."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


class DorcError(Exception):
    """A problem that the user can fix, described in one line."""

    exit_code = 2


class NotARepositoryError(DorcError):
    """A command was called outside a repository of pipelines."""


class SettingsError(DorcError):
    """A setting is missing, or contradicts another."""


class DefinitionError(DorcError):
    """A ``pipeline.py`` or ``pipeline_config.py`` does not define what it should."""


class ExpressionError(DefinitionError):
    """An expression is used where Python needs its value, or cannot be written as JSONata."""


class UnknownNameError(DorcError):
    """A name was requested that does not exist; ``where`` says where: ``in prod``."""

    def __init__(
        self, kind: str, name: str, known: Sequence[str], *, where: str = "", remedy: str = ""
    ) -> None:
        names = ", ".join(known) if known else "none yet"
        place = f" {where}" if where else ""
        super().__init__(f"no {kind} '{name}'{place}; known: {names}. {remedy}".rstrip())
        self.kind = kind
        self.name = name
        self.known = tuple(known)


class ScaffoldError(DorcError):
    """Files cannot be written as requested; nothing was changed."""


class VersionMismatchError(DorcError):
    """The repository is pinned to a version of dorc that is not the installed one."""


class InputError(DorcError):
    """The input of a run cannot be used."""


class SecretError(DorcError):
    """A secret is missing, or its value cannot be read, stored or used."""


class RunFolderError(DorcError):
    """The folder of a run holds no record of it, or cannot be written."""


class PackagesError(DorcError):
    """The packages of a requirements file cannot be installed."""


class LakeError(DorcError):
    """The server that stands in for S3 on this machine does not run."""


class ToolMissingError(DorcError):
    """A program or package that a command needs is not installed."""


class EditorFileError(DorcError):
    """The settings of an editor cannot be read, completed or written."""


class StackError(DorcError):
    """A deployment cannot start: no Pulumi, no backend, no environment, no such instance."""


class CredentialsError(DorcError):
    """The AWS credentials are missing, or belong to another account."""


class DeployError(DorcError):
    """A deployment was started and failed."""

    exit_code = 1


class StoppedError(DeployError):
    """A deployment was stopped by the user."""

    exit_code = 130
