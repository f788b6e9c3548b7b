"""What a state does about an error: which retrier takes it, after how long, and which catcher.

Names of errors, and what matches them:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

# What no wildcard matches.
_TERMINAL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
# What a retrier has that does not say.
_DEFAULTS = {"IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2.0}


class Retries:
    """The retries that one visit of a state has left, by its field ``Retry``."""

    def __init__(self, retriers: Sequence[Mapping[str, Any]]) -> None:
        self._retriers = [{**_DEFAULTS, **retrier} for retrier in retriers]
        self._taken = [0] * len(retriers)

    @property
    def taken(self) -> int:
        """How many there have been."""
        return sum(self._taken)

    def take(self, error: str) -> float | None:
        """Take a retry after ``error``: return the seconds to wait first, or None if none is left.

        The first retrier that takes the error decides, each with a count of its own.
        """
        for number, retrier in enumerate(self._retriers):
            if _matches(retrier["ErrorEquals"], error):
                taken = self._taken[number]
                if taken >= retrier["MaxAttempts"]:
                    return None
                self._taken[number] += 1
                return _wait(retrier, taken)
        return None


def catcher(catchers: Sequence[Mapping[str, Any]], error: str) -> Mapping[str, Any] | None:
    """Return the first of ``catchers``, a field ``Catch``, that takes ``error``."""
    return next((each for each in catchers if _matches(each["ErrorEquals"], error)), None)


def _wait(retrier: Mapping[str, Any], taken: int) -> float:
    wait = float(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** taken)
    wait = min(wait, retrier.get("MaxDelaySeconds", wait))
    return random.uniform(0, wait) if retrier.get("JitterStrategy") == "FULL" else wait  # noqa: S311 # no secret


def _matches(names: Sequence[str], error: str) -> bool:
    if error in names:
        return True
    if error in _TERMINAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")
