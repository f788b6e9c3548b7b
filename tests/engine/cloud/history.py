"""The history of an execution in pages and in both orders, as Step Functions gives it."""

from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

_PAGE = 100


def page_histories() -> None:
    """Let moto give pages: it gives everything at once.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
    """
    responses: Any = StepFunctionResponse
    responses.get_execution_history = _page


def _page(self: Any) -> ActionResult:
    found = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events = found["events"]
    if self._get_param("reverseOrder"):
        events = events[::-1]
    start, size = int(self._get_param("nextToken") or 0), self._get_param("maxResults") or _PAGE
    end = start + size
    more = {"nextToken": str(end)} if end < len(events) else {}
    return ActionResult({"events": events[start:end], **more})
