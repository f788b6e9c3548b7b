"""Calls of AWS that are made at the same time: each takes 30 to 100 ms, however small it is."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

# The number of connections that a client of boto3 keeps open; it warns about more.
_CONNECTIONS = 10

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the result of ``call`` for each of ``items``, in their order, ten at a time.

    What one call raises is raised, and calls that have not started are dropped. A client may be
    used by all calls, but it has to exist before them.
    """
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        return list(threads.map(call, items))
