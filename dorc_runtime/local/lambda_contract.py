"""What a function must keep to, so that Lambda can run it, and the remedy where it did not.

Also what its role must allow, for the data that it reads and writes. The error names:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

import json
import re
from collections.abc import Mapping, Sequence

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.inputs import shown_bucket
from dorc_runtime.runs.events import Ending
from dorc_runtime.runs.result import Refusal

# How libraries tell of S3's refusal.
_DENIED = re.compile("access.?denied|permission.?denied|forbidden|not authorized", re.IGNORECASE)
_READ = ("s3:GetObject", "s3:ListBucket")
_WRITE = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


def remedy(
    ending: Ending, functions: Mapping[str, LocalFunction], refused: Sequence[Refusal]
) -> str | None:
    """Return in one line how a function broke Lambda's contract, if that ended the run.

    The function's code or its step's settings have to change then: no other input would help.
    ``refused`` is what functions were refused in the run, which may be what ended it.
    """
    if ending.failed is None:
        return None
    function = functions.get(ending.failed.visit.state)
    if function is not None and (broken := _broken(ending, function)):
        return broken
    # Another state fails by a function of a pipeline that it calls.
    own = [each for each in refused if function is None or each.function == function.name]
    return _not_allowed(own[-1]) if own and _DENIED.search(ending.cause) else None


def _broken(ending: Ending, function: LocalFunction) -> str | None:
    name = function.name
    match ending.error:
        case "Sandbox.Timedout":
            return (
                f"{name} took longer than its timeout of {function.timeout:g} s: give "
                f'Function("{name}", timeout=...) more (15 minutes at most), or less to do.'
            )
        case "Runtime.OutOfMemory":
            return (
                f"{name} took more than its {function.memory} MiB of memory: give "
                f'Function("{name}", memory=...) more (10240 at most), or less to do at a time.'
            )
        case "Runtime.ExitError":
            return (
                f"{name} ended its own process: return from the handler, or raise an exception; "
                "never sys.exit() or os._exit()."
            )
        case "Runtime.ImportModuleError":
            return (
                f"{name}/lambda.py cannot be imported: {_message(ending)}. Packages go into "
                "requirements.txt, the repository's or the pipeline's."
            )
        case "Runtime.UserCodeSyntaxError" | "Runtime.HandlerNotFound":
            return f"{name}/lambda.py: {_message(ending)}."
        case "Runtime.MarshalError":
            return (
                f"{name} returned what JSON cannot hold: {_message(ending)}. Return dicts, lists, "
                "text, numbers, true or false, None."
            )
        case "Function.ResponseSizeTooLarge" | "Lambda.RequestTooLargeException":
            return f"{name}: {_message(ending)}. Write large data to the lake and pass its key."
        case _:
            return None


def _not_allowed(refusal: Refusal) -> str:
    function, action, resource = refusal
    name = function.rpartition(".")[2]
    place = shown_bucket(resource.partition(":::")[2])
    zone = f'"{place.partition("/")[0]}/"'
    if action in _READ:
        remedy = f"reads=[{zone}, ...]) all that it reads"
    elif action in _WRITE:
        remedy = f"writes=[{zone}, ...]) all that it writes"
    else:
        remedy = f'permissions=[Permission("{action}", resources=...)])'
    return f'{function} is not allowed {action} on {place}: give Function("{name}", {remedy}.'


def _message(ending: Ending) -> str:
    """Return the message in the cause, which is the JSON that the function's runtime answered."""
    return str(json.loads(ending.cause)["errorMessage"]).rstrip(".")
