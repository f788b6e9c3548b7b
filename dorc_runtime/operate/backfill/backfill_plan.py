"""The plan of a backfill: what was done before, what it starts now, and at what price."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dorc_runtime.errors import InputError
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.backfill.backfill_items import Item, Selection
from dorc_runtime.operate.cost.execution_estimate import Estimate
from dorc_runtime.operate.deployed_executions import (
    FAILED,
    Execution,
    ExecutionStatus,
    not_deployed,
)
from dorc_runtime.operate.execution_lists import newest_executions

# Of so many executions the price is measured.
_MEASURED = 5
# More executions than a pipeline has.
_ALL = 10**12


@dataclass(frozen=True)
class BackfillPlan:
    """A backfill of ``pipeline`` (``layer/name``) before it starts.

    ``known`` has the executions of it that exist, by name. ``chosen`` is what it starts now, and
    ``waiting`` is how many more a limit or a budget leaves for another time.
    """

    pipeline: str
    selection: Selection
    known: Mapping[str, Execution]
    chosen: tuple[Item, ...]
    waiting: int
    estimate: Estimate

    @property
    def succeeded(self) -> int:
        """How many executions succeeded before."""
        return self._count("SUCCEEDED")

    @property
    def failed(self) -> int:
        """How many failed before, timed out or were stopped."""
        return self._count(*FAILED)

    @property
    def running(self) -> int:
        """How many run at the moment."""
        return len(self.known) - self.succeeded - self.failed

    @property
    def size(self) -> int:
        """The size in bytes of the objects that it starts now."""
        return sum(each.size for each in self.chosen)

    @property
    def price(self) -> tuple[float, float] | None:
        """The lowest and the highest price of what it starts now, None where it is not known."""
        if self.estimate.low is None or self.estimate.high is None:
            return None
        number = len(self.chosen)
        return number * self.estimate.low, number * self.estimate.high

    def seconds(self, at_once: int) -> float | None:
        """Return how long it takes with ``at_once`` executions at a time, None if not known."""
        if self.estimate.seconds is None:
            return None
        return -(-len(self.chosen) // at_once) * self.estimate.seconds

    def _count(self, *statuses: str) -> int:
        return sum(each.status in statuses for each in self.known.values())


def plan_backfill(
    environment: AwsEnvironment,
    name: str,
    selection: Selection,
    *,
    limit: int,
    budget: float | None,
    estimate: Callable[[Sequence[Execution]], Estimate],
) -> BackfillPlan:
    """Return the plan of a backfill of the pipeline ``name`` over ``selection``.

    It starts at most ``limit`` executions, and not more than ``budget`` US dollars buy at the
    highest price that was measured. ``estimate`` makes the estimate from the newest executions that
    succeeded. AWS lists all executions of the pipeline once.

    Raises ``InputError`` for a budget where the price is not known, or that buys nothing, and
    ``StackError`` for a pipeline that is not deployed.
    """
    names = {each.name for each in selection.items}
    known: dict[str, Execution] = {}
    succeeded: list[Execution] = []
    for each in all_executions(environment, name):
        if each.name in names:
            known[each.name] = each
        if each.status == "SUCCEEDED" and len(succeeded) < _MEASURED:
            succeeded.append(each)
    measured = estimate(succeeded)
    most = limit if budget is None else min(limit, _affordable(name, budget, measured))
    left = [each for each in selection.items if each.name not in known]
    return BackfillPlan(
        name, selection, known, tuple(left[:most]), max(0, len(left) - most), measured
    )


def all_executions(
    environment: AwsEnvironment,
    name: str,
    *,
    status: ExecutionStatus | None = None,
    since: datetime | None = None,
) -> tuple[Execution, ...]:
    """Return all executions of the pipeline ``name``, the newest first.

    They have ``status``, if any, and started at ``since`` or later. Raises ``StackError`` for a
    pipeline that is not deployed.
    """
    found = newest_executions(environment, name, status=status, since=since, most=_ALL)
    if found is None:
        raise not_deployed([name], environment)
    return found.executions


def _affordable(name: str, budget: float, estimate: Estimate) -> int:
    """Return how many executions ``budget`` buys."""
    if not estimate.origin:
        raise InputError(
            f"--budget needs the price of an execution, and none of {name} succeeded yet: measure "
            "one with --limit 1 and without --budget."
        )
    if estimate.high is None:
        raise InputError(
            "--budget needs the prices of the region, and dorc does not have them: use --limit."
        )
    if estimate.omitted:
        raise InputError(
            f"--budget needs the whole price, and that of {' and '.join(estimate.omitted)} is not "
            "measured: use --limit."
        )
    if budget < estimate.high:
        raise InputError(
            f"--budget buys no execution of {name}: one costs up to ${estimate.high:.6f}, as "
            f"{estimate.origin} did."
        )
    return int(budget / estimate.high)
