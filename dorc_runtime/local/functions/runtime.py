"""What Lambda does around a handler: load it, call it, report its result or its failure.

The outcomes are those of AWS's runtime interface client, ``awslambdaric``
(https://github.com/aws/aws-lambda-python-runtime-interface-client). The worker process loads this
module by its path, so it imports the standard library alone.
"""

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

Handler = Callable[[object, "Context"], object]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, and Lambda adds
# 100 bytes for answers.
LARGEST_ANSWER = 6 * 1024 * 1024 + 100
MODULE = "lambda"
FUNCTION = "handler"
# From Python 3.12 on, Lambda does not escape characters outside ASCII.
_ASCII = sys.version_info < (3, 12)
_RUNTIME_FILES = frozenset(
    str(Path(__file__).with_name(f"{name}.py")) for name in ("runtime", "inline", "worker")
)


class Fault(Exception):  # noqa: N818 # the runtime's own word for it
    """A failure that the runtime reports: ``error`` is its type, ``trace`` its stack."""

    def __init__(self, error: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.trace = trace or []


class Identity:
    """The caller from a mobile app: none, in a pipeline."""

    cognito_identity_id: None = None
    cognito_identity_pool_id: None = None


class Context:
    """The second argument of a handler.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html. What it says of the function
    comes from the environment, as on Lambda; ``timeout`` is in seconds from now.
    """

    function_version = "$LATEST"
    identity = Identity()
    client_context: None = None
    tenant_id: None = None

    def __init__(self, request_id: str, *, arn: str, timeout: float) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.time() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run; 0 when its time is over."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write ``message`` to the function's log as it is, without a line's end."""
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """Writes records to the standard output as Lambda does, with the request's id."""

    def __init__(self) -> None:
        super().__init__()
        self.request_id = ""
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        record.aws_request_id = self.request_id
        sys.stdout.write(self.format(record))


def load_handler() -> Handler:
    """Import ``lambda.py`` by ``sys.path``, and return its handler.

    Raises:
        Fault: It cannot be imported, has a syntax error, or has no handler.
    """
    try:
        module = importlib.import_module(MODULE)
    except ImportError as error:
        message = f"Unable to import module '{MODULE}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        trace = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{MODULE}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, [trace]) from error
    try:
        handler: Handler = getattr(module, FUNCTION)
    except AttributeError as error:
        message = f"Handler '{FUNCTION}' missing on module '{MODULE}'"
        raise Fault("Runtime.HandlerNotFound", message) from error
    return handler


def call(handler: Handler, event: bytes, context: Context) -> tuple[bool, bytes]:
    """Call ``handler`` with ``event``, which is JSON.

    Returns whether it succeeded, and as JSON its result or its failure.
    """
    try:
        answer = response_text(handler(json.loads(event), context))
    except Exception as error:
        return False, failure(error, context.aws_request_id)
    if len(answer) > LARGEST_ANSWER:
        message = (
            f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
        )
        return False, error_text("Function.ResponseSizeTooLarge", message)
    return True, answer


def response_text(answer: object) -> bytes:
    """Return what a handler returned as JSON.

    It takes what Lambda's encoder takes: JSON's own types, decimals, bytes in UTF-8 and named
    tuples (as objects); a result of bytes is JSON already.

    Raises:
        Fault: JSON cannot hold it. That includes NaN and the infinities: Lambda passes them on in a
            form that no later step can read.
    """
    try:
        if isinstance(answer, bytes):
            plain, text = json.loads(answer, parse_constant=_refuse), answer
        else:
            plain = _plain(answer)
            text = json.dumps(plain, ensure_ascii=_ASCII, allow_nan=False).encode()
        if rb"\ud" in text.lower():
            # An escape may hide half of a character, which no later step can read.
            json.dumps(plain, ensure_ascii=False).encode()
    except RecursionError:
        problem = _nesting_problem(answer)
    except Exception as error:
        problem = str(error)
    else:
        return text
    raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}")


def failure(error: Exception, request_id: str = "") -> bytes:
    """Return ``error`` as JSON, with its stack but without the runtime's own frames."""
    if isinstance(error, Fault):
        kind, trace = error.error, error.trace
    else:
        kind, trace = type(error).__name__, _stack(error.__traceback__)
    fields = {
        "errorMessage": _message(error),
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
    return json.dumps(fields, ensure_ascii=_ASCII).encode(errors="replace")


def error_text(error: str, message: str) -> bytes:
    """Return the JSON of an error that Lambda reports from outside the runtime."""
    return json.dumps({"errorType": error, "errorMessage": message}).encode()


def exit_status(error: SystemExit) -> int:
    """Return the exit status of ``error``; a text is printed, as Python does."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception as problem:
        # Python's own words for it.
        return f"<exception str() failed> ({type(problem).__name__} in __str__)"


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return value.decode()
    fields = getattr(value, "_asdict", None)
    if callable(fields):
        return _plain(fields())
    if isinstance(value, dict):
        return {_text(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    # A decimal can be here only when its module is loaded.
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return float(value) if value.is_nan() else json.loads(str(value))
    # The encoder refuses it, and names its class.
    return value


def _nesting_problem(answer: object) -> str:
    """Return the encoder's words for a result that contains itself, or is nested too deep."""
    try:
        json.dumps(answer, default=str)
    except Exception as error:
        return str(error)
    return "maximum recursion depth exceeded"


def _text(key: object) -> object:
    return key.decode() if isinstance(key, bytes) else key


def _refuse(constant: str) -> object:
    raise ValueError(f"Out of range float values are not JSON compliant: {constant}")


def _stack(trace: TracebackType | None) -> list[str]:
    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line)
        for frame in traceback.extract_tb(trace)
    ]
    while frames and frames[0][0] in _RUNTIME_FILES:
        frames = frames[1:]
    return traceback.format_list(frames)
