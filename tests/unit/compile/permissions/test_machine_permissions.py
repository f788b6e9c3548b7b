"""What a state machine may do beyond calling its functions, for each kind of step."""

from typing import Any

from dorc_runtime import (
    Call,
    Function,
    Map,
    Pass,
    Permission,
    Pipeline,
    S3Trigger,
    Service,
    data,
    objects,
    rows,
)
from dorc_runtime.compile.permissions.machine_permissions import MachineContext, machine_permissions
from dorc_runtime.compile.permissions.policies import machine_policy
from dorc_runtime.compile.permissions.service_actions import Place
from dorc_runtime.model.steps import Step

RULES = "arn:aws:events:eu-west-2:123456789012:rule/"
STATES = "arn:aws:states:eu-west-2:123456789012"
CONTEXT = MachineContext(
    place=Place(region="eu-west-2", account="123456789012"),
    layer="raw-to-processed",
    machine="tidy",
    machines={"curated/load": "load"},
    buckets={"raw": "my-raw", "processed": "my-processed"},
)


def allowed(*steps: Step, triggers: Any = ()) -> dict[str, list[str]]:
    """Return what each action is allowed on."""
    pipeline = Pipeline(steps=steps, triggers=triggers)
    found: dict[str, list[str]] = {}
    for permission in machine_permissions(pipeline, CONTEXT):
        for action in permission.actions:
            found.setdefault(action, []).extend(permission.resources)
    return found


def test_a_call_starts_watches_and_stops_that_one_machine() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html"""
    rule = (
        "arn:aws:events:eu-west-2:123456789012:rule/"
        "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    )
    assert allowed(Call("curated/load")) == {
        "states:StartExecution": [f"{STATES}:stateMachine:load"],
        "states:DescribeExecution": [f"{STATES}:execution:load:*"],
        "states:StopExecution": [f"{STATES}:execution:load:*"],
        "events:PutTargets": [rule],
        "events:PutRule": [rule],
        "events:DescribeRule": [rule],
    }


def test_a_call_that_does_not_wait_only_starts_the_machine() -> None:
    found = allowed(Call("curated/load", wait=False))
    assert found == {"states:StartExecution": [f"{STATES}:stateMachine:load"]}


def test_a_distributed_map_starts_and_stops_executions_of_its_own_machine() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
    found = allowed(Map([1], distributed=True, steps=[Pass()]))
    assert found["states:StartExecution"] == [f"{STATES}:stateMachine:tidy"]
    assert found["states:StopExecution"] == [
        f"{STATES}:execution:tidy:*",
        f"{STATES}:execution:tidy/*:*",
    ]


def test_a_map_over_objects_lists_them_and_no_others() -> None:
    [*_, listing] = machine_permissions(
        Pipeline(steps=[Map(objects("raw/a*/"), distributed=True, steps=[Pass()])]), CONTEXT
    )
    assert listing.actions == ("s3:ListBucket",)
    assert listing.resources == ("arn:aws:s3:::my-raw",)
    assert listing.condition == {"StringLike": {"s3:prefix": ["a${*}/*"]}}


def test_a_map_over_rows_reads_that_file() -> None:
    found = allowed(Map(rows("raw/p.csv"), distributed=True, steps=[Pass()]))
    assert found["s3:GetObject"] == ["arn:aws:s3:::my-raw/p.csv"]


def test_a_map_over_rows_of_the_run_reads_the_buckets_of_triggers() -> None:
    place = rows(bucket=data.bucket, key=data.key, format="CSV")
    step = Map(place, distributed=True, steps=[Pass()])
    found = allowed(step, triggers=[S3Trigger(bucket="theirs")])
    assert found["s3:GetObject"] == ["arn:aws:s3:::my-raw/*", "arn:aws:s3:::theirs/*"]


def test_a_map_writes_its_results_below_their_prefix() -> None:
    step = Map([1], distributed=True, results="processed/runs/", steps=[Pass()])
    assert allowed(step)["s3:PutObject"] == ["arn:aws:s3:::my-processed/runs/*"]


def test_permissions_of_steps_inside_others_appear_once() -> None:
    publish = Service("sns:publish", arguments={"TopicArn": "arn:topic"})
    inner = Map([1], steps=[publish, publish])
    assert allowed(inner, publish) == {"sns:Publish": ["arn:topic"]}


def test_a_function_and_an_inline_map_need_nothing_more() -> None:
    assert allowed(Function("a"), Map([1], steps=[Pass()])) == {}


def test_the_permissions_are_in_the_policy_of_the_machine() -> None:
    needed = machine_permissions(Pipeline(steps=[Call("curated/load", wait=False)]), CONTEXT)
    policy: Any = machine_policy(function_arns=[], permissions=needed)
    assert {
        "Effect": "Allow",
        "Action": ["states:StartExecution"],
        "Resource": [f"{STATES}:stateMachine:load"],
    } in policy["Statement"]


def test_a_job_is_started_watched_and_stopped() -> None:
    build = Service("codebuild:startBuild", arguments={"ProjectName": "site"}, wait=True)
    rule = "StepFunctionsGetEventForCodeBuildStartBuildRule"
    project = "arn:aws:codebuild:eu-west-2:123456789012:project/site"
    jobs = ("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds")
    events = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
    assert allowed(build) == (
        {action: [project] for action in jobs} | {action: [f"{RULES}{rule}"] for action in events}
    )


def test_the_newest_revision_of_a_task_definition_may_run() -> None:
    task = {"TaskDefinition": "clean", "Cluster": "work"}
    found = allowed(Service("ecs:runTask", arguments=task, wait=True))
    arn = "arn:aws:ecs:eu-west-2:123456789012:task-definition/clean:*"
    assert found["ecs:RunTask"] == [arn]


def test_a_query_runs_in_its_workgroup_only() -> None:
    query = {"QueryString": "select 1", "WorkGroup": "analysts"}
    step = Service(
        "athena:startQueryExecution",
        arguments=query,
        wait=True,
        permissions=[Permission("glue:GetTable", resources=["*"])],
    )
    found = allowed(step)
    workgroup = "arn:aws:athena:eu-west-2:123456789012:workgroup/analysts"
    assert found["athena:StartQueryExecution"] == [workgroup]
    assert found["glue:GetTable"] == ["*"]
