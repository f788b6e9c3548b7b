"""Moto's interpreter of Amazon States Language, as a second opinion in this process.

It is driven from its parser on, without its API; no time passes in its waits and retries. Each
replacement of its parts has a line that says why, and is written for moto ``VERSION`` alone.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
    StateMachineType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
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
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramRunning
from moto.stepfunctions.parser.asl.eval.states import (
    ContextObjectData,
    ExecutionData,
    StateMachineData,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.utils import TMP_THREADS
from pydantic import JsonValue

from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate

VERSION = "5.2.5"

# Returns what the function of that name answers, and whether it is an error.
Answer = Callable[[str, JsonValue], tuple[JsonValue, bool]]


@dataclass(frozen=True)
class Run:
    """How moto's run ended, the states in the order it entered them, and its waits in seconds."""

    status: str
    output: JsonValue
    error: str
    states: list[str]
    waits: list[float]


def run(document: Mapping[str, JsonValue], event: JsonValue, answer: Answer) -> Run:
    """Run ``document`` on ``event``, its functions answered by ``answer`` from many threads."""
    program = AmazonStateLanguageParser.parse(json.dumps(document))[0]
    env = _environment(event)
    waits: list[float] = []
    with _repaired(answer, waits):
        program.eval(env)
        # What the others of a failed Map or Parallel still do needs the repairs too.
        for thread in TMP_THREADS:
            thread.join(timeout=5)
        TMP_THREADS.clear()
    history: list[Any] = env.event_manager.get_event_history()
    states = [
        entry["stateEnteredEventDetails"]["name"]
        for entry in history
        if "stateEnteredEventDetails" in entry
    ]
    end: Any = env.program_state()
    if isinstance(end, ProgramEnded):
        return Run("SUCCEEDED", env.states.get_input(), "", states, waits)
    return Run("FAILED", None, end.error["error"], states, waits)


def _environment(event: JsonValue) -> Environment:
    role, account = "arn:aws:iam::123456789012:role/r", "123456789012"
    arn = f"arn:aws:states:us-east-1:{account}"
    env = Environment(
        aws_execution_details=AWSExecutionDetails(account, "us-east-1", role),
        execution_type=StateMachineType.STANDARD,
        context=ContextObjectData(  # type: ignore[typeddict-item] # moto leaves out the same
            Execution=ExecutionData(
                Id=f"{arn}:execution:m:run",
                Input=event,
                Name="run",
                RoleArn=role,
                StartTime=datetime.now(UTC).isoformat(),
            ),
            StateMachine=StateMachineData(Id=f"{arn}:stateMachine:m", Name="m"),
        ),
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    env.states.reset(event)
    return env


@contextlib.contextmanager
def _repaired(answer: Answer, waits: list[float]) -> Iterator[None]:
    """Put the parts in place that moto lacks, or that would take time."""
    with pytest.MonkeyPatch.context() as patch:
        # It prints the whole machine into its log for each failure, which takes most of the time.
        for method in ("_log_failure_event_exception", "_log_exception"):
            patch.setattr(EvalComponent, method, lambda *_, **__: None)
        # Expressions are compared elsewhere, with npm's jsonata; moto comes without an evaluator.
        patch.setattr(StringJSONata, "_eval_body", _evaluate)
        # It refuses the names of Step Functions' own errors where a Map or Parallel fails by them.
        for module in (branches_decl, iteration_worker):
            patch.setattr(module, "CustomErrorName", _error_name)
        # A branch that is stopped before it has begun ends its thread by an exception.
        patch.setattr(Environment, "next_state_name", _NEXT_STATE)
        # Retries and waits take no time.
        patch.setattr(retrier_decl, "time", SimpleNamespace(sleep=waits.append))
        patch.setattr(WaitFunction, "_wait_interval", lambda *_, **__: None)
        # Functions are Python, not containers behind its Lambda.
        patch.setattr(lambda_eval_utils, "boto_client_for", lambda **_: _Lambda(answer))
        yield


def _go_on(self: Any, name: str) -> None:
    if self._program_state is None:
        self._program_state = ProgramRunning()  # type: ignore[no-untyped-call] # moto's
    self._program_state.next_state_name = name


_NEXT_STATE = vars(Environment)["next_state_name"].setter(_go_on)


def _error_name(error_name: str) -> Any:
    if error_name.startswith("States."):
        return StatesErrorName.from_name(error_name)
    return CustomErrorName(error_name)


def _evaluate(self: Any, env: Any) -> None:
    store = env.variable_store
    found = {"states": env.states._states_data, **store._outer_scope, **store._inner_scope}
    known = json.loads(json.dumps(found))
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


class _Lambda:
    """The one call of boto3's Lambda client that moto makes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Answer as ``Invoke`` does."""
        payload, failed = self._answer(
            call["FunctionName"].rpartition(":")[2], json.loads(call["Payload"])
        )
        error = {"FunctionError": "Unhandled"} if failed else {}
        body = io.BytesIO(json.dumps(payload).encode())
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": body, **error}
