"""What the tasks of an execution come to: functions, other pipelines, services of AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

import json
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.document.task_documents import (
    INVOKE,
    INVOKE_WITH_TOKEN,
    START,
    START_AND_WAIT,
)
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.permissions.service_actions import resource
from dorc_runtime.local.functions.outcome import Outcome, Raised
from dorc_runtime.local.interpreter.attempt import Attempt, StateError
from dorc_runtime.local.interpreter.executions import Begin, Run, Scope
from dorc_runtime.local.interpreter.scheduler import Pending, Task, first_of
from dorc_runtime.runs.events import Ending

Work = Coroutine[Pending[Any], None, JsonValue]


class Tasks:
    """Carries out the tasks of one execution.

    ``beside`` gets the executions that tasks start and do not wait for.
    """

    def __init__(self, run: Run, begin: Begin, beside: list[Task[Ending]]) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._begin = begin
        self._beside = beside

    async def result(self, attempt: Attempt, scope: Scope) -> JsonValue:
        """Return the result of a Task, as its ``Output`` finds it.

        Raises:
            StateError: It fails, or takes longer than its ``TimeoutSeconds``.
        """
        attempt = _with_token(attempt)
        arguments = attempt.evaluate("Arguments", attempt.state["Arguments"])
        assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
        called = attempt.state["Resource"]
        if attempt.name in self._run.mocks:
            return _mocked(called, self._run.mocks[attempt.name])
        if called == INVOKE:
            # Not held to the state's TimeoutSeconds: that is over the function's own timeout, which
            # the functions keep, and would count the time a call waits for a free worker.
            return await self._function(attempt, arguments)
        attempt.check_size(arguments, "sends")
        if called in (START, START_AND_WAIT):
            call = self._pipeline(attempt, arguments, scope, wait=called == START_AND_WAIT)
            return await self._in_time(attempt, call)
        action = called.removeprefix(resource(""))
        answer = self._run.services.call(action, arguments, self._run.execution)
        attempt.check_size(answer)
        return answer

    async def _function(self, attempt: Attempt, arguments: Document) -> JsonValue:
        function = str(arguments["FunctionName"]).rpartition(":")[2]
        outcome: Outcome = await self._scheduler.call(
            lambda done: self._run.functions.submit(function, arguments["Payload"], done)
        )
        if isinstance(outcome, Raised):
            raise StateError(outcome.error, outcome.cause)
        attempt.check_size(outcome.payload)
        return _invoked(outcome.payload)

    async def _pipeline(
        self, attempt: Attempt, arguments: Document, scope: Scope, *, wait: bool
    ) -> JsonValue:
        arn = str(arguments["StateMachineArn"])
        machine = self._run.machines[arn]
        now = self._scheduler.clock.now
        execution = self._run.execution.called(arn, arguments["Input"], now=now())
        run = replace(self._run, execution=execution, pipeline=machine.pipeline, mocks={})
        place = Scope((*scope.path, attempt.name, machine.pipeline))
        work = self._scheduler.spawn(
            self._to_the_end(self._begin(machine.document, run, place), run)
        )
        if not wait:
            self._beside.append(work)
            return execution.started()
        try:
            ending = await work
        finally:
            self._scheduler.cancel(work)
        about = execution.described(ending, now=now())
        if ending.status != "SUCCEEDED":
            raise StateError("States.TaskFailed", json.dumps(about, ensure_ascii=False))
        return about

    async def _to_the_end(self, work: Task[Ending], run: Run) -> Ending:
        execution, now = run.execution, self._scheduler.clock.now
        run.observe(execution.changed(None, now=execution.began))
        try:
            ending = await work
        finally:
            self._scheduler.cancel(work)
        run.observe(execution.changed(ending, now=now()))
        return ending

    async def _in_time(self, attempt: Attempt, work: Work) -> JsonValue:
        limit: int | None = attempt.state.get("TimeoutSeconds")
        if limit is None:
            return await work
        task = self._scheduler.spawn(work)
        try:
            await first_of(task, self._scheduler.sleep(limit))
            if task.done:
                return task.result()
        finally:
            self._scheduler.cancel(task)
        raise StateError("States.Timeout", f"'{attempt.name}' took longer than {limit} s.")


def _with_token(attempt: Attempt) -> Attempt:
    """Return the attempt with a token in its context, if its task is to be answered by one."""
    if attempt.state["Resource"] != INVOKE_WITH_TOKEN:
        return attempt
    token: JsonValue = {"Token": str(uuid.uuid4())}
    return replace(attempt, context={**attempt.context, "Task": token})


def _invoked(payload: JsonValue) -> JsonValue:
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}


def _mocked(called: str, result: JsonValue) -> JsonValue:
    """Return what a task comes to whose ``result``, as a definition knows it, is given."""
    if called == INVOKE:
        return _invoked(result)
    return {"Output": result, "Status": "SUCCEEDED"} if called == START_AND_WAIT else result
