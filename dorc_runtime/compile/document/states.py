"""From a pipeline to its Amazon States Language document, in JSONata mode.

The language: https://states-language.net, and the part that Step Functions accepts:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from dorc_runtime.compile.document.maps import map_state
from dorc_runtime.compile.document.repeats import repeat_state
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
    Repeat,
    Retry,
    Service,
    Step,
    Succeed,
    Wait,
)
from dorc_runtime.model.steps.recovery import ALL_ERRORS

__all__ = ["TRANSIENT_ERRORS", "Document", "state_machine", "state_name"]

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html, "Handle transient
# Lambda service exceptions".
TRANSIENT_ERRORS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
_DEFAULT_RETRY: Document = {
    "ErrorEquals": list(TRANSIENT_ERRORS),
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

    ``arns`` has the ARNs of its functions by name, ``machines`` the ARNs of the state machines that
    it calls by pipeline (``layer/name``), ``buckets`` the buckets of zones; any other name is the
    name of a bucket. A step without a name is named after its kind (a Fail after its error, a Call
    after its pipeline, a Service after its action). State names are unique in a whole machine, so
    the second one gets a number.
    """
    machine = _machine(pipeline.steps, Context(arns, machines, buckets))
    comment: Document = {"Comment": pipeline.description} if pipeline.description else {}
    return {
        **comment,
        "QueryLanguage": "JSONata",
        **machine,
        "TimeoutSeconds": seconds(pipeline.timeout),
    }


def state_name(step: Step) -> str:
    """Return the name of the state of ``step``, if no other step has that name."""
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
    names = [context.unique_name(state_name(step)) for step in steps]
    for step, name, after in zip(steps, names, [*names[1:], following], strict=True):
        # Keeps the states in the order of the steps, whatever states one of them adds.
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
        case Repeat():
            return _repeat(step, name, following, states, context)
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
            raise TypeError(f"{type(step).__name__} is not a step")
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
            raise TypeError(f"{type(step).__name__} is not a step")


def _output(step: RecoverableStep | Choice | If | Wait | Pass | Catch) -> Document:
    """Return the fields Output and Assign of ``step``, if it has them."""
    output: Document = {} if step.output is None else {"Output": step.output}
    return output | ({"Assign": step.assign} if step.assign else {})


def _choice(
    step: Choice, name: str, following: str | None, states: States, context: Context
) -> Document:
    end = following or context.unique_name(f"{name} passed")

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


def _repeat(
    step: Repeat, name: str, following: str | None, states: States, context: Context
) -> Document:
    end = following or context.unique_name(f"{name} passed")

    def add_round(after: str) -> str:
        return _sequence(step.steps, after, states, context)

    state = repeat_state(step, name, end, states, context, add_round)
    if following is None:
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
        retriers.append(dict(_DEFAULT_RETRY))
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
        # A Catch without steps needs a state to go to, even if no step follows.
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
