"""Coroutines on the calling thread, against a real or a virtual clock.

Not asyncio, for two reasons: a handler that is called in this process may itself use
``asyncio.run``, which a running loop forbids; and waits of hours have to take no time in tests.
"""

import heapq
import itertools
import queue
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """The time in seconds.

    A ``virtual`` clock can be advanced; one that ``stands`` does not move by itself.
    """

    virtual: bool
    stands: bool

    def now(self) -> float:
        """Return the seconds since the epoch."""

    def advance(self, moment: float) -> None:
        """Go to ``moment`` at once, if the clock is virtual."""


class RealClock:
    """The machine's time."""

    virtual = False
    stands = False

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def advance(self, moment: float) -> None:
        """Do nothing: time passes by itself."""


class VirtualClock:
    """Time that jumps to the next thing to do; ``start`` is in seconds since the epoch."""

    virtual = True
    stands = True

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self._now

    def advance(self, moment: float) -> None:
        """Go to ``moment`` at once."""
        self._now = max(self._now, moment)


class SkippingClock:
    """The machine's time, in which waits pass at once."""

    virtual = True
    stands = False

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> float:
        """Return the seconds since the epoch, with those that were skipped."""
        return time.time() + self._skipped

    def advance(self, moment: float) -> None:
        """Skip the time until ``moment``."""
        self._skipped += max(0.0, moment - self.now())


class Cancelled(BaseException):
    """Thrown into a coroutine when nobody waits for its result any more."""


class Pending(Generic[T]):
    """A value that arrives later; awaiting it returns the value or raises the error."""

    def __init__(self, on_cancel: Callable[[], None] | None = None) -> None:
        self.on_cancel = on_cancel
        self._value: T
        self._error: BaseException | None = None
        self._done = False
        self._waiting: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        """Whether the value exists, or an error."""
        return self._done

    def result(self) -> T:
        """Return the value, or raise the error, that arrived."""
        if self._error is not None:
            raise self._error
        return self._value

    def resolve(self, value: T) -> None:
        """Set the value; only the first one counts."""
        if not self._done:
            self._value = value
            self._finish()

    def fail(self, error: BaseException) -> None:
        """Set an error in place of the value."""
        if not self._done:
            self._error = error
            self._finish()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once the value exists, at once if it does."""
        if self._done:
            callback()
        else:
            self._waiting.append(callback)

    def _finish(self) -> None:
        self._done = True
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()

    def __await__(self) -> Generator["Pending[Any]", None, T]:
        if not self._done:
            yield self
        return self.result()


class Task(Pending[T]):
    """A coroutine that runs; its result is what it returns."""

    def __init__(self, coroutine: Coroutine["Pending[Any]", None, T]) -> None:
        super().__init__()
        self._coroutine = coroutine
        self._waits_for: Pending[Any] | None = None

    def step(self, resume: Callable[["Task[Any]"], None]) -> None:
        """Run up to the next value that does not exist yet."""
        if not self._done:
            self._drive(lambda: self._coroutine.send(None), resume)

    def cancel(self, resume: Callable[["Task[Any]"], None]) -> None:
        """Stop the coroutine where it waits, and what it waits for."""
        if self._done:
            return
        if self._waits_for is not None and self._waits_for.on_cancel is not None:
            self._waits_for.on_cancel()
        self._drive(lambda: self._coroutine.throw(Cancelled()), resume)

    def _drive(
        self, move: Callable[[], "Pending[Any]"], resume: Callable[["Task[Any]"], None]
    ) -> None:
        try:
            self._waits_for = move()
        except StopIteration as end:
            self.resolve(end.value)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self.fail(error)
        else:
            self._waits_for.when_done(lambda: resume(self))


class Scheduler:
    """Runs tasks one at a time, and sleeps only while none can go on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._ready: deque[Task[Any]] = deque()
        self._timers: list[tuple[float, int, Pending[None]]] = []
        self._numbers = itertools.count()
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outside = 0

    def run(self, coroutine: Coroutine[Pending[Any], None, T]) -> T:
        """Run ``coroutine``, and all that it spawns, until it returns."""
        main = self.spawn(coroutine)
        try:
            while not main.done:
                if self._ready:
                    self._ready.popleft().step(self._ready.append)
                else:
                    self._wait()
        except BaseException:
            for task in (main, *self._ready):
                self.cancel(task)
            raise
        return main.result()

    def spawn(self, coroutine: Coroutine[Pending[Any], None, T]) -> Task[T]:
        """Start ``coroutine`` in parallel; await the task for its result."""
        task = Task(coroutine)
        self._ready.append(task)
        return task

    def cancel(self, task: Task[Any]) -> None:
        """Stop ``task``, and what it waits for."""
        task.cancel(self._ready.append)

    def sleep(self, seconds: float) -> Pending[None]:
        """Return a value that arrives after ``seconds``."""
        timer: Pending[None] = Pending()
        entry = (self.clock.now() + seconds, next(self._numbers), timer)
        heapq.heappush(self._timers, entry)
        return timer

    def call(self, start: Callable[[Callable[[T], None]], Callable[[], None]]) -> Pending[T]:
        """Return the value that ``start`` hands to its argument, from any thread, when it has it.

        ``start`` returns what stops the call if nobody needs its result any more.
        """
        pending: Pending[T] = Pending()
        self._outside += 1

        def end() -> bool:
            is_open = pending.on_cancel is not None
            self._outside -= is_open
            pending.on_cancel = None
            return is_open

        def arrive(value: T) -> None:
            if end():
                pending.resolve(value)

        pending.on_cancel = lambda: None
        stop = start(lambda value: self.post(lambda: arrive(value)))
        pending.on_cancel = lambda: stop() if end() else None
        return pending

    def post(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called on the scheduler's thread; safe from any thread."""
        self._posted.put(callback)

    def _wait(self) -> None:
        """Wait for a post or a timer, and let it act."""
        due = self._timers[0][0] if self._timers else None
        if due is not None and self.clock.virtual and not self._outside and self._posted.empty():
            self.clock.advance(due)
        timeout = None if due is None or self.clock.stands else max(0.0, due - self.clock.now())
        if due is None or due > self.clock.now():
            try:
                self._posted.get(timeout=timeout)()
            except queue.Empty:
                return
        else:
            heapq.heappop(self._timers)[2].resolve(None)


def first_of(*pendings: Pending[Any]) -> Pending[None]:
    """Return a value that arrives as soon as one of ``pendings`` is done."""
    first: Pending[None] = Pending()
    for pending in pendings:
        pending.when_done(lambda: first.resolve(None))
    return first
