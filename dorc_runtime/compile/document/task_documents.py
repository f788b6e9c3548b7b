"""The states of functions, calls and services.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from datetime import timedelta

from pydantic import JsonValue

from dorc_runtime.compile.documents import Context, Document, seconds
from dorc_runtime.compile.permissions.job_actions import WITH_TOKEN, resource_ending
from dorc_runtime.compile.permissions.service_actions import bucket_arguments, resource
from dorc_runtime.model.steps import Call, Function, Service

INVOKE = resource("lambda:invoke")
INVOKE_WITH_TOKEN = f"{INVOKE}{WITH_TOKEN}"
START = resource("states:startExecution")
START_AND_WAIT = f"{START}.sync:2"
# So that the function's own timeout ends it first, even after a cold start.
TIMEOUT_MARGIN = timedelta(seconds=60)


def task_state(step: Function | Call | Service, context: Context) -> Document:
    """Return the state of ``step``, without ``Next``."""
    match step:
        case Function():
            state = _function(step, context.arns[step.name])
            timeout = step.timeout + TIMEOUT_MARGIN
            limit = step.answer_within if step.wait_for_token else timeout
        case Call():
            state = _call(step, context.machines[step.pipeline])
            limit = step.timeout
        case Service():
            state = {
                "Resource": resource(step.action) + resource_ending(step),
                "Arguments": bucket_arguments(step, context.buckets),
            }
            if step.heartbeat is not None:
                state["HeartbeatSeconds"] = seconds(step.heartbeat)
            limit = step.timeout
    last: Document = {} if limit is None else {"TimeoutSeconds": seconds(limit)}
    return {"Type": "Task", **state, **last}


def _function(step: Function, arn: str) -> Document:
    if step.wait_for_token:
        payload: JsonValue = {
            "input": "{% $states.input %}",
            "token": "{% $states.context.Task.Token %}",
        }
        return {
            "Resource": INVOKE_WITH_TOKEN,
            "Arguments": {"FunctionName": arn, "Payload": payload},
        }
    return {
        "Resource": INVOKE,
        "Arguments": {"FunctionName": arn, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
    }


def _call(step: Call, arn: str) -> Document:
    arguments: Document = {"StateMachineArn": arn, "Input": step.input}
    if not step.wait:
        return {"Resource": START, "Arguments": arguments}
    return {
        "Resource": START_AND_WAIT,
        "Arguments": arguments,
        "Output": "{% $states.result.Output %}",
    }
