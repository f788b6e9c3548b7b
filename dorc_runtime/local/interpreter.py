"""Runs an Amazon States Language document in JSONata mode, as Step Functions does.

It takes what ``compile.states`` writes. Open it for the order of things: what runs after what, and
beside what. What a state's fields yield stands in ``attempt``, what follows an error in
``recovery``.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.states import Document
from dorc_runtime.local.attempt import Attempt, StateError
from dorc_runtime.local.functions import Functions, Outcome, Raised
from dorc_runtime.local.history import (
    Caught,
    Ending,
    Entered,
    Event,
    Exited,
    Failed,
    Retried,
    Visit,
)
from dorc_runtime.local.recovery import Retries, catcher
from dorc_runtime.local.scheduler import Scheduler, Task, first_of

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAP_CONCURRENCY = 40


@dataclass(frozen=True)
class Run:
    """One execution: what it is carried out with, and what its context object says of it."""

    scheduler: Scheduler
    functions: Functions
    observe: Callable[[Event], None]
    context: Mapping[str, JsonValue]


def execute(document: Document, event: JsonValue, *, run: Run) -> Ending:
    """Run ``document`` on ``event`` to its end."""
    return run.scheduler.run(_to_the_end(document, event, run))


async def _to_the_end(document: Mapping[str, Any], event: JsonValue, run: Run) -> Ending:
    work = run.scheduler.spawn(_Interpreter(run).machine(document, event, _Scope()))
    limit: int = document["TimeoutSeconds"]
    try:
        await first_of(work, run.scheduler.sleep(limit))
        if not work.done:
            cause = f"The run took longer than the pipeline's timeout of {limit} s."
            return Ending("TIMED_OUT", error="States.Timeout", cause=cause)
        return Ending("SUCCEEDED", output=work.result())
    except StateError as error:
        return Ending("FAILED", error=error.error, cause=error.cause, failed=error.failed)
    finally:
        run.scheduler.cancel(work)


@dataclass(frozen=True)
class _Scope:
    """Where a state stands: in which items of which Maps and which branches of which Parallels."""

    path: tuple[str, ...] = ()
    context: Mapping[str, JsonValue] = field(default_factory=dict)


class _Interpreter:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._now = run.scheduler.clock.now
        self._numbers = itertools.count(1)

    async def machine(
        self, document: Mapping[str, Any], event: JsonValue, scope: _Scope
    ) -> JsonValue:
        """Run the states of ``document``, a whole machine or a part in a Map or Parallel."""
        name: str | None = document["StartAt"]
        value = event
        while name is not None:
            value, name = await self._visit(name, document["States"][name], value, scope)
        return value

    async def _visit(
        self, name: str, state: Mapping[str, Any], value: JsonValue, scope: _Scope
    ) -> tuple[JsonValue, str | None]:
        """Carry out a state, with its retries; return its output and the next state's name."""
        visit = Visit(next(self._numbers), name, state["Type"], scope.path)
        entered = self._now()
        self._run.observe(Entered(entered, visit, value))
        retries = Retries(state.get("Retry", ()))
        while True:
            about: JsonValue = {
                "Name": name,
                "EnteredTime": _iso(entered),
                "RetryCount": retries.taken,
            }
            context = {**self._run.context, **scope.context, "State": about}
            attempt = Attempt(name, state, value, context)
            try:
                output, following = await self._carry_out(attempt, scope)
                attempt.check_size(output)
            except StateError as error:
                wait = retries.take(error.error)
                if wait is not None:
                    self._run.observe(
                        Retried(self._now(), visit, error.error, error.cause, retries.taken, wait)
                    )
                    await self._scheduler.sleep(wait)
                    continue
                output, following = self._caught(error, attempt, visit)
            self._run.observe(Exited(self._now(), visit, output))
            return output, following

    def _caught(
        self, error: StateError, attempt: Attempt, visit: Visit
    ) -> tuple[JsonValue, str | None]:
        """Return what the state's catcher makes of ``error``; raise it if none takes it."""
        taker = catcher(attempt.state.get("Catch", ()), error.error)
        if taker is None:
            failed = Failed(self._now(), visit, error.error, error.cause, attempt.input)
            error.failed = error.failed or failed
            self._run.observe(failed)
            raise error
        about: JsonValue = {"Error": error.error, "Cause": error.cause}
        output = attempt.evaluate("Output", taker["Output"], errorOutput=about)
        self._run.observe(Caught(self._now(), visit, error.error, error.cause, taker["Next"]))
        return output, taker["Next"]

    async def _carry_out(self, attempt: Attempt, scope: _Scope) -> tuple[JsonValue, str | None]:
        state, value = attempt.state, attempt.input
        following: str | None = state.get("Next")
        match state["Type"]:
            case "Task":
                result = await self._invoke(attempt)
                return attempt.output(result, result=result), following
            case "Map":
                result = await self._map(attempt, scope)
                return attempt.output(result, result=result), following
            case "Parallel":
                result = await self._parallel(attempt, scope)
                return attempt.output(result, result=result), following
            case "Choice":
                return value, attempt.choice()
            case "Wait":
                await self._scheduler.sleep(attempt.seconds_to_wait(now=self._now()))
                return attempt.output(value), following
            case "Fail":
                raise attempt.failure()
            case _:
                return attempt.output(value), following

    async def _invoke(self, attempt: Attempt) -> JsonValue:
        arguments = attempt.evaluate("Arguments", attempt.state["Arguments"])
        assert isinstance(arguments, dict)  # noqa: S101 - the compiler writes it so
        function = str(arguments["FunctionName"]).rpartition(":")[2]
        payload = arguments["Payload"]
        # Not held to the state's TimeoutSeconds: that is over the function's own timeout, which
        # the functions keep, and would count the time a call waits for a free worker.
        outcome: Outcome = await self._scheduler.call(
            lambda done: self._run.functions.submit(function, payload, done)
        )
        if isinstance(outcome, Raised):
            raise StateError(outcome.error, outcome.cause)
        attempt.check_size(outcome.payload)
        return {"ExecutedVersion": "$LATEST", "Payload": outcome.payload, "StatusCode": 200}

    async def _map(self, attempt: Attempt, scope: _Scope) -> JsonValue:
        state = attempt.state
        items = attempt.items()
        results: list[JsonValue] = [None] * len(items)
        indexes = iter(range(len(items)))

        async def lane() -> None:
            for index in indexes:
                about: JsonValue = {"Item": {"Index": index, "Value": items[index]}}
                event = items[index]
                if "ItemSelector" in state:
                    selecting = replace(attempt, context={**attempt.context, "Map": about})
                    event = selecting.evaluate("ItemSelector", state["ItemSelector"])
                place = _Scope(
                    (*scope.path, attempt.name, str(index)), {**scope.context, "Map": about}
                )
                results[index] = await self.machine(state["ItemProcessor"], event, place)

        width = min(state.get("MaxConcurrency") or MAP_CONCURRENCY, MAP_CONCURRENCY, len(items))
        await self._all([self._scheduler.spawn(lane()) for _ in range(width)])
        return results

    async def _parallel(self, attempt: Attempt, scope: _Scope) -> JsonValue:
        branches = [
            self.machine(
                branch,
                attempt.input,
                _Scope((*scope.path, attempt.name, str(number)), scope.context),
            )
            for number, branch in enumerate(attempt.state["Branches"])
        ]
        return await self._all([self._scheduler.spawn(branch) for branch in branches])

    async def _all(self, tasks: Sequence[Task[Any]]) -> list[JsonValue]:
        """Return all results, or raise the first error and stop the other tasks."""
        try:
            while waiting := [task for task in tasks if not task.done]:
                await first_of(*waiting)
                for task in waiting:
                    if task.done:
                        task.result()
            return [task.result() for task in tasks]
        finally:
            for task in tasks:
                self._scheduler.cancel(task)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
