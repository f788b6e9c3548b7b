"""From a pipeline to its Amazon States Language document, in JSONata mode.

The language: https://states-language.net, and as Step Functions takes it:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from dorc_runtime.compile.document.maps import map_state
from dorc_runtime.compile.document.task_documents import task_state
from dorc_runtime.compile.documents import Context, Document, States, seconds
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    RecoverableStep,
    Retry,
    Service,
    Step,
    Succeed,
    Wait,
)
from dorc_runtime.model.steps.recovery import ALL_ERRORS

__all__ = ["PASSING_ERRORS", "Document", "state_machine", "wanted_name"]

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html, "Handle transient
# Lambda service exceptions".
PASSING_ERRORS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
_ADVISED: Document = {
    "ErrorEquals": list(PASSING_ERRORS),
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2.0,
    "JitterStrategy": "FULL",
}
_NONE: Mapping[str, str] = MappingProxyType({})


def state_machine(
    pipeline: Pipeline,
    *,
    arns: Mapping[str, str],
    machines: Mapping[str, str] = _NONE,
    buckets: Mapping[str, str] = _NONE,
) -> Document:
    """Return the document of ``pipeline``.

    ``arns`` has the ARNs of its functions by name, ``machines`` those of the state machines that it
    calls by their pipelines' ids, ``buckets`` the buckets of zones; what is no zone there is the
    bucket itself. Unnamed steps are called after their kind (a Fail after its error, a Call after
    its pipeline, a Service after its action), with a number from the second on, since state names
    are unique in a whole machine.
    """
    machine = _machine(pipeline.steps, Context(arns, machines, buckets))
    comment: Document = {"Comment": pipeline.description} if pipeline.description else {}
    return {
        **comment,
        "QueryLanguage": "JSONata",
        **machine,
        "TimeoutSeconds": seconds(pipeline.timeout),
    }


def wanted_name(step: Step) -> str:
    """Return what ``step`` is called, if no other step is called so."""
    if step.name:
        return step.name
    match step:
        case Fail(error=error) if not error.startswith("{%"):
            return error
        case Call(pipeline=pipeline):
            return f"Call {pipeline.partition('/')[2]}"
        case Service(action=action):
            return action.removeprefix("aws-sdk:").replace(":", " ")
        case _:
            return type(step).__name__


def _machine(steps: Sequence[Step], context: Context) -> Document:
    states: States = {}
    start = _sequence(steps, None, states, context)
    return {"StartAt": start, "States": states}  # type: ignore[dict-item] # States is JSON too


def _sequence(
    steps: Sequence[Step], following: str | None, states: States, context: Context
) -> str:
    """Add the states of ``steps`` and return the first one's name."""
    names = [context.take(wanted_name(step)) for step in steps]
    for step, name, after in zip(steps, names, [*names[1:], following], strict=True):
        # Keeps the states in the order of the steps, whatever a state adds behind it.
        states[name] = {}
        states[name] = _state(step, name, after, states, context)
    return names[0]


def _state(
    step: Step, name: str, following: str | None, states: States, context: Context
) -> Document:
    match step:
        case RecoverableStep():
            state = _work(step, context) | _output(step) | _retries(step)
            state |= _catches(step.catch, name, following, states, context)
        case Choice():
            return _choice(step, name, following, states, context)
        case Wait():
            state = _wait(step) | _output(step)
        case Pass():
            state = {"Type": "Pass", **_output(step)}
        case Succeed():
            output: Document = {} if step.output is None else {"Output": step.output}
            return {"Type": "Succeed", **output}
        case Fail():
            cause: Document = {"Cause": step.cause} if step.cause else {}
            return {"Type": "Fail", "Error": step.error, **cause}
        case _:
            raise TypeError(f"{type(step).__name__} is no kind of step")
    return state | _go(following)


def _work(step: RecoverableStep, context: Context) -> Document:
    match step:
        case Function() | Call() | Service():
            return task_state(step, context)
        case Parallel():
            branches: list[JsonValue] = [_machine(branch, context) for branch in step.branches]
            return {"Type": "Parallel", "Branches": branches}
        case Map():
            return map_state(step, _machine(step.steps, context), context.buckets)
        case _:
            raise TypeError(f"{type(step).__name__} is no kind of step")


def _output(step: RecoverableStep | Choice | If | Wait | Pass | Catch) -> Document:
    """Return the fields of ``step`` for what comes after it, where it says so."""
    output: Document = {} if step.output is None else {"Output": step.output}
    return output | ({"Assign": step.assign} if step.assign else {})


def _choice(
    step: Choice, name: str, following: str | None, states: States, context: Context
) -> Document:
    end = following or context.take(f"{name} passed")

    def enter(steps: Sequence[Step]) -> str:
        return _sequence(steps, following, states, context) if steps else end

    ways: list[JsonValue] = [
        {"Condition": way.condition, **_output(way), "Next": enter(way.then)} for way in step.ways
    ]
    state: Document = {
        "Type": "Choice",
        "Choices": ways,
        **_output(step),
        "Default": enter(step.otherwise),
    }
    if following is None and not (step.otherwise and all(way.then for way in step.ways)):
        states[end] = {"Type": "Succeed"}
    return state


def _wait(step: Wait) -> Document:
    if step.seconds is not None:
        return {"Type": "Wait", "Seconds": step.seconds}
    return {"Type": "Wait", "Timestamp": step.until}


def _retries(step: RecoverableStep) -> Document:
    retriers = [_retry(retry) for retry in step.retry or ()]
    catches_all = any(ALL_ERRORS in retry.errors for retry in step.retry or ())
    if isinstance(step, Function) and step.retry != () and not catches_all:
        retriers.append(dict(_ADVISED))
    return {"Retry": retriers} if retriers else {}  # type: ignore[dict-item] # Documents are JSON


def _retry(retry: Retry) -> Document:
    retrier: Document = {
        "ErrorEquals": list(retry.errors),
        "IntervalSeconds": seconds(retry.interval),
        "MaxAttempts": retry.max_attempts,
        "BackoffRate": retry.backoff,
    }
    if retry.max_delay is not None:
        retrier["MaxDelaySeconds"] = seconds(retry.max_delay)
    if retry.jitter:
        retrier["JitterStrategy"] = "FULL"
    return retrier


def _catches(
    catches: Sequence[Catch],
    name: str,
    following: str | None,
    states: States,
    context: Context,
) -> Document:
    catchers: list[JsonValue] = []
    for catch in catches:
        # A step of its own goes on from a catch without steps, where nothing else follows.
        steps = catch.steps or ((Pass(name=f"{name} caught"),) if following is None else ())
        target = _sequence(steps, following, states, context) if steps else following
        catchers.append(
            {
                "ErrorEquals": list(catch.errors),
                "Output": {"input": "{% $states.input %}", "error": "{% $states.errorOutput %}"},
                **_output(catch),
                "Next": target,
            }
        )
    return {"Catch": catchers} if catchers else {}


def _go(following: str | None) -> Document:
    return {"End": True} if following is None else {"Next": following}
