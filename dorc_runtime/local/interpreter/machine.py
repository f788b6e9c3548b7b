"""Runs an Amazon States Language document in JSONata mode, as Step Functions does.

It takes what ``compile.states`` writes. Open it for the order of things: what runs after what, and
beside what. What a state's fields yield stands in ``attempt``, what follows an error in
``recovery``, what tasks come to in ``tasks``, what a distributed Map runs in ``map_run``.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.interpreter.attempt import Attempt, StateError, StateResult
from dorc_runtime.local.interpreter.concurrency import all_of, in_lanes
from dorc_runtime.local.interpreter.distributed_map import distributed
from dorc_runtime.local.interpreter.executions import Run, Scope, iso
from dorc_runtime.local.interpreter.retries import Retries, catcher
from dorc_runtime.local.interpreter.scheduler import Task, first_of
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
    return run.scheduler.run(_whole(document, run))


async def _whole(document: Document, run: Run) -> Ending:
    beside: list[Task[Ending]] = []
    ending = await _Interpreter(run, itertools.count(1), beside).to_the_end(document, Scope())
    # What they start comes to the list meanwhile.
    for task in beside:
        await task
    return ending


class _Interpreter:
    """Carries out one execution; those that it starts and does not wait for go to ``beside``."""

    def __init__(self, run: Run, numbers: Iterator[int], beside: list[Task[Ending]]) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._now = run.scheduler.clock.now
        self._numbers = numbers
        self._beside = beside
        self._context = run.execution.context()
        self._tasks = Tasks(run, self._begin, beside)

    async def to_the_end(self, document: Mapping[str, Any], scope: Scope) -> Ending:
        """Run ``document`` on the execution's input; it has a timeout if it is a whole machine."""
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

    def _begin(self, document: Mapping[str, Any], run: Run, scope: Scope) -> Task[Ending]:
        inner = _Interpreter(run, self._numbers, self._beside)
        return self._scheduler.spawn(inner.to_the_end(document, scope))

    async def _machine(
        self, document: Mapping[str, Any], event: JsonValue, scope: Scope
    ) -> JsonValue:
        """Run the states of ``document``, a whole machine or a part in a Map or Parallel."""
        name: str | None = document["StartAt"]
        value = event
        while name is not None:
            handed = await self._visit(name, document["States"][name], value, scope)
            value, name = handed.output, handed.following
            if handed.assigned:
                scope = replace(scope, variables={**scope.variables, **handed.assigned})
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
                "RetryCount": retries.taken,
            }
            context = {**self._context, **scope.context, "State": about}
            attempt = Attempt(name, state, value, context, scope.variables)
            try:
                handed = await self._carry_out(attempt, scope)
            except StateError as error:
                wait = retries.take(error.error)
                if wait is not None:
                    self._run.observe(
                        StateRetried(
                            self._now(), visit, error.error, error.cause, retries.taken, wait
                        )
                    )
                    await self._scheduler.sleep(wait)
                    continue
                handed = self._caught(error, attempt, visit)
            self._run.observe(StateExited(self._now(), visit, handed.output))
            return handed

    def _caught(self, error: StateError, attempt: Attempt, visit: Visit) -> StateResult:
        """Return what the state's catcher makes of ``error``; raise it if none takes it."""
        taker = catcher(attempt.state.get("Catch", ()), error.error)
        if taker is None:
            raise self._failed(error, attempt, visit)
        about: JsonValue = {"Error": error.error, "Cause": error.cause}
        try:
            handed = attempt.result_of_fields(taker, about, errorOutput=about)
        except StateError as second:
            raise self._failed(second, attempt, visit) from error
        self._run.observe(StateCaught(self._now(), visit, error.error, error.cause, taker["Next"]))
        return handed

    def _failed(self, error: StateError, attempt: Attempt, visit: Visit) -> StateError:
        failed = StateFailed(self._now(), visit, error.error, error.cause, attempt.input)
        error.failed = error.failed or failed
        self._run.observe(failed)
        return error

    async def _carry_out(self, attempt: Attempt, scope: Scope) -> StateResult:
        state, value = attempt.state, attempt.input
        match state["Type"]:
            case "Task":
                result = await self._tasks.result(attempt, scope)
            case "Map":
                result = await self._map(attempt, scope)
            case "Parallel":
                result = await self._parallel(attempt, scope)
            case "Choice":
                return attempt.choose()
            case "Wait":
                await self._scheduler.sleep(attempt.seconds_to_wait(now=self._now()))
                return attempt.result_of_fields(state, value)
            case "Fail":
                raise attempt.failure()
            case _:
                return attempt.result_of_fields(state, value)
        return attempt.result_of_fields(state, result, result=result)

    async def _map(self, attempt: Attempt, scope: Scope) -> JsonValue:
        state = attempt.state
        if state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED":
            return await distributed(attempt, scope, self._run, self._begin)
        items = attempt.items()
        results: list[JsonValue] = [None] * len(items)

        async def carry_out(index: int) -> None:
            about: JsonValue = {"Item": {"Index": index, "Value": items[index]}}
            place = replace(
                scope,
                path=(*scope.path, attempt.name, str(index)),
                context={**scope.context, "Map": about},
            )
            event = attempt.selected(index, items[index])
            results[index] = await self._machine(state["ItemProcessor"], event, place)

        width = min(state.get("MaxConcurrency") or MAP_CONCURRENCY, MAP_CONCURRENCY)
        await in_lanes(self._scheduler, len(items), carry_out, width=width)
        return results

    async def _parallel(self, attempt: Attempt, scope: Scope) -> JsonValue:
        branches = [
            self._machine(
                branch,
                attempt.input,
                replace(scope, path=(*scope.path, attempt.name, str(number))),
            )
            for number, branch in enumerate(attempt.state["Branches"])
        ]
        return [*await all_of(self._scheduler, branches)]
