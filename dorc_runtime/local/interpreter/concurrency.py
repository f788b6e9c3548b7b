"""Coroutines in parallel: one that fails stops the others."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from dorc_runtime.local.interpreter.scheduler import Pending, Scheduler, Task, first_of

T = TypeVar("T")

Work = Coroutine[Pending[Any], None, T]


async def all_of(scheduler: Scheduler, works: Sequence[Work[T]]) -> list[T]:
    """Return all results in the order of ``works``, or raise the first error."""
    tasks: list[Task[T]] = [scheduler.spawn(work) for work in works]
    try:
        while waiting := [task for task in tasks if not task.done]:
            await first_of(*waiting)
            for task in waiting:
                if task.done:
                    task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            scheduler.cancel(task)


async def in_lanes(
    scheduler: Scheduler, count: int, work: Callable[[int], Work[None]], *, width: int
) -> None:
    """Do ``work`` for all numbers below ``count``, for at most ``width`` of them at a time."""
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            await work(number)

    await all_of(scheduler, [lane() for _ in range(min(width, count))])
