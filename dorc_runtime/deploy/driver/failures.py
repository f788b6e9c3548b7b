"""The failures of a deployment: each is explained in one line that says what to do."""

import re
import signal
from dataclasses import dataclass, field
from typing import Literal

from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.lock import Lock
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
_REFERENCE = re.compile(r'unknown stack "(?P<stack>[^"]+)"|Required output \S+ does not exist')
_STOPPED = re.compile(r"\b(update|preview|destroy|refresh) canceled\b")
# The exit code of a process that a signal ended: https://docs.python.org/3/library/subprocess.html
_SIGNAL = re.compile(r"^\s*code: -(?P<number>\d+)$", re.MULTILINE)
_STOP_SIGNALS = {str(int(number)) for number in (signal.SIGINT, signal.SIGTERM)}
_PROTECTED = re.compile(r'resource "(?P<urn>[^"]+)" cannot be deleted')
_VISIBLE = ("info", "warning", "info#err")

Change = Literal["apply", "destroy"]
_RESULTS: dict[Change, str] = {
    "apply": "what was created stays",
    "destroy": "what was deleted stays deleted",
}


@dataclass
class Diagnosis:
    """The errors that the engine reported, each with the URN of its resource or "".

    ``change`` is what the operation does to AWS, None when it only reads.
    """

    change: Change | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, severity: str, message: str, urn: str) -> str:
        """Add a diagnostic; return the text to show at once, or ""."""
        text = _COLOUR.sub("", message).strip()
        if severity == "error":
            self.errors.append((urn, text))
        if "pending operations from previous deployment" in text:
            return "an earlier apply was killed: `invoke unlock` recovers what it was creating"
        return text if severity in _VISIBLE and text else ""


def user_error(error: Exception, instance: Instance, diagnosis: Diagnosis) -> DorcError:
    """Return the error for users that ``error`` of Pulumi's Automation API means."""
    if isinstance(error, DorcError):
        return error
    text = _COLOUR.sub("", str(error))
    messages = "\n".join(message for _, message in diagnosis.errors)
    return (
        _tool_error(error, text)
        or _stop_error(text + messages, instance, diagnosis.change)
        or _kill_error(text, instance)
        or _state_error(text, instance)
        or _backend_error(text)
        or _reference_error(text + messages, instance)
        or _credentials_error(text + messages)
        or _protection_error(text + messages, instance)
        or _resource_error(diagnosis, instance)
        or _program_error(messages or text, instance)
    )


def _tool_error(error: Exception, text: str) -> DorcError | None:
    if isinstance(error, FileNotFoundError) or "Could not find `pulumi`" in text:
        return ToolMissingError(f"the Pulumi CLI is not installed: see {_INSTALL}.")
    if "Minimum version requirement failed" in text or "ersion" in type(error).__name__:
        return ToolMissingError(
            f"this version of the Pulumi CLI does not work: {_line(text)} See {_INSTALL}."
        )
    return None


def stopped_error(instance: Instance, change: Change | None) -> StoppedError:
    """Return the error of an operation that its user stopped."""
    return StoppedError(f"{instance.title}: stopped{_continuation(instance, change)}")


def _stop_error(text: str, instance: Instance, change: Change | None) -> DorcError | None:
    killed = _SIGNAL.search(text)
    if _STOPPED.search(text) or (killed and killed["number"] in _STOP_SIGNALS):
        return stopped_error(instance, change)
    return None


def _kill_error(text: str, instance: Instance) -> DorcError | None:
    if killed := _SIGNAL.search(text):
        return DeployError(
            f"{instance.title}: Pulumi was killed (signal {killed['number']}): `invoke unlock "
            f"{instance.options}` recovers what it was creating."
        )
    return None


def _state_error(text: str, instance: Instance) -> DorcError | None:
    if "incorrect passphrase" in text:
        return SettingsError(
            f"PULUMI_CONFIG_PASSPHRASE is not the one that {instance.title} was created with: "
            "export that one."
        )
    if "passphrase must be set" in text:
        return SettingsError(
            f"PULUMI_CONFIG_PASSPHRASE is not set, and {instance.title} needs it: export it, or "
            "write it into .env."
        )
    if "currently locked by" in text or "Another update is currently in progress" in text:
        return _lock_error(Lock.in_message(text), instance)
    return None


def _lock_error(lock: Lock | None, instance: Instance) -> DorcError:
    unlock = f"`invoke unlock {instance.options}`"
    if lock and lock.is_stale:
        return StackError(
            f"{instance.title} is locked by {lock}, but that process no longer runs: {unlock} "
            "removes the lock."
        )
    holder = f" by {lock}" if lock else ""
    return StackError(
        f"{instance.title} is locked{holder}: wait until that process ends; if it was killed: "
        f"{unlock}."
    )


def _backend_error(text: str) -> DorcError | None:
    marks = ("unable to open bucket", "open bucket", "state directory", "could not list bucket",
             "read from bucket",
             "problem logging in", "PULUMI_ACCESS_TOKEN", "unable to check if bucket",
             "failed to get current project state", "could not connect", "no such host",
             "unknown scheme", "NoSuchBucket", "no driver registered")  # fmt: skip
    if any(mark in text for mark in marks):
        return SettingsError(
            f"INFRA_BUCKET cannot be reached: {_reason(text)}; does it exist? `invoke init "
            "--create` creates a bucket."
        )
    return None


def _reference_error(text: str, instance: Instance) -> DorcError | None:
    if instance.kind == "pipeline" and _REFERENCE.search(text):
        return StackError(
            f"{instance.title}: infra is not deployed in {instance.environment}: run first "
            f"`invoke apply --instance infra --env {instance.environment}`."
        )
    return None


def _credentials_error(text: str) -> DorcError | None:
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
            f"AWS does not accept the credentials: {_reason(text)}; log in, or export AWS_PROFILE."
        )
    return None


def _protection_error(text: str, instance: Instance) -> DorcError | None:
    protected = _PROTECTED.search(text)
    if protected is None:
        return None
    kind, _, name = protected["urn"].rpartition("::")
    setting = f"`protect_buckets: false` in {instance.id}/Pulumi.{instance.stack}.yaml"
    return StackError(
        f"{instance.title}: {kind.rpartition(':')[2]} {name} would be deleted, but it is "
        f"protected: declare it again. To delete it with its data, also set {setting}, apply, and "
        "then remove it."
    )


def _resource_error(diagnosis: Diagnosis, instance: Instance) -> DorcError | None:
    """Return the error of the first resource that failed, with the message of AWS."""
    errors = [(urn, text) for urn, text in diagnosis.errors if urn in diagnosis.failed]
    if not errors:
        return None
    urn, text = errors[0]
    more = len({urn for urn, _ in errors}) - 1
    rest = f" (and {more} more)" if more else ""
    kind, _, name = urn.rpartition("::")
    what = kind.rpartition(":")[2]
    return DeployError(
        f"{instance.title}: {what} {name} failed{rest}: {_reason(text)}"
        f"{_continuation(instance, diagnosis.change)}"
    )


def _program_error(text: str, instance: Instance) -> DorcError:
    """Return the error of the program itself: its own line, or the last line of a traceback."""
    if "Traceback (most recent call last)" in text:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit)\b", line)]
        return DeployError(f"{instance.title}: the program failed: {(last or lines)[-1]}")
    if "update failed" in text:
        return DeployError(f"{instance.title}: {_reason(text)}{_continuation(instance, 'apply')}")
    return StackError(_reason(text))


def _reason(text: str) -> str:
    """Return the line that says why, without the words around it that every error has."""
    lines = [line.strip(" *\t").removeprefix("stderr:").strip() for line in text.splitlines()]
    errors = [line.removeprefix("error:").strip() for line in lines if "error" in line.lower()]
    reasons = errors or [line for line in lines if line]
    return " ".join(reasons[0].split()).rstrip(".") if reasons else "Pulumi does not say why"


def _continuation(instance: Instance, change: Change | None) -> str:
    if change is None:
        return "."
    return f"; {_RESULTS[change]}, and `invoke {change} {instance.options}` continues from there."


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".") + "."
