"""Runs an Amazon States Language document in JSONata mode, as Step Functions does.

It takes what ``compile.states`` writes. Names of errors, and what matches them:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.states import Document
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
from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate_template
from dorc_runtime.local.scheduler import Scheduler, Task, first_of

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LARGEST_PAYLOAD = 256 * 1024
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAP_CONCURRENCY = 40

# What no wildcard matches.
_TERMINAL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
_LONGEST_WAIT = 99_999_999


@dataclass(frozen=True)
class Run:
    """One execution: what it is carried out with, and what its context object says of it."""

    scheduler: Scheduler
    functions: Functions
    observe: Callable[[Event], None]
    context: Mapping[str, JsonValue]


class StateError(Exception):
    """A state fails with the name of an error and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.failed: Failed | None = None


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


@dataclass(frozen=True)
class _Attempt:
    """One try of a state: what its expressions may ask for."""

    name: str
    state: Mapping[str, Any]
    input: JsonValue
    context: dict[str, JsonValue]

    def evaluate(self, key: str, template: JsonValue, **more: JsonValue) -> JsonValue:
        """Return the field ``key``, whose text is ``template``, with its expressions evaluated."""
        states = {"input": self.input, "context": self.context, **more}
        try:
            return evaluate_template(template, states=states)
        except QueryEvaluationError as error:
            raise self.refuse(key, str(error)) from error

    def refuse(self, key: str, why: str) -> StateError:
        """Return the error of a field whose expression yields nothing, or the wrong thing."""
        cause = f"The field '{key}' of the state '{self.name}': {why}"
        return StateError("States.QueryEvaluationError", cause)

    def output(self, default: JsonValue, **more: JsonValue) -> JsonValue:
        """Return the state's output: its field ``Output``, or ``default`` where it has none."""
        if "Output" not in self.state:
            return default
        return self.evaluate("Output", self.state["Output"], **more)


class _Interpreter:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._scheduler = run.scheduler
        self._numbers = itertools.count(1)

    async def machine(
        self, document: Mapping[str, Any], event: JsonValue, scope: _Scope
    ) -> JsonValue:
        """Run the states of ``document``, a whole machine or a part in a Map or Parallel."""
        name: str | None = document["StartAt"]
        value = event
        while name is not None:
            value, name = await self._state(name, document["States"][name], value, scope)
        return value

    async def _state(
        self, name: str, state: Mapping[str, Any], value: JsonValue, scope: _Scope
    ) -> tuple[JsonValue, str | None]:
        now = self._scheduler.clock.now
        visit = Visit(next(self._numbers), name, state["Type"], scope.path)
        entered = now()
        self._run.observe(Entered(entered, visit, value))
        tries: dict[int, int] = {}
        while True:
            about: JsonValue = {
                "Name": name,
                "EnteredTime": _iso(entered),
                "RetryCount": sum(tries.values()),
            }
            context: dict[str, JsonValue] = {
                **self._run.context,
                **scope.context,
                "State": about,
            }
            attempt = _Attempt(name, state, value, context)
            try:
                output, following = await self._attempt(attempt, scope)
                _check_size(name, output)
            except StateError as error:
                wait = _wait_before_retry(state.get("Retry", ()), error.error, tries)
                if wait is not None:
                    number = sum(tries.values())
                    retried = Retried(now(), visit, error.error, error.cause, number, wait)
                    self._run.observe(retried)
                    await self._scheduler.sleep(wait)
                    continue
                catcher = _catcher(state.get("Catch", ()), error.error)
                if catcher is None:
                    failed = Failed(now(), visit, error.error, error.cause, value)
                    error.failed = error.failed or failed
                    self._run.observe(failed)
                    raise
                caught: JsonValue = {"Error": error.error, "Cause": error.cause}
                output = attempt.evaluate("Output", catcher["Output"], errorOutput=caught)
                following = catcher["Next"]
                self._run.observe(Caught(now(), visit, error.error, error.cause, catcher["Next"]))
            self._run.observe(Exited(now(), visit, output))
            return output, following

    async def _attempt(self, attempt: _Attempt, scope: _Scope) -> tuple[JsonValue, str | None]:
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
                return value, _choose(attempt)
            case "Wait":
                await self._scheduler.sleep(self._seconds(attempt))
                return attempt.output(value), following
            case "Fail":
                error = str(attempt.evaluate("Error", state["Error"]))
                raise StateError(error, str(attempt.evaluate("Cause", state.get("Cause", ""))))
            case _:
                return attempt.output(value), following

    async def _invoke(self, attempt: _Attempt) -> JsonValue:
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
        _check_size(attempt.name, outcome.payload)
        return {"ExecutedVersion": "$LATEST", "Payload": outcome.payload, "StatusCode": 200}

    async def _map(self, attempt: _Attempt, scope: _Scope) -> JsonValue:
        state = attempt.state
        items = attempt.evaluate("Items", state["Items"])
        if not isinstance(items, list):
            raise attempt.refuse("Items", f"it yields {_kind(items)} where a list is needed.")
        results: list[JsonValue] = [None] * len(items)
        indexes = iter(range(len(items)))

        async def lane() -> None:
            for index in indexes:
                about: JsonValue = {"Item": {"Index": index, "Value": items[index]}}
                inside = {**scope.context, "Map": about}
                event = items[index]
                if "ItemSelector" in state:
                    chosen = _Attempt(
                        attempt.name, state, attempt.input, {**attempt.context, "Map": about}
                    )
                    event = chosen.evaluate("ItemSelector", state["ItemSelector"])
                place = _Scope((*scope.path, attempt.name, str(index)), inside)
                results[index] = await self.machine(state["ItemProcessor"], event, place)

        width = min(state.get("MaxConcurrency") or MAP_CONCURRENCY, MAP_CONCURRENCY, len(items))
        await self._all([self._scheduler.spawn(lane()) for _ in range(width)])
        return results

    async def _parallel(self, attempt: _Attempt, scope: _Scope) -> JsonValue:
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

    def _seconds(self, attempt: _Attempt) -> float:
        if "Timestamp" in attempt.state:
            text = attempt.evaluate("Timestamp", attempt.state["Timestamp"])
            try:
                moment = datetime.fromisoformat(str(text)).timestamp()
            except ValueError as error:
                why = f"{text!r} is no moment like 2030-01-31T06:00:00Z."
                raise attempt.refuse("Timestamp", why) from error
            return max(0.0, moment - self._scheduler.clock.now())
        seconds = attempt.evaluate("Seconds", attempt.state["Seconds"])
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise attempt.refuse("Seconds", f"it yields {_kind(seconds)}, not whole seconds.")
        if not 0 <= seconds <= _LONGEST_WAIT:
            raise attempt.refuse("Seconds", f"{seconds} is not from 0 to {_LONGEST_WAIT}.")
        return float(seconds)


def _choose(attempt: _Attempt) -> str:
    for choice in attempt.state["Choices"]:
        answer = attempt.evaluate("Condition", choice["Condition"])
        if not isinstance(answer, bool):
            raise attempt.refuse("Condition", f"it yields {_kind(answer)}, not true or false.")
        if answer:
            return str(choice["Next"])
    return str(attempt.state["Default"])


def _wait_before_retry(
    retriers: Sequence[Mapping[str, Any]], error: str, tries: dict[int, int]
) -> float | None:
    """Return the seconds to wait and count the try, or None when no try is left."""
    for number, retrier in enumerate(retriers):
        if not _matches(retrier["ErrorEquals"], error):
            continue
        tried = tries.get(number, 0)
        if tried >= retrier["MaxAttempts"]:
            return None
        tries[number] = tried + 1
        wait = float(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried)
        wait = min(wait, retrier.get("MaxDelaySeconds", wait))
        return random.uniform(0, wait) if retrier.get("JitterStrategy") == "FULL" else wait  # noqa: S311
    return None


def _catcher(catchers: Sequence[Mapping[str, Any]], error: str) -> Mapping[str, Any] | None:
    found = (catcher for catcher in catchers if _matches(catcher["ErrorEquals"], error))
    return next(found, None)


def _matches(names: Sequence[str], error: str) -> bool:
    if error in names:
        return True
    if error in _TERMINAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")


def _check_size(name: str, value: JsonValue) -> None:
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > LARGEST_PAYLOAD:
        raise StateError(
            "States.DataLimitExceeded",
            f"The state '{name}' returned {size:,} bytes, over Step Functions' limit of "
            f"{LARGEST_PAYLOAD:,}: write the data to the lake and return its key.",
        )


def _kind(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
