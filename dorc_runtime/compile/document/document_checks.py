"""What is wrong with the steps of a pipeline, and with the document that they become."""

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from dorc_runtime.compile.document.scopes import Use, clashes, uses
from dorc_runtime.compile.document.states import state_machine, wanted_name
from dorc_runtime.compile.expressions.allowed import problems_in
from dorc_runtime.compile.permissions.service_actions import ACTIONS, Place, permissions
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Call,
    Catch,
    Function,
    RecoverableStep,
    Retry,
    Service,
    all_steps,
)

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LARGEST_DOCUMENT = 1024 * 1024
# What is allowed does not depend on it, only on what.
_ANYWHERE = Place(region="eu-west-1", account="123456789012")
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_STATES_ERRORS = frozenset(
    "States." + name
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "Http.Socket",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)


# Steps by their names, each with what is wrong with it.
Found = Iterator[tuple[str, str]]


def step_problems(pipeline: Pipeline) -> Found:
    """Yield what is wrong with single steps: errors that there are not, unknown permissions."""
    for step in all_steps(pipeline.steps):
        if isinstance(step, RecoverableStep):
            yield from ((wanted_name(step), problem) for problem in _errors(step))
        if isinstance(step, Service):
            yield from ((wanted_name(step), problem) for problem in _action(step))


def document_problems(pipeline: Pipeline) -> Found:
    """Yield what is wrong with the document of ``pipeline``, and the expressions in it."""
    steps = [*all_steps(pipeline.steps)]
    arns = {step.name: step.name for step in steps if isinstance(step, Function)}
    machines = {step.pipeline: step.pipeline for step in steps if isinstance(step, Call)}
    document = state_machine(pipeline, arns=arns, machines=machines)
    for use in uses(document):
        yield from ((use.state, problem) for problem in _template(use))
    for clash in clashes(document):
        yield (
            clash.state,
            (
                f"${clash.variable} is a variable outside already, which Step Functions refuses "
                "inside a Map or Parallel: choose another name"
            ),
        )
    size = len(json.dumps(document))
    if size > LARGEST_DOCUMENT:
        yield (
            "",
            (
                f"its state machine has {size:,} bytes, over Step Functions' {LARGEST_DOCUMENT:,}: "
                "split the pipeline, and let one start the other with a PipelineTrigger"
            ),
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question for the one of ``known`` that ``name`` is most like, "" for none."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def _errors(step: RecoverableStep) -> Iterator[str]:
    handlers: Iterable[Retry | Catch] = (*(step.retry or ()), *step.catch)
    for error in (error for handler in handlers for error in handler.errors):
        if error.startswith("States.") and error not in _STATES_ERRORS:
            near = nearest(error, _STATES_ERRORS)
            yield f"Step Functions knows no error '{error}'.{near}"


def _action(step: Service) -> Iterator[str]:
    sdk = f"aws-sdk:{step.action}"
    if step.action not in ACTIONS and sdk in ACTIONS:
        yield f"Step Functions has no '{step.action}': write '{sdk}'"
    elif permissions(step, place=_ANYWHERE, buckets={}) is None:
        near = "" if step.action in ACTIONS else nearest(step.action, ACTIONS)
        yield (
            f"what '{step.action}' must be allowed to do here is not known before a run."
            f'{near} Say it: permissions=[Permission("<action>", resources=["<ARN>"])]'
        )


def _template(use: Use) -> Iterator[str]:
    if not use.text.endswith("%}"):
        yield f"{use.text!r} begins with {{% but does not end with %}}"
        return
    yield from problems_in(use.text[2:-2], states=use.members, variables=use.variables)
