"""Moto's interpreter of Amazon States Language, with the replacements that dorc's documents need.

Each replacement has a comment that says why. They are written for moto 5.2.5.
"""

import json
from datetime import datetime
from functools import partial, partialmethod
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (  # noqa: E501 # moto's
    StateTaskServiceSfn,
)

from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate

from .functions import DeployedFunctions
from .map_fields import read_map_fields


def replace_parts(functions: DeployedFunctions) -> None:
    """Replace these parts of moto for the rest of this process."""
    expressions: Any = StringJSONata
    calls: Any = lambda_eval_utils
    retries: Any = retrier_decl
    # moto has no evaluator of JSONata.
    expressions._eval_body = _evaluate
    # Functions run in dorc's processes, not in containers of moto's Lambda.
    calls.execute_lambda_function_integration = partial(_invoke, functions)
    read_map_fields()
    # moto forgets that boto3 begins the names of Step Functions' fields with a small letter.
    nested: Any = StateTaskServiceSfn
    write = nested._normalise_parameters
    nested._normalise_parameters = partialmethod(_with_small_letters, write)
    nested._normalise_response = _with_capital_letters
    # Waits between retries take no time.
    retries.time = SimpleNamespace(sleep=lambda seconds: None)


def _invoke(
    functions: DeployedFunctions, env: Any, parameters: Any, region: str, state_credentials: Any
) -> None:
    """Put on the stack what the integration of Lambda returns, which moto shortens.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    """
    answer = functions.invoke(parameters["FunctionName"], json.loads(parameters["Payload"]))
    if answer.failed:
        payload = json.dumps(answer.payload, separators=(",", ":"))
        raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", payload)
    env.stack.append(
        {
            "ExecutedVersion": "$LATEST",
            "Payload": answer.payload,
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": answer.request_id},
            "StatusCode": 200,
        }
    )


def _with_small_letters(self: Any, write: Any, parameters: dict[str, Any], **names: Any) -> None:
    write(self, parameters, **names)
    for name in tuple(parameters):
        parameters[name[0].lower() + name[1:]] = parameters.pop(name)


def _with_capital_letters(_: Any, response: dict[str, Any], **__: Any) -> None:
    for name in tuple(response):
        value = response.pop(name)
        response[name[0].upper() + name[1:]] = _epoch(value)


def _epoch(value: Any) -> Any:
    """Return a time as Step Functions writes it into JSON, in milliseconds."""
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _evaluate(self: Any, env: Any) -> None:
    store = env.variable_store
    found = {"states": env.states._states_data, **store._outer_scope, **store._inner_scope}
    # The context contains times, which are texts on AWS.
    known = json.loads(json.dumps(found, default=datetime.isoformat))
    try:
        env.stack.append(evaluate(self.expression, states=known.pop("states"), variables=known))
    except QueryEvaluationError as problem:
        error = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
        details = EvaluationFailedEventDetails(cause=str(problem), error=error.error_name)
        event_details: Any = {"evaluationFailedEventDetails": details}
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=error,
                event_type=HistoryEventType.EvaluationFailed,
                event_details=event_details,
            )
        ) from problem
