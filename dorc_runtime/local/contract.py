"""What a function must keep to, so that Lambda can run it, and the remedy where it did not.

The error names: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

import json
from collections.abc import Mapping

from dorc_runtime.local.functions import LocalFunction
from dorc_runtime.local.history import Ending


def breach(ending: Ending, functions: Mapping[str, LocalFunction]) -> str | None:
    """Return in one line how a function broke Lambda's contract, if that ended the run.

    The function's code or its step's settings have to change then: no other input would help.
    """
    if ending.failed is None or ending.failed.visit.state not in functions:
        return None
    function = functions[ending.failed.visit.state]
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


def _message(ending: Ending) -> str:
    """Return the message in the cause, which is the JSON that the function's runtime answered."""
    return str(json.loads(ending.cause)["errorMessage"]).rstrip(".")
