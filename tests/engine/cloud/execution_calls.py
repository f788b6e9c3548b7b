"""Calls of Step Functions that moto does not answer as AWS does."""

import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

_PAGE = 100


def replace_calls() -> None:
    """Replace them for the rest of this process."""
    backend: Any = StepFunctionsParserBackend
    start = backend.start_execution
    # moto leaves an execution that gets no name without one.
    backend.start_execution = lambda self, arn, name, text: start(
        self, arn, name or str(uuid.uuid4()), text
    )
    responses: Any = StepFunctionResponse
    responses.get_execution_history = _history


def _history(self: Any) -> ActionResult:
    """Return a page of a history, of which moto gives everything at once, in one order.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
    """
    found = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events = found["events"]
    if self._get_param("reverseOrder"):
        events = events[::-1]
    start, size = int(self._get_param("nextToken") or 0), self._get_param("maxResults") or _PAGE
    end = start + size
    more = {"nextToken": str(end)} if end < len(events) else {}
    return ActionResult({"events": events[start:end], **more})
