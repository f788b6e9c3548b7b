"""StopExecution as AWS answers it.

moto forgets why an execution is stopped, and waits until its state ends, which AWS does not.
"""

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.responses import StepFunctionResponse


def replace_stop() -> None:
    """Replace it for the rest of this process.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """
    responses: Any = StepFunctionResponse
    responses.stop_execution = _stop


def _stop(self: Any) -> ActionResult:
    found = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    error, cause = self._get_param("error"), self._get_param("cause")
    now = datetime.now(UTC)
    # The thread of the execution may end only now, by an error since it was stopped.
    found.exec_worker._execution_communication.terminated = lambda: None
    found.stop(stop_date=now, error=error, cause=cause)
    found.exec_status, found.stop_date = ExecutionStatus.ABORTED, now
    found.error, found.cause = error, cause
    env = found.exec_worker.env
    waiting = env.callback_pool_manager._pool.values()
    if any(not each._notify_event.is_set() for each in waiting):
        # A task that waits for an answer does not notice.
        details: Any = {
            "executionAbortedEventDetails": ExecutionAbortedEventDetails(error=error, cause=cause)
        }
        env.event_history_context.source_event_id = 0
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionAborted,
            event_details=details,
        )
    return ActionResult({"stopDate": now})
