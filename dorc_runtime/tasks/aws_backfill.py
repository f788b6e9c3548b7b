"""The task that starts a pipeline for what is stored already, or for times in the past."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.errors import InputError
from dorc_runtime.tasks.aws_options import aws_environment, resolved_pipeline
from dorc_runtime.tasks.entry import (
    MISTAKE,
    pinned_repository,
    print_line,
    report_errors,
    tasks_folder,
)
from dorc_runtime.tasks.options import (
    ENVIRONMENT,
    JSON,
    ask,
    check_confirmation,
    environment_option,
)
from dorc_runtime.tasks.protection import CONFIRM, confirm_protected
from dorc_runtime.tasks.short_options import task
from dorc_runtime.tasks.signals import handle_sigterm

if TYPE_CHECKING:
    from dorc_runtime.compile.checks import Source
    from dorc_runtime.operate.aws_environment import AwsEnvironment
    from dorc_runtime.operate.backfill.backfill_items import Selection
    from dorc_runtime.operate.backfill.backfill_plan import BackfillPlan
    from dorc_runtime.operate.deployed_executions import Execution
    from dorc_runtime.project.repository import Repository

_AT_ONCE = 5
# More than a backfill has.
_ALL = 10**12


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        **ENVIRONMENT,
        "prefix": "start it for the objects under this prefix that its S3Trigger takes",
        "from": "start it for the times of its CronTrigger: the first date, 2025-01-01",
        "to": "the last date, 2025-03-31",
        "at-once": f"how many of its executions run at once at most (default: {_AT_ONCE})",
        "limit": "how many to start at most (default: all)",
        "budget": "how many US dollars to spend at most, by the price of its last executions",
        "name": "start all again that were started before, as a backfill of this name",
        "stop": "stop what runs of the backfill, and start nothing else",
        "yes": "do it without a question",
        **CONFIRM,
        **JSON,
    }
)
@report_errors
def backfill(
    c: Context,
    pipeline: str,
    env: str | None = None,
    prefix: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    at_once: int = _AT_ONCE,
    limit: int = _ALL,
    budget: str | None = None,
    name: str | None = None,
    stop: bool = False,
    yes: bool = False,
    confirm: str | None = None,
    json: bool = False,
) -> None:
    """Start a pipeline on AWS for objects that are stored already, or for times in the past.

    It shows a plan and asks. Given again, it continues, and starts nothing twice.

    Exits 0 when all executions succeeded, 1 when one failed, 2 for a mistake in the call.
    """
    dollars = _checked_options(prefix, from_, to, at_once, limit, budget, name)
    repository = pinned_repository(c)
    environment = environment_option(c, repository, env)
    aws = aws_environment(c, repository, environment)
    source = resolved_pipeline(c, repository, aws, pipeline)
    selection = _selection(aws, source, prefix, (from_ or "", to or ""), name or "")
    may_change = partial(
        _check_permission, c, repository, environment, yes=yes, confirm=confirm, json=json
    )
    with handle_sigterm():
        if stop:
            _stop(aws, source.id, selection, may_change, json=json)
        else:
            plan = _plan(c, repository, aws, source, selection, limit=limit, budget=dollars)
            _start(aws, plan, may_change, at_once=at_once, json=json)


def _checked_options(
    prefix: str | None,
    first: str | None,
    last: str | None,
    at_once: int,
    limit: int,
    budget: str | None,
    name: str | None,
) -> float | None:
    """Return the budget in US dollars, after a check of all options."""
    from dorc_runtime.operate.backfill.backfill_items import check_label

    if (prefix is None) == (first is None and last is None):
        raise Exit(
            "error: a backfill of what? Give --prefix for objects, or --from and --to for times.",
            code=MISTAKE,
        )
    if (first is None) != (last is None):
        missing = "--from" if first is None else "--to"
        raise Exit(f"error: {missing} is missing: give --from and --to.", code=MISTAKE)
    if at_once < 1:
        raise InputError("--at-once must be 1 or more.")
    if limit < 1:
        raise InputError("--limit must be 1 or more.")
    if name is not None:
        check_label(name)
    return None if budget is None else _dollars(budget)


def _dollars(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < math.inf:
        raise InputError(f"--budget is '{text}': write an amount in US dollars, such as 2.50.")
    return amount


def _selection(
    aws: AwsEnvironment, source: Source, prefix: str | None, period: tuple[str, str], label: str
) -> Selection:
    from dorc_runtime.operate.backfill.backfill_items import object_items, time_items

    if prefix is None:
        first, last = period
        return time_items(
            source.pipeline,
            name=source.id,
            first=first,
            last=last,
            now=datetime.now(UTC),
            label=label,
        )
    target = source.target
    assert target is not None  # noqa: S101 # it is resolved
    return object_items(
        aws, source.pipeline, name=source.id, target=target, prefix=prefix, label=label
    )


def _plan(
    c: Context,
    repository: Repository,
    aws: AwsEnvironment,
    source: Source,
    selection: Selection,
    *,
    limit: int,
    budget: float | None,
) -> BackfillPlan:
    from dorc_runtime.deploy.deployment_context import shared_config
    from dorc_runtime.operate.backfill.backfill_plan import plan_backfill
    from dorc_runtime.operate.cost.execution_estimate import execution_estimate
    from dorc_runtime.operate.cost.prices import region_prices
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.runs.last_runs import last_runs

    universal = shared_config(repository, read_settings(tasks_folder(c))).universal
    run, _ = last_runs(repository.root).get(source.id, (None, None))
    estimate = partial(
        execution_estimate,
        aws,
        source.id,
        source.pipeline,
        prices=region_prices(aws.region, architecture=universal.architecture),
        run=run if run is not None and run.status == "SUCCEEDED" else None,
    )
    return plan_backfill(aws, source.id, selection, limit=limit, budget=budget, estimate=estimate)


def _start(
    aws: AwsEnvironment,
    plan: BackfillPlan,
    may_change: Callable[[str, str], None],
    *,
    at_once: int,
    json: bool,
) -> None:
    from dorc_runtime.operate.backfill.backfill_run import Backfill
    from dorc_runtime.tasks.drawings.backfill_drawing import (
        BackfillDrawing,
        backfill_as_json,
        show_end,
        show_plan,
    )
    from dorc_runtime.tasks.drawings.console import console, print_json

    environment, number = aws.names.environment, len(plan.chosen)
    if not json:
        show_plan(plan, environment=environment, at_once=at_once)
    if number:
        what = f"{number:,} execution{'' if number == 1 else 's'} of {plan.pipeline}"
        may_change(f"start {what}", f"Start {what} in {environment}?")
    drawing = BackfillDrawing(console(stderr=json), total=number + plan.running)
    work = Backfill(aws, plan, at_once, drawing.observe)
    try:
        with drawing.running():
            progress = work.run()
    except KeyboardInterrupt:
        sys.stderr.write(_how_to_continue(work.progress.running, environment))
        raise
    if json:
        print_json(backfill_as_json(plan, progress, environment=environment, at_once=at_once))
    elif progress.total:
        show_end(plan, progress, environment=environment)
    if progress.failed or progress.is_stopped:
        raise Exit(code=1)


def _how_to_continue(running: int, environment: str) -> str:
    what = "1 execution runs" if running == 1 else f"{running:,} executions run"
    return (
        f"{what} on in {environment}, and nothing else is started: the same command continues, and "
        "with --stop it stops what runs\n"
    )


def _stop(
    aws: AwsEnvironment,
    pipeline: str,
    selection: Selection,
    may_change: Callable[[str, str], None],
    *,
    json: bool,
) -> None:
    from dorc_runtime.operate.backfill.backfill_run import running_items, stop_backfill
    from dorc_runtime.tasks.drawings.console import print_json

    environment, number = aws.names.environment, len(running_items(aws, pipeline, selection))
    stopped: tuple[Execution, ...] = ()
    if number:
        what = f"{number:,} execution{'' if number == 1 else 's'} of {pipeline}"
        may_change(f"stop {what}", f"Stop {what} in {environment}?")
        stopped = stop_backfill(aws, pipeline, selection)
    if json:
        print_json({"stopped": [each.name for each in stopped]})
    elif stopped:
        print_line(f"stopped {len(stopped):,}; a backfill that starts them sees it, and ends")
    else:
        print_line(f"nothing of this backfill runs in {environment}")


def _check_permission(
    c: Context,
    repository: Repository,
    environment: str,
    action: str,
    question: str,
    *,
    yes: bool,
    confirm: str | None,
    json: bool,
) -> None:
    """End the task unless ``action`` may be done, after questions or by options."""
    check_confirmation(yes, json=json)
    confirm_protected(c, repository, environment, confirm, action=action, json=json)
    if not yes:
        ask(question)


TASKS: tuple[Task[Any], ...] = (backfill,)
