"""Redrives: executions that failed continue where they failed.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.deployed_executions import (
    Execution,
    called_execution,
    definition,
    deployed_definition,
)
from dorc_runtime.operate.parallel_calls import in_parallel

# Why AWS does not redrive, and what that means:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_REASONS = {
    "Execution is RUNNING and cannot be redriven": "it is still running",
    "Execution is SUCCEEDED and cannot be redriven": "it succeeded",
    "Execution redrivable period exceeded": "it ended more than 14 days ago",
    "Execution history event limit exceeded": "its history has 24,999 events or more",
}


@dataclass(frozen=True)
class Redrive:
    """What a redrive of ``execution`` means.

    ``refusal`` says why it cannot be redriven or why that makes no sense, "" where it can.
    ``is_changed`` says that the pipeline's definition has changed since the execution started: a
    redrive uses the old one.
    """

    execution: Execution
    refusal: str = ""
    is_changed: bool = False


def plan_redrives(
    environment: AwsEnvironment, executions: Sequence[Execution]
) -> tuple[Redrive, ...]:
    """Return what a redrive of each of ``executions`` means; nothing is changed.

    The executions are described, with the state that failed. AWS is asked for the definition of
    each, and for that of each pipeline now. Raises ``StackError`` for a pipeline that is not
    deployed any more.
    """
    # Threads share the client.
    _ = environment.states
    pipelines = sorted({each.pipeline for each in executions})
    machines = in_parallel(lambda each: deployed_definition(environment, each), pipelines)
    deployed = dict(zip(pipelines, machines, strict=True))
    started = in_parallel(lambda each: definition(environment, each), executions)
    callers = {called_execution(each.cause): each.name for each in executions}
    return tuple(
        Redrive(
            execution,
            refusal_of(execution, machine, caller=callers.get(execution.arn, "")),
            is_changed=machine != deployed[execution.pipeline],
        )
        for execution, machine in zip(executions, started, strict=True)
    )


def refusal_of(execution: Execution, machine: Mapping[str, Any], *, caller: str = "") -> str:
    """Return why ``execution`` of ``machine`` is not redriven, "" when nothing is against it.

    ``caller`` is the name of the execution that started it by a Call, where that is redriven too.
    """
    if execution.not_redrivable:
        return _REASONS.get(execution.not_redrivable, f"AWS says: {execution.not_redrivable}")
    if caller:
        return f"a Call in {caller} started it, and starts it again"
    if execution.state and execution.state in _fail_states(machine):
        return f"it ended in the Fail state '{execution.state}', and would fail again"
    return ""


def redrive(environment: AwsEnvironment, execution: Execution) -> None:
    """Let a failed execution continue where it failed.

    It keeps its name, input and definition. States that failed run again, with the functions as
    they are now; what succeeded does not. Raises ``StackError`` where AWS refuses.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
    """
    with aws_errors("states:RedriveExecution"):
        environment.states.redrive_execution(executionArn=execution.arn)


def _fail_states(machine: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    for name, state in machine["States"].items():
        if state["Type"] == "Fail":
            found.add(name)
        inner = [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]
        found = found.union(*(_fail_states(each) for each in inner))
    return frozenset(found)
