"""Runs an Amazon States Language document in JSONata mode, as Step Functions does.

Open it for the order of states: which state follows which, and what runs in parallel.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.document.runnable import check_document, is_distributed, item_processor
from dorc_runtime.compile.documents import Document
from dorc_runtime.local.interpreter.concurrency import all_of, in_lanes
from dorc_runtime.local.interpreter.distributed_map import run_distributed_map
from dorc_runtime.local.interpreter.executions import History, Run, Scope, iso
from dorc_runtime.local.interpreter.retries import Retries, catcher
from dorc_runtime.local.interpreter.scheduler import Task, first_of
from dorc_runtime.local.interpreter.state_fields import StateError, StateFields, StateResult
from dorc_runtime.local.interpreter.task_states import Tasks
from dorc_runtime.runs.events import (
    Ending,
    MapProgressed,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    StateWaiting,
    Visit,
)

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAP_CONCURRENCY = 40

# The kinds of states that count their retries in the context object.
_RETRIED = frozenset({"Task", "Map", "Parallel"})


def execute(document: Document, *, run: Run) -> Ending:
    """Run ``document`` on the execution's input to its end, and all that it has started.

    Raises:
        DefinitionError: It is no state machine in JSONata mode.
    """
    check_document(document)
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
        self._history = History()
        self._tasks = Tasks(run, self._start, background, self._history)

    async def run_to_end(self, document: Mapping[str, Any], scope: Scope) -> Ending:
        """Run ``document`` on the execution's input; a whole machine may have a timeout."""
        self._history.add("ExecutionStarted")
        work = self._scheduler.spawn(self._machine(document, self._run.execution.input, scope))
        limit: int | None = document.get("TimeoutSeconds")
        try:
            await first_of(work, *(() if limit is None else (self._scheduler.sleep(limit),)))
            if not work.done:
                advice = f"It took longer than the pipeline's timeout of {limit} s: give it more."
                return Ending(
                    "TIMED_OUT",
                    error="States.Timeout",
                    advice=advice,
                    pipeline=self._run.pipeline,
                )
            return Ending("SUCCEEDED", output=work.result())
        except StateError as error:
            return Ending(
                "FAILED",
                error=error.error,
                cause=error.cause,
                failed=error.failed,
                advice=error.advice,
                pipeline=self._run.pipeline,
            )
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
        number = self._history.add("StateEntered")
        retries = Retries(state.get("Retry", ()))
        while True:
            about: dict[str, JsonValue] = {"Name": name, "EnteredTime": iso(entered)}
            if state["Type"] in _RETRIED:
                about["RetryCount"] = retries.count
            context = {**self._context, **scope.context, "State": about}
            fields = StateFields(
                name, state, value, context, scope.variables, self._history, number
            )
            try:
                result = await self._carry_out(fields, scope, visit)
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
            self._history.add("StateExited")
            self._run.observe(StateExited(self._now(), visit, result.output))
            return result

    def _caught(self, error: StateError, fields: StateFields, visit: Visit) -> StateResult:
        """Return the result of the catcher that matches ``error``; raise ``error`` if none does."""
        number, matching = catcher(fields.state.get("Catch", ()), error.error)
        if matching is None:
            raise self._failed(error, fields, visit)
        about: JsonValue = {"Error": error.error, "Cause": error.cause}
        try:
            result = fields.result(matching, about, at=f"Catch[{number}]/", errorOutput=about)
        except StateError as second:
            raise self._failed(second, fields, visit) from error
        self._run.observe(
            StateCaught(self._now(), visit, error.error, error.cause, matching["Next"])
        )
        return result

    def _failed(self, error: StateError, fields: StateFields, visit: Visit) -> StateError:
        failed = StateFailed(
            self._now(), visit, error.error, error.cause, fields.input, error.inner
        )
        error.failed = error.failed or failed
        self._run.observe(failed)
        return error

    async def _carry_out(self, fields: StateFields, scope: Scope, visit: Visit) -> StateResult:
        state, value = fields.state, fields.input
        match state["Type"]:
            case "Task":
                result = await self._tasks.result(fields, scope)
            case "Map" | "Parallel":
                result = await self._parts(fields, scope, visit)
            case "Choice":
                return fields.choose()
            case "Wait":
                now = self._now()
                seconds = fields.seconds_to_wait(now=now)
                self._run.observe(StateWaiting(now, visit, now + seconds))
                await self._scheduler.sleep(seconds)
                return fields.result(state, value)
            case "Fail":
                raise fields.failure()
            case _:
                return fields.result(state, value)
        return fields.result(state, result, result=result)

    async def _parts(self, fields: StateFields, scope: Scope, visit: Visit) -> JsonValue:
        """Return the result of a Map or Parallel."""
        kind = fields.state["Type"]
        try:
            if kind == "Map":
                result = await self._map(fields, scope, visit)
            else:
                result = await self._parallel(fields, scope)
        except StateError:
            self._history.add(f"{kind}StateFailed")
            raise
        self._history.add(f"{kind}StateSucceeded")
        return result

    async def _map(self, fields: StateFields, scope: Scope, visit: Visit) -> JsonValue:
        def progress(ended: int, items: int) -> None:
            self._run.observe(MapProgressed(self._now(), visit, ended, items))

        processor = item_processor(fields.state)
        if is_distributed(processor):
            return await run_distributed_map(fields, scope, self._run, self._start, progress)
        items = fields.items()
        ended = itertools.count(1)
        progress(0, len(items))
        width = min(fields.whole_number("MaxConcurrency") or MAP_CONCURRENCY, MAP_CONCURRENCY)
        results: list[JsonValue] = [None] * len(items)
        self._history.add("MapStateStarted")
        self._history.add(*["MapIterationStarted"] * min(width, len(items)))

        async def carry_out(index: int) -> None:
            about: JsonValue = {"Item": {"Index": index, "Value": items[index]}}
            place = replace(
                scope,
                path=(*scope.path, fields.name, str(index)),
                context={**scope.context, "Map": about},
            )
            if index >= width:
                self._history.add("MapIterationStarted")
            try:
                event = fields.selected(index, items[index])
                results[index] = await self._machine(processor, event, place)
            except StateError:
                self._history.add("MapIterationFailed")
                raise
            self._history.add("MapIterationSucceeded")
            progress(next(ended), len(items))

        await in_lanes(self._scheduler, len(items), carry_out, width=width)
        return results

    async def _parallel(self, fields: StateFields, scope: Scope) -> JsonValue:
        event = fields.input
        if "Arguments" in fields.state:
            event = fields.evaluate("Arguments", fields.state["Arguments"])
        self._history.add("ParallelStateStarted")
        branches = [
            self._machine(
                branch,
                event,
                replace(scope, path=(*scope.path, fields.name, str(number))),
            )
            for number, branch in enumerate(fields.state["Branches"])
        ]
        return [*await all_of(self._scheduler, branches)]
