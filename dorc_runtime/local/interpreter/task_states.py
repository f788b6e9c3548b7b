"""Task states: functions, calls of other pipelines, services of AWS.

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
from dorc_runtime.local.interpreter.executions import Run, Scope, StartMachine
from dorc_runtime.local.interpreter.scheduler import Pending, Task, first_of
from dorc_runtime.local.interpreter.state_error import StateError
from dorc_runtime.local.interpreter.state_fields import StateFields
from dorc_runtime.runs.events import Ending

Work = Coroutine[Pending[Any], None, JsonValue]


class Tasks:
    """Runs the tasks of one execution.

    ``background`` gets the executions that tasks start and do not wait for.
    """

    def __init__(self, run: Run, start: StartMachine, background: list[Task[Ending]]) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._start = start
        self._background = background

    async def result(self, fields: StateFields, scope: Scope) -> JsonValue:
        """Return the result of a Task, as its ``Output`` finds it.

        Raises:
            StateError: It fails, or takes longer than its ``TimeoutSeconds``.
        """
        fields = _with_token(fields)
        arguments = fields.evaluate("Arguments", fields.state["Arguments"])
        assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
        called = fields.state["Resource"]
        if fields.name in self._run.mocks:
            return _mocked(called, self._run.mocks[fields.name])
        if called == INVOKE:
            # Not held to the state's TimeoutSeconds: that is over the function's own timeout, which
            # the functions keep, and would count the time a call waits for a free worker.
            return await self._function(fields, arguments)
        fields.check_size(arguments, "sends")
        if called in (START, START_AND_WAIT):
            call = self._pipeline(fields, arguments, scope, wait=called == START_AND_WAIT)
            return await self._in_time(fields, call)
        action = called.removeprefix(resource(""))
        answer = self._run.services.call(action, arguments, self._run.execution)
        fields.check_size(answer)
        return answer

    async def _function(self, fields: StateFields, arguments: Document) -> JsonValue:
        function = str(arguments["FunctionName"]).rpartition(":")[2]
        outcome: Outcome = await self._scheduler.call(
            lambda done: self._run.functions.submit(function, arguments["Payload"], done)
        )
        if isinstance(outcome, Raised):
            raise StateError(outcome.error, outcome.cause)
        fields.check_size(outcome.payload)
        return _invoked(outcome.payload)

    async def _pipeline(
        self, fields: StateFields, arguments: Document, scope: Scope, *, wait: bool
    ) -> JsonValue:
        arn = str(arguments["StateMachineArn"])
        machine = self._run.machines[arn]
        now = self._scheduler.clock.now
        execution = self._run.execution.child(arn, arguments["Input"], now=now())
        run = replace(self._run, execution=execution, pipeline=machine.pipeline, mocks={})
        place = Scope((*scope.path, fields.name, machine.pipeline))
        work = self._scheduler.spawn(
            self._run_observed(self._start(machine.document, run, place), run)
        )
        if not wait:
            self._background.append(work)
            return execution.start_response()
        try:
            ending = await work
        finally:
            self._scheduler.cancel(work)
        about = execution.description(ending, now=now())
        if ending.status != "SUCCEEDED":
            raise StateError("States.TaskFailed", json.dumps(about, ensure_ascii=False))
        return about

    async def _run_observed(self, work: Task[Ending], run: Run) -> Ending:
        execution, now = run.execution, self._scheduler.clock.now
        run.observe(execution.status_change(None, now=execution.started_at))
        try:
            ending = await work
        finally:
            self._scheduler.cancel(work)
        run.observe(execution.status_change(ending, now=now()))
        return ending

    async def _in_time(self, fields: StateFields, work: Work) -> JsonValue:
        limit: int | None = fields.state.get("TimeoutSeconds")
        if limit is None:
            return await work
        task = self._scheduler.spawn(work)
        try:
            await first_of(task, self._scheduler.sleep(limit))
            if task.done:
                return task.result()
        finally:
            self._scheduler.cancel(task)
        raise StateError("States.Timeout", f"'{fields.name}' took longer than {limit} s.")


def _with_token(fields: StateFields) -> StateFields:
    """Return ``fields`` with a token in the context, if the task waits for one."""
    if fields.state["Resource"] != INVOKE_WITH_TOKEN:
        return fields
    token: JsonValue = {"Token": str(uuid.uuid4())}
    return replace(fields, context={**fields.context, "Task": token})


def _invoked(payload: JsonValue) -> JsonValue:
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}


def _mocked(called: str, result: JsonValue) -> JsonValue:
    """Return the result of a task in AWS's form; ``result`` is in the form of a definition."""
    if called == INVOKE:
        return _invoked(result)
    return {"Output": result, "Status": "SUCCEEDED"} if called == START_AND_WAIT else result
