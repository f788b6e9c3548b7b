"""What to change when a function breaks Lambda's rules, or does what its role does not allow.

The names of the errors:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

import re
import signal
from collections.abc import Sequence

from dorc_runtime.compile.permissions.function_access import address_variable
from dorc_runtime.compile.permissions.policies import READ_ACTIONS, WRITE_ACTIONS
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.access.roles import is_machine_key
from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.http.http_answers import FOLDER
from dorc_runtime.local.libraries.library_advice import library_advice, missing_package
from dorc_runtime.local.seeds.lake_seeds import shown_bucket
from dorc_runtime.model.resources import Resource
from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.events import Ending
from dorc_runtime.runs.result import Refusal

# How libraries word a refusal.
_DENIED = re.compile("access.?denied|permission.?denied|forbidden|not authorized", re.IGNORECASE)
_NOT_FOUND = re.compile("no.?such.?bucket|not.?found|not exist", re.IGNORECASE)
# How ``network_guard`` words a failed lookup.
_UNANSWERED = re.compile(r"no example answers ([\w.-]*\w)")
_READ = ("s3:GetObject", "s3:ListBucket")
_WRITE = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS)


def remedy(
    ending: Ending,
    function: LocalFunction | None,
    refusals: Sequence[Refusal],
    *,
    target: Target,
    example: str = "",
    different_python: str = "",
) -> str | None:
    """Return in one line what to change in a function or its step, None if that would not help.

    ``function`` is the one that the failed state called, if it calls one. ``refusals`` are those of
    the run, one of which may have ended it; ``target`` has the resources that they name.
    ``example`` is the folder of the run's example, and ``different_python`` says how Python here is
    not that of the images.
    """
    if ending.failed is None:
        return None
    if function is not None and (rule := _broken_rule(ending, function)):
        is_syntax = ending.error == "Runtime.UserCodeSyntaxError"
        return f"{rule} Maybe {different_python}." if is_syntax and different_python else rule
    if host := _UNANSWERED.search(ending.cause):
        folder = example or "examples/<case>"
        return (
            f"{ending.failed.visit.state} asked {host[1]}, which no example answers: write "
            f"{folder}/{FOLDER}/{host[1].lower()}.json."
        )
    if function is not None and (advice := library_advice(ending, function.name)):
        return advice
    own = [each for each in refusals if function is None or each.function == function.name]
    failure = f"{ending.error} {ending.cause}"
    if own and _DENIED.search(failure):
        return _not_allowed(own[-1], ending.failed.visit.state, target)
    if own and _NOT_FOUND.search(failure):
        return _unknown_bucket(own[-1], target)
    return None


def _broken_rule(ending: Ending, function: LocalFunction) -> str | None:
    # Of a function of a called pipeline, the name has that of the pipeline before it.
    name, own_name = function.name, function.folder.name
    file = f"{name.replace('.', '/')}/lambda.py"
    match ending.error:
        case "Sandbox.Timedout":
            return (
                f"{name} took longer than its timeout of {function.timeout:g} s: give "
                f'Function("{own_name}", timeout=...) more (up to 15 minutes), or less work.'
            )
        case "Runtime.OutOfMemory":
            return (
                f"{name} took more than its {function.memory} MiB of memory: give "
                f'Function("{own_name}", memory=...) more (up to 10240), or less data at a time.'
            )
        case "Runtime.ExitError":
            return _crash(name, _message(ending)) or (
                f"{name} ended its own process: return from the handler, or raise an exception; "
                "do not call sys.exit() or os._exit()."
            )
        case "BdbQuit":
            return (
                f"{name} stops in a debugger, which finds no terminal in a worker process: add "
                "--inline to `invoke run`, or run its test without workers."
            )
        case "Runtime.ImportModuleError":
            problem = f"{file} cannot be imported: {_message(ending)}."
            return " ".join(filter(None, (problem, missing_package(_message(ending), name))))
        case "Runtime.UserCodeSyntaxError" | "Runtime.HandlerNotFound":
            return f"{file}: {_message(ending)}."
        case "Runtime.MarshalError":
            return (
                f"{name} returned a value that JSON does not have: {_message(ending)}. Return "
                "dicts, lists, strings, numbers, booleans or None."
            )
        case "Function.ResponseSizeTooLarge" | "Lambda.RequestTooLargeException":
            return f"{name}: {_message(ending)}. Write large data to the lake and return its key."
        case _:
            return None


def _crash(name: str, message: str) -> str:
    """Return what to do about a process that a signal ended, "" where none did."""
    text = message.partition("signal: ")[2]
    numbers = [n for n in signal.valid_signals() if (signal.strsignal(n) or "").lower() == text]
    if not numbers:
        return ""
    if numbers[0] not in _CRASHES:
        return (
            f"{name} was ended by a signal: {text} (signal {numbers[0]:d}). Look for what sends "
            "it: the handler, a program that it starts, or the system when its memory is full."
        )
    return (
        f"{name} crashed: {text} in native code (signal {numbers[0]:d}). Try another version of "
        "the compiled package that it calls; `import faulthandler; faulthandler.enable()` at the "
        "top of its lambda.py shows the line."
    )


def _not_allowed(refusal: Refusal, state: str, target: Target) -> str:
    caller, action, arn = refusal
    resource = _resource(arn, target)
    place = resource.name if resource else shown_bucket(arn.partition(":::")[2] or arn)
    permission = f'permissions=[Permission("{action}", resources=...)]'
    if is_machine_key(caller):
        return f"{state} is not allowed {action} on {place}: give the step {permission}."
    if resource is not None:
        entry = resource.name.replace("-", "_")
        reads, writes = (
            any(action.lower() == each.lower() for each in actions.get(resource.kind, ()))
            for actions in (READ_ACTIONS, WRITE_ACTIONS)
        )
    else:
        entry = f'"{place.partition("/")[0]}/"'
        reads, writes = action in _READ, action in _WRITE
    name = caller.rpartition(".")[2]
    remedy = (
        f"reads=[{entry}, ...]" if reads else f"writes=[{entry}, ...]" if writes else permission
    )
    return f'{caller} is not allowed {action} on {place}: give Function("{name}", {remedy}).'


def _unknown_bucket(refusal: Refusal, target: Target) -> str | None:
    """Return what to write where a bucket does not exist, None where it does."""
    bucket = refusal.resource.partition(":::")[2].partition("/")[0]
    zones = {shown_bucket(name): name for name in target.buckets.values()}
    if not bucket or bucket in zones.values():
        return None
    name = refusal.function.rpartition(".")[2]
    start = f"{name} uses the bucket {bucket}, which does not exist: "
    if bucket in zones:
        return (
            f"{start}the zone {bucket} has another bucket in each environment; take its name from "
            f'event["bucket"], or from os.environ["{address_variable(bucket)}"], which '
            f'reads=["{bucket}/", ...] or writes=["{bucket}/", ...] of the step sets.'
        )
    return (
        f'{start}take its name from event["bucket"], os.environ["SOURCE_BUCKET"] or '
        f'os.environ["TARGET_BUCKET"]. Zones here: {", ".join(sorted(zones))}.'
    )


def _resource(arn: str, target: Target) -> Resource | None:
    """Return the resource with this ARN, or with an index that has it."""
    own = arn.partition("/index/")[0]
    return next((each for each in target.resources if target.arn(each) == own), None)


def _message(ending: Ending) -> str:
    return read_cause(ending.cause).message.rstrip(".")
