"""Retries and catchers: which one matches an error, and the delay before a retry.

Names of errors, and what matches them:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

# The error that no wildcard matches. AWS's page also names States.DataLimitExceeded, which its
# service does catch by States.ALL: tests/proof/test_aws_words.py.
_TERMINAL = "States.Runtime"
# The values of fields that a retrier does not have.
_DEFAULTS = {"IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2.0}


class Retries:
    """The retries of one visit of a state, by its field ``Retry``."""

    def __init__(self, retriers: Sequence[Mapping[str, Any]]) -> None:
        self._retriers = [{**_DEFAULTS, **retrier} for retrier in retriers]
        self._counts = [0] * len(retriers)

    @property
    def count(self) -> int:
        """How many retries there were."""
        return sum(self._counts)

    def next_delay(self, error: str) -> float | None:
        """Count a retry after ``error`` and return its delay in seconds, None if none is left.

        The first retrier that matches the error decides. Each retrier has its own count.
        """
        for number, retrier in enumerate(self._retriers):
            if _matches(retrier["ErrorEquals"], error):
                count = self._counts[number]
                if count >= retrier["MaxAttempts"]:
                    return None
                self._counts[number] += 1
                return retry_delay(retrier, count)
        return None


def catcher(
    catchers: Sequence[Mapping[str, Any]], error: str
) -> tuple[int, Mapping[str, Any] | None]:
    """Return the index of the first catcher in a field ``Catch`` that matches, and the catcher."""
    matches = (pair for pair in enumerate(catchers) if _matches(pair[1]["ErrorEquals"], error))
    return next(matches, (0, None))


def retry_delay(retrier: Mapping[str, Any], count: int) -> float:
    """Return the seconds before the next retry by ``retrier``, after ``count`` of them."""
    delay = float(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** count)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311 # no secret


def _matches(names: Sequence[str], error: str) -> bool:
    if error in names:
        return True
    if error == _TERMINAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")
