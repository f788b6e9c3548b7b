"""Task states: functions, calls of other pipelines, services of AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

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
from dorc_runtime.compile.permissions.job_actions import WITH_TOKEN
from dorc_runtime.compile.permissions.service_actions import resource
from dorc_runtime.local.functions.outcome import Outcome, Raised
from dorc_runtime.local.interpreter.executions import History, Run, Scope, StartMachine
from dorc_runtime.local.interpreter.scheduler import Pending, Task, first_of
from dorc_runtime.local.interpreter.state_fields import StateError, StateFields, compact
from dorc_runtime.runs.events import Ending, FunctionCalled, FunctionMeasured

# The endings of what a Task waits for after it was started.
_INVOKED = (INVOKE, INVOKE_WITH_TOKEN)
_WAITING = (".sync", ".sync:2", WITH_TOKEN)

# In seconds: https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
_DEFAULT_TIMEOUT = 99_999_999

Work = Coroutine[Pending[Any], None, JsonValue]


class Tasks:
    """Runs the tasks of one execution.

    ``background`` gets the executions that tasks start and do not wait for.
    """

    def __init__(
        self, run: Run, start: StartMachine, background: list[Task[Ending]], history: History
    ) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._start = start
        self._background = background
        self._history = history

    async def result(self, fields: StateFields, scope: Scope) -> JsonValue:
        """Return the result of a Task, as its ``Output`` finds it.

        Raises:
            StateError: It fails, or takes longer than its ``TimeoutSeconds``.
        """
        fields = _with_token(fields)
        called: str = fields.state["Resource"]
        arguments = fields.input
        if "Arguments" in fields.state:
            arguments = fields.typed("Arguments", fields.state["Arguments"], "object")
        limit = fields.whole_number("TimeoutSeconds")
        if "HeartbeatSeconds" in fields.state:
            fields.whole_number("HeartbeatSeconds")
        self._history.add("TaskScheduled", "TaskStarted")
        if called.endswith(_WAITING):
            self._history.add("TaskSubmitted")
        try:
            result = await self._called(fields, called, arguments, scope, limit)
        except StateError:
            self._history.add("TaskFailed")
            raise
        self._history.add("TaskSucceeded")
        return result

    async def _called(
        self,
        fields: StateFields,
        called: str,
        arguments: JsonValue,
        scope: Scope,
        limit: int | None,
    ) -> JsonValue:
        mocked = fields.name in self._run.mocks
        function = None if mocked else function_of(called, arguments)
        if function is None:
            await self._fault(fields.name, limit)
        if mocked:
            return _mocked(called, self._run.mocks[fields.name])
        if function is not None:
            # Not held to the state's TimeoutSeconds: that is over the function's own timeout, which
            # the functions keep, and would count the time a call waits for a free worker.
            payload = arguments
            if called in _INVOKED:
                payload = arguments.get("Payload", {}) if isinstance(arguments, dict) else {}
            event = FunctionCalled(self._scheduler.clock.now(), function, scope.path, payload)
            self._run.observe(event)
            result = await self._function(fields, function, payload, called)
            if called == INVOKE_WITH_TOKEN:
                return self._run.answers[fields.name]
            return _invoked(result) if called == INVOKE else result
        service = called.removeprefix(resource("")).partition(":")[0]
        fields.check_size(arguments, service)
        if not isinstance(arguments, dict):
            cause = f"The Arguments of '{fields.name}' must be an object: {compact(arguments)}"
            raise StateError("States.Runtime", cause)
        if called in (START, START_AND_WAIT):
            call = self._pipeline(fields, arguments, scope, wait=called == START_AND_WAIT)
            return await self._in_time(call, limit)
        action = called.removeprefix(resource("")).removesuffix(WITH_TOKEN)
        answer = self._run.services.call(action, arguments, self._run.execution)
        if called.endswith(WITH_TOKEN):
            answer = self._run.answers[fields.name]
        fields.check_size(answer, service)
        return answer

    async def _fault(self, state: str, limit: int | None) -> None:
        """Let the fault of the next call of ``state`` happen, if it has one."""
        place = self._run.pipeline.replace("/", ".")
        fault = self._run.fault_of(f"{place}.{state}" if place else state)
        if fault is None:
            return
        if fault.error:
            raise StateError(fault.error, fault.cause)
        longest = _DEFAULT_TIMEOUT if limit is None else limit
        late = fault.seconds is None or fault.seconds >= longest
        await self._scheduler.sleep(longest if late else fault.seconds or 0)
        if late:
            raise _timeout(longest)

    async def _function(
        self, fields: StateFields, function: str, payload: JsonValue, called: str
    ) -> JsonValue:
        outcome: Outcome = await self._scheduler.call(
            lambda done: self._run.functions.submit(function, payload, done)
        )
        if outcome.memory is not None:
            now = self._scheduler.clock.now()
            self._run.observe(FunctionMeasured(now, function, outcome.memory))
        if isinstance(outcome, Raised):
            raise StateError(outcome.error, outcome.cause)
        fields.check_size(outcome.payload, "lambda" if called == INVOKE else called)
        return outcome.payload

    async def _pipeline(
        self, fields: StateFields, arguments: Document, scope: Scope, *, wait: bool
    ) -> JsonValue:
        arn = str(arguments.get("StateMachineArn"))
        if arn not in self._run.machines:
            cause = f"State Machine Does Not Exist: '{arn}'"
            raise StateError("StepFunctions.StateMachineDoesNotExistException", cause)
        machine = self._run.machines[arn]
        now = self._scheduler.clock.now
        execution = self._run.execution.child(arn, arguments.get("Input", {}), now=now())
        run = replace(
            self._run, execution=execution, pipeline=machine.pipeline, mocks={}, answers={}
        )
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
            raise StateError("States.TaskFailed", compact(about), inner=ending)
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

    async def _in_time(self, work: Work, limit: int | None) -> JsonValue:
        if limit is None:
            return await work
        task = self._scheduler.spawn(work)
        try:
            await first_of(task, self._scheduler.sleep(limit))
            if task.done:
                return task.result()
        finally:
            self._scheduler.cancel(task)
        raise _timeout(limit)


def _timeout(limit: int) -> StateError:
    advice = f"It took longer than its timeout of {limit} s: give it more."
    return StateError("States.Timeout", advice=advice)


def function_of(called: str, arguments: JsonValue) -> str | None:
    """Return the name of the function that a Task calls, None if it calls something else."""
    named: JsonValue = called if called.startswith("arn:aws:lambda:") else None
    if called in _INVOKED:
        named = arguments.get("FunctionName") if isinstance(arguments, dict) else None
        if not isinstance(named, str):
            raise StateError("States.Runtime", "lambda:invoke needs a text as FunctionName.")
    if not isinstance(named, str):
        return None
    parts = named.split(":")
    return parts[6] if len(parts) > 6 else parts[-1] if named.startswith("arn:") else parts[0]


def _with_token(fields: StateFields) -> StateFields:
    """Return ``fields`` with a token in the context, if the task waits for one."""
    if not fields.state["Resource"].endswith(WITH_TOKEN):
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
