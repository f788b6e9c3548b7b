"""The problems of the steps of a pipeline, and of the document that they become."""

import json
from collections.abc import Iterable, Iterator

from dorc_runtime.compile.document.scopes import Use, clashes, uses
from dorc_runtime.compile.document.states import state_machine, state_name
from dorc_runtime.compile.expressions.expression_checks import expression_problems
from dorc_runtime.compile.permissions.job_actions import service_permissions, waiting_problems
from dorc_runtime.compile.permissions.service_actions import ACTIONS, SDK, Place
from dorc_runtime.errors import suggestion
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
# Whether the permissions of an action are known does not depend on region and account.
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


# Pairs of a step's name and its problem.
Findings = Iterator[tuple[str, str]]


def step_problems(pipeline: Pipeline) -> Findings:
    """Yield the problems of single steps: unknown errors, unknown permissions."""
    for step in all_steps(pipeline.steps):
        if isinstance(step, RecoverableStep):
            yield from ((state_name(step), problem) for problem in _errors(step))
        if isinstance(step, Service):
            yield from ((state_name(step), problem) for problem in _action(step))


def document_problems(pipeline: Pipeline) -> Findings:
    """Yield the problems of the document of ``pipeline``, and of the expressions in it."""
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
                f"Step Functions does not accept ${clash.variable} inside the Map or Parallel and "
                "outside it: choose another name for one of the two variables"
            ),
        )
    size = len(json.dumps(document))
    if size > LARGEST_DOCUMENT:
        yield (
            "",
            (
                f"its state machine has {size:,} bytes, and Step Functions accepts "
                f"{LARGEST_DOCUMENT:,}: split the pipeline, and start the second part with a "
                "PipelineTrigger"
            ),
        )


def _errors(step: RecoverableStep) -> Iterator[str]:
    handlers: Iterable[Retry | Catch] = (*(step.retry or ()), *step.catch)
    for error in (error for handler in handlers for error in handler.errors):
        if error.startswith("States.") and error not in _STATES_ERRORS:
            yield f"Step Functions has no error '{error}'.{suggestion(error, _STATES_ERRORS)}"


def _action(step: Service) -> Iterator[str]:
    if waiting := [*waiting_problems(step)]:
        yield from waiting
        return
    sdk = f"{SDK}{step.action}"
    if step.action not in ACTIONS and sdk in ACTIONS:
        yield f"Step Functions has no '{step.action}': write '{sdk}'"
    elif service_permissions(step, place=_ANYWHERE, buckets={}) is None:
        near = "" if step.action in ACTIONS else suggestion(step.action, ACTIONS)
        yield (
            f"the permissions that '{step.action}' needs here are unknown before a run."
            f'{near} Add them: permissions=[Permission("<action>", resources=["<ARN>"])]'
        )


def _template(use: Use) -> Iterator[str]:
    if not use.text.endswith("%}"):
        yield f"{use.text!r} starts with {{% and does not end with %}}: add %}}"
        return
    yield from expression_problems(use.text[2:-2], states=use.members, variables=use.variables)
