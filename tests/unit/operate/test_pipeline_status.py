"""How pipelines on AWS are: what needs attention first, and how many calls AWS gets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from dorc_runtime import CronTrigger, Function, Pipeline, PipelineTrigger
from dorc_runtime.compile.names import Names
from dorc_runtime.model.triggers import Trigger
from dorc_runtime.operate.aws_environment import AwsEnvironment
from dorc_runtime.operate.deployed_executions import Execution, ExecutionStatus
from dorc_runtime.operate.status.current_pipelines import CurrentPipeline
from dorc_runtime.operate.status.next_start import NextStart, next_start
from dorc_runtime.operate.status.pipeline_status import PipelineStatus, pipeline_statuses

from .large_aws import ACCOUNT, REGION, LargeAws, served

pytestmark = pytest.mark.usefixtures("credentials")

NAMES = Names("my-pipelines", "prod")
NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
LAYER = "raw-to-processed"


def current(name: str, images: dict[str, str] | None = None) -> CurrentPipeline:
    functions = {each: NAMES.pipeline(LAYER, name).function(each) for each in images or {}}
    definition = Pipeline(steps=[Function("clean")])
    return CurrentPipeline(f"{LAYER}/{name}", definition, images or {}, functions)


def machine(name: str) -> str:
    return NAMES.pipeline(LAYER, name).machine


def statuses(aws: LargeAws, pipelines: Sequence[CurrentPipeline]) -> tuple[PipelineStatus, ...]:
    with served(aws) as endpoint:
        environment = AwsEnvironment(NAMES, REGION, ACCOUNT, "me", endpoint)
        return pipeline_statuses(environment, pipelines, now=aws.now)


def test_100_pipelines_take_a_call_for_each_and_one_for_each_100_functions() -> None:
    names = [f"p{number}" for number in range(100)]
    images = {NAMES.pipeline(LAYER, name).function(f"f{n}"): "1" for name in names for n in (1, 2)}
    aws = LargeAws(tuple(map(machine, names)), 100, images=images)
    found = statuses(aws, [current(name, {"f1": "1", "f2": "2"}) for name in names])
    assert {(each.failed, each.stale) for each in found} == {(2, ("f2",))}
    assert aws.calls == {"ListExecutions": 100, "GetResources": 2}


def test_a_pipeline_with_100000_executions_takes_one_call() -> None:
    aws = LargeAws((machine("busy"),), 100_000, apart=timedelta(minutes=1))
    [found] = statuses(aws, [current("busy")])
    assert (found.failed, found.is_complete) == (25, False)
    assert aws.calls == {"ListExecutions": 1, "GetResources": 1}


def test_what_needs_attention_is_first() -> None:
    both: tuple[ExecutionStatus, ...] = ("FAILED", "SUCCEEDED")
    ended = {status: Execution("x", "e", "arn", status, NOW, NOW) for status in both}
    order = (
        PipelineStatus("last failed", deployed=True, last=ended["FAILED"]),
        PipelineStatus("failed today", deployed=True, last=ended["SUCCEEDED"], failed=2),
        PipelineStatus("not deployed", deployed=False),
        PipelineStatus("older image", deployed=True, stale=("clean",)),
        PipelineStatus("fine", deployed=True, last=ended["SUCCEEDED"], running=1),
    )
    assert [each.urgency for each in order] == [0, 1, 2, 3, 4]


def test_a_pipeline_that_is_not_deployed_says_nothing_else() -> None:
    [found] = statuses(LargeAws((), 0), [current("new", {"clean": "1"})])
    assert found == PipelineStatus(f"{LAYER}/new", deployed=False)


def test_a_function_without_the_fingerprint_of_its_image_has_to_be_deployed() -> None:
    """An older version of dorc deployed it, or nobody has."""
    aws = LargeAws((machine("p"),), 0)
    [found] = statuses(aws, [current("p", {"clean": "1"})])
    assert (found.deployed, found.last, found.stale) == (True, None, ("clean",))


CLOCK = (
    ([CronTrigger("cron(0 13 * * ? *)")], NextStart("cron(0 13 * * ? *)", NOW.replace(hour=13))),
    (
        [CronTrigger("cron(0 6 * * ? *)", timezone="Europe/Berlin")],
        # Summer time starts that night.
        NextStart("cron(0 6 * * ? *)", datetime(2026, 3, 29, 4, tzinfo=UTC)),
    ),
    (
        [CronTrigger("cron(0 13 * * ? *)"), CronTrigger("rate(5 minutes)")],
        NextStart("rate(5 minutes)", within=timedelta(minutes=5)),
    ),
    (
        [CronTrigger("rate(2 hours)"), CronTrigger("at(2026-03-28T12:30:00)")],
        NextStart("at(2026-03-28T12:30:00)", NOW.replace(minute=30)),
    ),
    ([CronTrigger("at(2026-03-28T11:00:00)")], None),
    ([CronTrigger("rate(1 day)", enabled=["dev"])], NextStart("rate(1 day)", enabled=False)),
    (
        [CronTrigger("rate(1 day)", enabled=False), CronTrigger("at(2026-03-28T12:30:00)")],
        NextStart("at(2026-03-28T12:30:00)", NOW.replace(minute=30)),
    ),
    ([PipelineTrigger("raw-to-processed/p")], None),
)


@pytest.mark.parametrize(("triggers", "start"), CLOCK)
def test_the_next_start_is_the_first_of_all_enabled_schedules(
    triggers: list[Trigger], start: NextStart | None
) -> None:
    assert next_start(triggers, environment="prod", now=NOW) == start
