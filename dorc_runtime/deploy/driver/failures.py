"""What keeps a deployment from happening, each told in one line with its remedy."""

import re
import signal
from dataclasses import dataclass, field
from typing import Literal

from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.errors import (
    CredentialsError,
    DeployError,
    DorcError,
    SettingsError,
    StackError,
    StoppedError,
    ToolMissingError,
)

_INSTALL = "https://www.pulumi.com/docs/install/"
_COLOUR = re.compile(r"<\{%[a-z0-9 %-]+%\}>|\x1b\[[0-9;]*m")
_LOCK = re.compile(r"created by (?P<who>\S+) \(pid (?P<pid>\d+)\) at (?P<when>\S+)")
_REFERENCE = re.compile(r'unknown stack "(?P<stack>[^"]+)"|Required output \S+ does not exist')
_STOPPED = re.compile(r"\b(update|preview|destroy|refresh) canceled\b")
# What became of a process that a signal ended: https://docs.python.org/3/library/subprocess.html
_SIGNALLED = re.compile(r"^\s*code: -(?P<number>\d+)$", re.MULTILINE)
_ASKED = {str(int(number)) for number in (signal.SIGINT, signal.SIGTERM)}
_SHOWN = ("info", "warning", "info#err")


Change = Literal["apply", "destroy"]
_LEFT: dict[Change, str] = {"apply": "what was made stays", "destroy": "what was removed is gone"}


@dataclass
class Diagnosis:
    """What the engine said went wrong: its errors, each with the URN that it is about or "".

    ``change`` is what it does to AWS, None when it only looks.
    """

    change: Change | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def take(self, severity: str, message: str, urn: str) -> str:
        """Take in a diagnostic; return what of it people want to see at once, or ""."""
        text = _COLOUR.sub("", message).strip()
        if severity == "error":
            self.errors.append((urn, text))
        if "pending operations from previous deployment" in text:
            return "an earlier apply was killed: `invoke unlock` takes up what it was making"
        return text if severity in _SHOWN and text else ""


def explained(error: Exception, instance: Instance, diagnosis: Diagnosis) -> DorcError:
    """Return what ``error`` of Pulumi's Automation API means to the user."""
    if isinstance(error, DorcError):
        return error
    text = _COLOUR.sub("", str(error))
    told = "\n".join(message for _, message in diagnosis.errors)
    return (
        _tool(error, text)
        or _stopped(text + told, instance, diagnosis.change)
        or _killed(text, instance)
        or _state(text, instance)
        or _backend(text)
        or _references(text + told, instance)
        or _credentials(text + told)
        or _resources(diagnosis, instance)
        or _program(told or text, instance)
    )


def _tool(error: Exception, text: str) -> DorcError | None:
    if isinstance(error, FileNotFoundError) or "Could not find `pulumi`" in text:
        return ToolMissingError(f"the Pulumi CLI is not installed: see {_INSTALL}.")
    if "Minimum version requirement failed" in text or "ersion" in type(error).__name__:
        return ToolMissingError(f"the Pulumi CLI does not fit: {_line(text)} See {_INSTALL}.")
    return None


def stopped(instance: Instance, change: Change | None) -> StoppedError:
    """Return the error of an operation that its user stopped."""
    return StoppedError(f"{instance.title}: stopped{_goes_on(instance, change)}")


def _stopped(text: str, instance: Instance, change: Change | None) -> DorcError | None:
    killed = _SIGNALLED.search(text)
    if _STOPPED.search(text) or (killed and killed["number"] in _ASKED):
        return stopped(instance, change)
    return None


def _killed(text: str, instance: Instance) -> DorcError | None:
    if killed := _SIGNALLED.search(text):
        return DeployError(
            f"{instance.title}: Pulumi was killed (signal {killed['number']}): `invoke unlock "
            f"{instance.words}` takes up what it was making."
        )
    return None


def _state(text: str, instance: Instance) -> DorcError | None:
    if "incorrect passphrase" in text:
        return SettingsError(
            f"PULUMI_CONFIG_PASSPHRASE is not the one that {instance.title} was made with: export "
            "that one."
        )
    if "passphrase must be set" in text:
        return SettingsError(
            f"PULUMI_CONFIG_PASSPHRASE is not set, and {instance.title} needs it: export it, or "
            "write it into .env."
        )
    if "currently locked by" in text or "Another update is currently in progress" in text:
        held = _LOCK.search(text)
        who = f" by {held['who']} (process {held['pid']}) since {held['when']}" if held else ""
        return StackError(
            f"{instance.title} is locked{who}: wait until that is done; when it was killed: "
            f"`invoke unlock {instance.words}`."
        )
    return None


def _backend(text: str) -> DorcError | None:
    marks = ("unable to open bucket", "open bucket", "state directory", "could not list bucket",
             "read from bucket",
             "problem logging in", "PULUMI_ACCESS_TOKEN", "unable to check if bucket",
             "failed to get current project state", "could not connect", "no such host",
             "unknown scheme", "NoSuchBucket", "no driver registered")  # fmt: skip
    if any(mark in text for mark in marks):
        return SettingsError(
            f"INFRA_BUCKET cannot be reached: {_reason(text)}; is it there? `invoke init --create` "
            "makes a bucket."
        )
    return None


def _references(text: str, instance: Instance) -> DorcError | None:
    if instance.kind == "pipeline" and _REFERENCE.search(text):
        return StackError(
            f"{instance.title}: infra is not applied there: first `invoke apply --instance infra "
            f"--env {instance.environment}`."
        )
    return None


def _credentials(text: str) -> DorcError | None:
    marks = (
        "ExpiredToken",
        "InvalidClientTokenId",
        "No valid credential sources",
        "not authorized to perform: sts",
        "UnrecognizedClientException",
        "AWS account ID not allowed",
    )
    if any(mark in text for mark in marks):
        return CredentialsError(
            f"AWS does not take the credentials: {_reason(text)}; log in, or export AWS_PROFILE."
        )
    return None


def _resources(diagnosis: Diagnosis, instance: Instance) -> DorcError | None:
    """Return the error of the first resource that failed, with what AWS said."""
    about = [(urn, text) for urn, text in diagnosis.errors if urn in diagnosis.failed]
    if not about:
        return None
    urn, text = about[0]
    more = len({urn for urn, _ in about}) - 1
    rest = f" (and {more} more)" if more else ""
    kind, _, name = urn.rpartition("::")
    what = kind.rpartition(":")[2]
    return DeployError(
        f"{instance.title}: {what} {name} failed{rest}: {_reason(text)}"
        f"{_goes_on(instance, diagnosis.change)}"
    )


def _program(text: str, instance: Instance) -> DorcError:
    """Return the error that the program itself ended with: its own line, or a traceback's last."""
    if "Traceback (most recent call last)" in text:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit)\b", line)]
        return DeployError(f"{instance.title}: the program failed: {(last or lines)[-1]}")
    if "update failed" in text:
        return DeployError(f"{instance.title}: {_reason(text)}{_goes_on(instance, 'apply')}")
    return StackError(_reason(text))


def _reason(text: str) -> str:
    """Return the lines that say why, in one, without the words around them that every error has."""
    lines = [line.strip(" *\t").removeprefix("stderr:").strip() for line in text.splitlines()]
    wanted = [line.removeprefix("error:").strip() for line in lines if "error" in line.lower()]
    found = wanted or [line for line in lines if line]
    return " ".join(found[0].split()).rstrip(".") if found else "Pulumi does not say why"


def _goes_on(instance: Instance, change: Change | None) -> str:
    if change is None:
        return "."
    return f"; {_LEFT[change]}, and `invoke {change} {instance.words}` goes on from there."


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".") + "."
