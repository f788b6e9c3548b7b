"""Starts and stops executions of deployed pipelines."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from dorc_runtime.compile.documents import LARGEST_PAYLOAD
from dorc_runtime.errors import InputError, StackError
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import Execution, find_execution, not_deployed

# The key in an execution's input that says who started it.
STARTED_BY = "dorc.startedBy"


@dataclass(frozen=True)
class Started:
    """An execution; ``is_new`` is false where it had been started before, with the same input."""

    execution: Execution
    is_new: bool


def start_execution(
    environment: AwsEnvironment,
    pipeline: str,
    input: JsonValue,  # noqa: A002 - AWS's word for it
    *,
    command: str,
    name: str | None = None,
) -> Started:
    """Start ``pipeline`` (``layer/name``) with ``input``, and return the execution.

    AWS starts at most one execution of a pipeline with a ``name`` (at most 80 characters) within
    90 days. Where one exists with this input, whoever started it, it is returned, and nothing is
    started. Without a ``name`` the execution gets a new one.

    An input that is an object also gets the key ``dorc.startedBy``: who (the caller of
    ``environment``), with which ``command`` (``invoke start``), and when. One that it has already
    is replaced, so the input of an earlier execution can be used as it is.

    Raises ``InputError`` for an input over 262,144 bytes, without a call, and ``StackError`` for a
    pipeline that is not deployed, a name that exists with another input, and what AWS refuses.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    now = datetime.now(UTC)
    # With a name, a call that is repeated because no answer came starts nothing twice.
    name = name or f"start-{now:%Y-%m-%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    whole = _with_caller(input, environment.caller, command, now)
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    _check_size(pipeline, text)
    states = environment.states
    with aws_errors("states:StartExecution"):
        try:
            answer = states.start_execution(
                stateMachineArn=environment.machine(pipeline), name=name, input=text
            )
        except states.exceptions.StateMachineDoesNotExist:
            raise not_deployed([pipeline], environment) from None
        except states.exceptions.ExecutionAlreadyExists:
            return _existing(environment, pipeline, name, whole)
    execution = Execution(
        pipeline, name, answer["executionArn"], "RUNNING", answer["startDate"], input=text
    )
    return Started(execution, is_new=True)


def without_caller(input: JsonValue) -> JsonValue:  # noqa: A002 - AWS's word for it
    """Return the input of an execution as a trigger would give it, without ``dorc.startedBy``."""
    if isinstance(input, dict):
        return {key: value for key, value in input.items() if key != STARTED_BY}
    return input


def input_of(execution: Execution) -> JsonValue:
    """Return what ``execution`` started with, as a trigger would give it.

    Raises ``StackError`` where AWS does not give it: it may be encrypted with a key that the caller
    may not use. https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    if execution.input is None:
        raise StackError(
            f"AWS does not give the input of {execution.name}: use credentials that may decrypt it."
        )
    return without_caller(json.loads(execution.input))


def started_by(execution: Execution) -> Mapping[str, str]:
    """Return ``who`` started an execution, with which ``command``, and when (``at``).

    It is empty where no command of dorc started it.
    """
    received = json.loads(execution.input or "null")
    found = received.get(STARTED_BY) if isinstance(received, dict) else None
    if not isinstance(found, dict) or found.keys() != {"who", "command", "at"}:
        return {}
    return {key: str(value) for key, value in found.items()}


def check_running(execution: Execution) -> None:
    """Raise ``StackError`` for an execution that has ended."""
    if execution.status != "RUNNING":
        word = execution.status.lower().replace("_", " ").replace("aborted", "stopped")
        raise StackError(f"{execution.name} does not run: it has ended ({word}).")


def stop_execution(
    environment: AwsEnvironment, execution: Execution, *, command: str, reason: str
) -> Execution:
    """Stop a running execution, and return it at its end.

    Its error is then ``Stopped``, and its cause says who stopped it, with which ``command``, and
    the ``reason``, if one is given. Raises ``StackError`` for an execution that has ended.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """
    check_running(execution)
    cause = f"{environment.caller} stopped it with {command}" + (f": {reason}" if reason else "")
    with aws_errors("states:StopExecution"):
        environment.states.stop_execution(executionArn=execution.arn, error="Stopped", cause=cause)
    return find_execution(environment, [execution.pipeline], execution.arn)


def _with_caller(received: JsonValue, caller: str, command: str, now: datetime) -> JsonValue:
    if not isinstance(received, dict):
        return received
    started_by: JsonValue = {"who": caller, "command": command, "at": now.isoformat()}
    return {**received, STARTED_BY: started_by}


def _check_size(pipeline: str, text: str) -> None:
    size = len(text.encode())
    if size > LARGEST_PAYLOAD:
        raise InputError(
            f"the input of {pipeline} has {size:,} bytes, and Step Functions takes at most "
            f"{LARGEST_PAYLOAD:,}: put the data into the lake and pass its key."
        )


def _existing(
    environment: AwsEnvironment, pipeline: str, name: str, received: JsonValue
) -> Started:
    """Return the execution with this name; raise for one with another input."""
    found = find_execution(environment, [pipeline], name)
    text = json.loads(found.input or "null")
    if without_caller(text) != without_caller(received):
        raise StackError(
            f"{pipeline} has an execution '{name}' in {environment.names.environment} already, "
            "with another input: give another name."
        )
    # The call may have been repeated after an answer that did not arrive.
    return Started(found, is_new=isinstance(text, dict) and text == received)
