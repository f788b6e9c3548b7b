"""What the next execution of a pipeline will cost and take, as far as earlier ones say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Call, Function, Map, all_steps
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.cost.measured_usage import execution_usage, run_usage
from dorc_runtime.operate.cost.prices import Prices, Usage
from dorc_runtime.operate.deployed_executions import Execution, history
from dorc_runtime.runs.folder import SavedRun


@dataclass(frozen=True)
class Estimate:
    """The lowest and the highest price of an execution in US dollars, and its usual seconds.

    ``origin`` says what was measured, "" for nothing. ``omitted`` are the parts of the pipeline
    that the price does not contain. Without ``prices`` of the region, ``low`` and ``high`` are
    None.
    """

    low: float | None = None
    high: float | None = None
    seconds: float | None = None
    origin: str = ""
    omitted: tuple[str, ...] = ()
    prices: Prices | None = None


def execution_estimate(
    environment: AwsEnvironment,
    name: str,
    pipeline: Pipeline,
    succeeded: Sequence[Execution],
    *,
    prices: Prices | None,
    run: SavedRun | None = None,
) -> Estimate:
    """Return the estimate for ``pipeline``, called ``name``, from executions that ``succeeded``.

    Where there are none, it is made from ``run``, a run on this machine. The price is that of Step
    Functions and Lambda; what else functions use, such as requests to S3, is not in it.
    """
    omitted = tuple(_omitted(pipeline))
    functions = {
        step.name: step.memory for step in all_steps(pipeline.steps) if isinstance(step, Function)
    }
    if succeeded:
        names = environment.names.pipeline(*name.split("/"))
        memory = {names.function(function): size for function, size in functions.items()}
        usages = [execution_usage(history(environment, each), memory) for each in succeeded]
        times = [(each.stopped or each.started) - each.started for each in succeeded]
        seconds = sum(time.total_seconds() for time in times) / len(times)
        number = len(succeeded)
        origin = "the last execution" if number == 1 else f"the last {number} executions"
        return _estimate(usages, prices, seconds, origin, omitted)
    if run is not None:
        usages = [run_usage(run.visits, functions)]
        return _estimate(usages, prices, run.seconds, "the last run on this machine", omitted)
    return Estimate(omitted=omitted)


def _estimate(
    usages: Sequence[Usage],
    prices: Prices | None,
    seconds: float,
    origin: str,
    omitted: tuple[str, ...],
) -> Estimate:
    costs = [prices.price(each) for each in usages] if prices else None
    low, high = (min(costs), max(costs)) if costs else (None, None)
    return Estimate(low, high, seconds, origin, omitted, prices)


def _omitted(pipeline: Pipeline) -> Iterator[str]:
    """Yield the steps with executions of their own, which the history does not have."""
    for step in all_steps(pipeline.steps):
        if isinstance(step, Call):
            yield f"the executions of {step.pipeline}"
        elif isinstance(step, Map) and step.distributed:
            yield f"the items of the distributed Map {step.name}"
