"""From a pipeline to its Amazon States Language document, in JSONata mode.

The language: https://states-language.net, and as Step Functions takes it:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import JsonValue

from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    ALL_ERRORS,
    Catch,
    Choice,
    Fail,
    Function,
    Map,
    Parallel,
    Pass,
    Retry,
    Step,
    Succeed,
    Wait,
)

Document = dict[str, JsonValue]
States = dict[str, Document]

INVOKE = "arn:aws:states:::lambda:invoke"
# Leaves the function's own timeout the time to be seen as such, cold start included.
TIMEOUT_MARGIN = timedelta(seconds=60)
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


def state_machine(pipeline: Pipeline, *, arns: Mapping[str, str]) -> Document:
    """Return the document of ``pipeline``, whose functions have the given ``arns`` by name.

    Unnamed steps are called after their kind (a Fail after its error), with a number from the
    second on, since state names are unique in a whole machine.
    """
    machine = _machine(pipeline.steps, _Context(arns))
    comment: Document = {"Comment": pipeline.description} if pipeline.description else {}
    return {
        **comment,
        "QueryLanguage": "JSONata",
        **machine,
        "TimeoutSeconds": _seconds(pipeline.timeout),
    }


def wanted_name(step: Step) -> str:
    """Return what ``step`` is called, if no other step is called so."""
    if step.name:
        return step.name
    if isinstance(step, Fail) and not step.error.startswith("{%"):
        return step.error
    return type(step).__name__


@dataclass(frozen=True)
class _Context:
    """What all states of one machine share: the functions' ARNs and the names given so far."""

    arns: Mapping[str, str]
    taken: set[str] = field(default_factory=set)

    def take(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted} {number}"
        self.taken.add(name)
        return name


def _machine(steps: Sequence[Step], context: _Context) -> Document:
    states: States = {}
    start = _sequence(steps, None, states, context)
    return {"StartAt": start, "States": states}  # type: ignore[dict-item] # States is JSON too


def _sequence(
    steps: Sequence[Step], following: str | None, states: States, context: _Context
) -> str:
    """Add the states of ``steps`` and return the first one's name."""
    names = [context.take(wanted_name(step)) for step in steps]
    for step, name, after in zip(steps, names, [*names[1:], following], strict=True):
        # Keeps the states in the order of the steps, whatever a state adds behind it.
        states[name] = {}
        states[name] = _state(step, name, after, states, context)
    return names[0]


def _state(
    step: Step, name: str, following: str | None, states: States, context: _Context
) -> Document:
    match step:
        case Function():
            state = _function(step, context)
        case Parallel():
            state = {
                "Type": "Parallel",
                "Branches": [_machine(branch, context) for branch in step.branches],
            }
        case Map():
            state = _map(step, context)
        case Choice():
            return _choice(step, name, following, states, context)
        case Wait():
            state = _wait(step)
        case Pass():
            state = {"Type": "Pass", **_output(step.output)}
        case Succeed():
            return {"Type": "Succeed", **_output(step.output)}
        case Fail():
            cause: Document = {"Cause": step.cause} if step.cause else {}
            return {"Type": "Fail", "Error": step.error, **cause}
    if isinstance(step, Function | Parallel | Map):
        state |= _retries(step)
        state |= _catches(step.catch, name, following, states, context)
    return state | _go(following)


def _function(step: Function, context: _Context) -> Document:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {
            "FunctionName": context.arns[step.name],
            "Payload": "{% $states.input %}",
        },
        "Output": "{% $states.result.Payload %}",
        "TimeoutSeconds": _seconds(step.timeout + TIMEOUT_MARGIN),
    }


def _map(step: Map, context: _Context) -> Document:
    select: Document = {} if step.select is None else {"ItemSelector": step.select}
    limit: Document = {"MaxConcurrency": step.max_concurrency} if step.max_concurrency else {}
    return {
        "Type": "Map",
        "Items": step.over,
        **select,
        **limit,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            **_machine(step.steps, context),
        },
    }


def _choice(
    step: Choice, name: str, following: str | None, states: States, context: _Context
) -> Document:
    end = following or context.take(f"{name} passed")

    def enter(steps: Sequence[Step]) -> str:
        return _sequence(steps, following, states, context) if steps else end

    state: Document = {
        "Type": "Choice",
        "Choices": [{"Condition": way.condition, "Next": enter(way.then)} for way in step.ways],
        "Default": enter(step.otherwise),
    }
    if following is None and not (step.otherwise and all(way.then for way in step.ways)):
        states[end] = {"Type": "Succeed"}
    return state


def _wait(step: Wait) -> Document:
    if step.seconds is not None:
        return {"Type": "Wait", "Seconds": step.seconds}
    return {"Type": "Wait", "Timestamp": step.until}


def _retries(step: Function | Parallel | Map) -> Document:
    retriers = [_retry(retry) for retry in step.retry or ()]
    catches_all = any(ALL_ERRORS in retry.errors for retry in step.retry or ())
    if isinstance(step, Function) and step.retry != () and not catches_all:
        retriers.append(dict(_ADVISED))
    return {"Retry": retriers} if retriers else {}  # type: ignore[dict-item] # Documents are JSON


def _retry(retry: Retry) -> Document:
    retrier: Document = {
        "ErrorEquals": list(retry.errors),
        "IntervalSeconds": _seconds(retry.interval),
        "MaxAttempts": retry.max_attempts,
        "BackoffRate": retry.backoff,
    }
    if retry.max_delay is not None:
        retrier["MaxDelaySeconds"] = _seconds(retry.max_delay)
    if retry.jitter:
        retrier["JitterStrategy"] = "FULL"
    return retrier


def _catches(
    catches: Sequence[Catch],
    name: str,
    following: str | None,
    states: States,
    context: _Context,
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
                "Next": target,
            }
        )
    return {"Catch": catchers} if catchers else {}


def _output(output: JsonValue) -> Document:
    return {} if output is None else {"Output": output}


def _go(following: str | None) -> Document:
    return {"End": True} if following is None else {"Next": following}


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
