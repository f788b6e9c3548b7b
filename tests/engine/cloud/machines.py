"""Moto's interpreter of Amazon States Language, with the replacements that dorc's documents need.

Each replacement has a comment that says why. They are written for moto 5.2.5.
"""

import json
from datetime import datetime
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

from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate

from .functions import DeployedFunctions


def replace_parts(functions: DeployedFunctions) -> None:
    """Replace these parts of moto for the rest of this process."""
    expressions: Any = StringJSONata
    calls: Any = lambda_eval_utils
    retries: Any = retrier_decl
    # moto has no evaluator of JSONata.
    expressions._eval_body = _evaluate
    # Functions run in dorc's processes, not in containers of moto's Lambda.
    calls.boto_client_for = lambda **_: functions
    # Waits between retries take no time.
    retries.time = SimpleNamespace(sleep=lambda seconds: None)


def _evaluate(self: Any, env: Any) -> None:
    # The context contains times, which are texts on AWS.
    states = json.loads(json.dumps(env.states._states_data, default=datetime.isoformat))
    try:
        env.stack.append(evaluate(self.expression, states=states))
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
