"""Runs an Amazon States Language document in JSONata mode, as Step Functions does.

Open it for the order of states: which state follows which, and what runs in parallel.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.interpreter.concurrency import all_of, in_lanes
from dorc_runtime.local.interpreter.distributed_map import run_distributed_map
from dorc_runtime.local.interpreter.executions import Run, Scope, iso
from dorc_runtime.local.interpreter.retries import Retries, catcher
from dorc_runtime.local.interpreter.scheduler import Task, first_of
from dorc_runtime.local.interpreter.state_error import StateError
from dorc_runtime.local.interpreter.state_fields import StateFields, StateResult
from dorc_runtime.local.interpreter.task_states import Tasks
from dorc_runtime.runs.events import (
    Ending,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    Visit,
)

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAP_CONCURRENCY = 40


def execute(document: Document, *, run: Run) -> Ending:
    """Run ``document`` on the execution's input to its end, and all that it has started."""
    return run.scheduler.run(_execute(document, run))


async def _execute(document: Document, run: Run) -> Ending:
    background: list[Task[Ending]] = []
    ending = await _Interpreter(run, itertools.count(1), background).run_to_end(document, Scope())
    # An execution that runs in the background may add others to the list.
    for task in background:
        await task
    return ending


class _Interpreter:
    """Carries out one execution; ``background`` gets those that it does not wait for."""

    def __init__(self, run: Run, numbers: Iterator[int], background: list[Task[Ending]]) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._now = run.scheduler.clock.now
        self._numbers = numbers
        self._background = background
        self._context = run.execution.context()
        self._tasks = Tasks(run, self._start, background)

    async def run_to_end(self, document: Mapping[str, Any], scope: Scope) -> Ending:
        """Run ``document`` on the execution's input; a whole machine may have a timeout."""
        work = self._scheduler.spawn(self._machine(document, self._run.execution.input, scope))
        limit: int | None = document.get("TimeoutSeconds")
        try:
            await first_of(work, *(() if limit is None else (self._scheduler.sleep(limit),)))
            if not work.done:
                cause = f"The run took longer than the pipeline's timeout of {limit} s."
                return Ending("TIMED_OUT", error="States.Timeout", cause=cause)
            return Ending("SUCCEEDED", output=work.result())
        except StateError as error:
            return Ending("FAILED", error=error.error, cause=error.cause, failed=error.failed)
        finally:
            self._scheduler.cancel(work)

    def _start(self, document: Mapping[str, Any], run: Run, scope: Scope) -> Task[Ending]:
        inner = _Interpreter(run, self._numbers, self._background)
        return self._scheduler.spawn(inner.run_to_end(document, scope))

    async def _machine(
        self, document: Mapping[str, Any], event: JsonValue, scope: Scope
    ) -> JsonValue:
        """Run the states of ``document``, a whole machine or a part in a Map or Parallel."""
        name: str | None = document["StartAt"]
        value = event
        while name is not None:
            result = await self._visit(name, document["States"][name], value, scope)
            value, name = result.output, result.next_state
            if result.assigned:
                scope = replace(scope, variables={**scope.variables, **result.assigned})
        return value

    async def _visit(
        self, name: str, state: Mapping[str, Any], value: JsonValue, scope: Scope
    ) -> StateResult:
        """Carry out a state, with its retries, and return what it hands on."""
        visit = Visit(next(self._numbers), name, state["Type"], scope.path, self._run.pipeline)
        entered = self._now()
        self._run.observe(StateEntered(entered, visit, value))
        retries = Retries(state.get("Retry", ()))
        while True:
            about: JsonValue = {
                "Name": name,
                "EnteredTime": iso(entered),
                "RetryCount": retries.count,
            }
            context = {**self._context, **scope.context, "State": about}
            fields = StateFields(name, state, value, context, scope.variables)
            try:
                result = await self._carry_out(fields, scope)
            except StateError as error:
                wait = retries.next_delay(error.error)
                if wait is not None:
                    self._run.observe(
                        StateRetried(
                            self._now(), visit, error.error, error.cause, retries.count, wait
                        )
                    )
                    await self._scheduler.sleep(wait)
                    continue
                result = self._caught(error, fields, visit)
            self._run.observe(StateExited(self._now(), visit, result.output))
            return result

    def _caught(self, error: StateError, fields: StateFields, visit: Visit) -> StateResult:
        """Return the result of the catcher that matches ``error``; raise ``error`` if none does."""
        matching = catcher(fields.state.get("Catch", ()), error.error)
        if matching is None:
            raise self._failed(error, fields, visit)
        about: JsonValue = {"Error": error.error, "Cause": error.cause}
        try:
            result = fields.result(matching, about, errorOutput=about)
        except StateError as second:
            raise self._failed(second, fields, visit) from error
        self._run.observe(
            StateCaught(self._now(), visit, error.error, error.cause, matching["Next"])
        )
        return result

    def _failed(self, error: StateError, fields: StateFields, visit: Visit) -> StateError:
        failed = StateFailed(self._now(), visit, error.error, error.cause, fields.input)
        error.failed = error.failed or failed
        self._run.observe(failed)
        return error

    async def _carry_out(self, fields: StateFields, scope: Scope) -> StateResult:
        state, value = fields.state, fields.input
        match state["Type"]:
            case "Task":
                result = await self._tasks.result(fields, scope)
            case "Map":
                result = await self._map(fields, scope)
            case "Parallel":
                result = await self._parallel(fields, scope)
            case "Choice":
                return fields.choose()
            case "Wait":
                await self._scheduler.sleep(fields.seconds_to_wait(now=self._now()))
                return fields.result(state, value)
            case "Fail":
                raise fields.failure()
            case _:
                return fields.result(state, value)
        return fields.result(state, result, result=result)

    async def _map(self, fields: StateFields, scope: Scope) -> JsonValue:
        state = fields.state
        if state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED":
            return await run_distributed_map(fields, scope, self._run, self._start)
        items = fields.items()
        results: list[JsonValue] = [None] * len(items)

        async def carry_out(index: int) -> None:
            about: JsonValue = {"Item": {"Index": index, "Value": items[index]}}
            place = replace(
                scope,
                path=(*scope.path, fields.name, str(index)),
                context={**scope.context, "Map": about},
            )
            event = fields.selected(index, items[index])
            results[index] = await self._machine(state["ItemProcessor"], event, place)

        width = min(state.get("MaxConcurrency") or MAP_CONCURRENCY, MAP_CONCURRENCY)
        await in_lanes(self._scheduler, len(items), carry_out, width=width)
        return results

    async def _parallel(self, fields: StateFields, scope: Scope) -> JsonValue:
        branches = [
            self._machine(
                branch,
                fields.input,
                replace(scope, path=(*scope.path, fields.name, str(number))),
            )
            for number, branch in enumerate(fields.state["Branches"])
        ]
        return [*await all_of(self._scheduler, branches)]
