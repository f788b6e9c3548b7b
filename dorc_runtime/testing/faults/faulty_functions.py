"""Functions with the faults of a test, and the scheduler that delays their results."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import (
    Cancel,
    Functions,
    LocalFunction,
    Outcome,
    Raised,
    raised_from,
)
from dorc_runtime.local.functions.runtime import error_text
from dorc_runtime.local.interpreter.scheduler import Clock, Pending, Scheduler
from dorc_runtime.testing.faults.step_faults import Faults

T = TypeVar("T")


class LateScheduler(Scheduler):
    """A scheduler with a clock on which calls can take longer than in real time.

    A value that went through ``late`` arrives that many seconds later.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        # By identity, with the value itself, so that no other value gets the same identity.
        self._late: dict[int, tuple[object, float]] = {}

    def late(self, value: T, seconds: float) -> T:
        """Return ``value``, which arrives ``seconds`` later as the result of a call."""
        self._late[id(value)] = (value, seconds)
        return value

    def call(self, start: Callable[[Callable[[T], None]], Callable[[], None]]) -> Pending[T]:
        """Return the result of ``start``, which may arrive later."""
        arriving = super().call(start)

        async def arrive() -> T:
            value = await arriving
            _, seconds = self._late.pop(id(value), (value, 0))
            if seconds:
                await self.sleep(seconds)
            return value

        task = self.spawn(arrive())

        def stop() -> None:
            self.cancel(task)
            # A task that does not wait yet does not cancel the call that it would wait for.
            if arriving.on_cancel is not None:
                arriving.on_cancel()

        task.on_cancel = stop
        return task


@dataclass(frozen=True)
class FaultyFunctions:
    """The functions of a run, with faults; calls without a fault go to ``functions``."""

    functions: Functions
    faults: Faults
    known: Mapping[str, LocalFunction]
    scheduler: LateScheduler

    def start(self, names: Iterable[str]) -> None:
        """Start to load the handlers of ``names``."""
        self.functions.start(names)

    def submit(self, name: str, payload: JsonValue, done: Callable[[Outcome], None]) -> Cancel:
        """Call a function, or let the call have its fault."""
        fault = self.faults.take(name)
        if fault is None:
            return self.functions.submit(name, payload, done)
        if fault.error:
            done(raised_from(error_text(fault.error, fault.cause)))
            return lambda: None
        limit = self.known[name].timeout
        if fault.seconds is None or fault.seconds >= limit:
            done(self.scheduler.late(_timed_out(limit), limit))
            return lambda: None
        seconds = fault.seconds
        return self.functions.submit(
            name, payload, lambda outcome: done(self.scheduler.late(outcome, seconds))
        )

    def close(self) -> None:
        """End every call."""
        self.functions.close()


def _timed_out(limit: float) -> Raised:
    message = f"RequestId: {uuid.uuid4()} Error: Task timed out after {limit:.2f} seconds"
    return raised_from(error_text("Sandbox.Timedout", message))
