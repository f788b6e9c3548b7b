"""The errors that dorc raises on purpose: each says what is wrong, where, and what to do now.

Everything a user can mend derives from ``DorcError``; tasks print its one line and exit with its
code. This module imports nothing.
"""

from collections.abc import Sequence


class DorcError(Exception):
    """A problem that the user can mend, told in one line."""

    exit_code = 2


class NotARepositoryError(DorcError):
    """A command was given outside a repository of pipelines."""


class SettingsError(DorcError):
    """A setting is missing, or contradicts another."""


class DefinitionError(DorcError):
    """A ``pipeline.py`` or ``pipeline_config.py`` cannot be read as what it should hold."""


class ExpressionError(DefinitionError):
    """An expression is used where Python would decide, or cannot be printed as JSONata."""


class UnknownNameError(DorcError):
    """Something was asked for by a name that is not there."""

    def __init__(self, kind: str, name: str, known: Sequence[str], *, remedy: str = "") -> None:
        listed = ", ".join(known) if known else "none yet"
        super().__init__(f"no {kind} '{name}'; there is: {listed}. {remedy}".rstrip())
        self.kind = kind
        self.name = name
        self.known = tuple(known)


class ScaffoldError(DorcError):
    """Files cannot be written as asked; nothing was."""


class VersionMismatchError(DorcError):
    """The repository is pinned to another version of dorc than the one installed."""


class InputError(DorcError):
    """The input of a run cannot be used."""


class RunFolderError(DorcError):
    """The folder of a kept run holds no record of it."""


class PackagesError(DorcError):
    """The packages of a requirements file cannot be installed."""


class LakeError(DorcError):
    """The server that plays S3 on this machine does not run."""


class ToolMissingError(DorcError):
    """A program or package that a command needs is not installed."""


class StackError(DorcError):
    """A deployment cannot start: no Pulumi, no backend, no environment, no such instance."""


class CredentialsError(DorcError):
    """AWS's credentials are missing, or are those of another account."""


class DeployError(DorcError):
    """A deployment was started and failed."""

    exit_code = 1


class StoppedError(DeployError):
    """A deployment was stopped by whoever started it."""

    exit_code = 130
