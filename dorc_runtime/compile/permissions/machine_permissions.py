"""What a state machine must be allowed to do beyond calling its functions.

AWS's pages: for calls
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html, for distributed
Maps https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dorc_runtime.compile.documents import Document, is_expression, policy_literal
from dorc_runtime.compile.names import bucket_arn, execution_arn, machine_arn, rule_arn, zones
from dorc_runtime.compile.permissions.service_actions import Place, permissions
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Call, Map, Objects, Rows, Service, all_steps
from dorc_runtime.model.triggers import S3Trigger

# By which Step Functions learns that an execution it waits for has ended.
_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


@dataclass(frozen=True)
class Surroundings:
    """Where a pipeline of ``layer`` is: its own machine's name, and what others are called.

    ``machines`` has the names of the state machines of other pipelines by their ids, ``buckets``
    the buckets of zones.
    """

    place: Place
    layer: str
    machine: str
    machines: Mapping[str, str]
    buckets: Mapping[str, str]

    def readable(self, pipeline: Pipeline) -> list[str]:
        """Return the buckets that a run may be about, by the pipeline's layer and triggers."""
        between = zones(self.layer)
        source = [self.buckets.get(between[0], between[0])] if between else []
        triggers = [each for each in pipeline.triggers if isinstance(each, S3Trigger)]
        return list(dict.fromkeys([*source, *(t.bucket for t in triggers if t.bucket)]))


def machine_permissions(pipeline: Pipeline, around: Surroundings) -> tuple[Permission, ...]:
    """Return the permissions for the calls, services and distributed Maps of ``pipeline``."""
    found: list[Permission] = []
    for step in all_steps(pipeline.steps):
        match step:
            case Call():
                found += _call(step, around)
            case Service():
                found += permissions(step, place=around.place, buckets=around.buckets) or ()
            case Map(distributed=True):
                found += _map(step, pipeline, around)
            case _:
                pass
    return tuple(dict.fromkeys(found))


def _call(step: Call, around: Surroundings) -> Iterator[Permission]:
    region, account = around.place.region, around.place.account
    name = around.machines[step.pipeline]
    yield Permission("states:StartExecution", resources=machine_arn(region, account, name))
    if step.wait:
        yield Permission(
            ("states:DescribeExecution", "states:StopExecution"),
            resources=execution_arn(region, account, name, "*"),
        )
        yield Permission(
            ("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            resources=rule_arn(region, account, _RULE),
        )


def _map(step: Map, pipeline: Pipeline, around: Surroundings) -> Iterator[Permission]:
    region, account, name = around.place.region, around.place.account, around.machine
    yield Permission("states:StartExecution", resources=machine_arn(region, account, name))
    yield Permission(
        ("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"),
        resources=[execution_arn(region, account, each, "*") for each in (name, f"{name}/*")],
    )
    match step.over:
        case Objects(bucket=str(bucket), prefix=str(prefix)):
            start = "" if is_expression(prefix) else prefix
            for each in _buckets(bucket, pipeline, around):
                yield _listing(bucket_arn(region, each), start)
        case Rows(bucket=str(bucket), key=str(key)):
            for each in _buckets(bucket, pipeline, around):
                path = "*" if is_expression(key) else policy_literal(key)
                yield Permission("s3:GetObject", resources=f"{bucket_arn(region, each)}/{path}")
        case _:
            pass
    if step.results is not None:
        zone, _, prefix = step.results.partition("/")
        arn = bucket_arn(region, around.buckets.get(zone, zone))
        folder = f"{policy_literal(prefix.rstrip('/'))}/" if prefix else ""
        yield Permission(
            (
                "s3:PutObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:AbortMultipartUpload",
            ),
            resources=f"{arn}/{folder}*",
        )


def _buckets(bucket: str, pipeline: Pipeline, around: Surroundings) -> Sequence[str]:
    if is_expression(bucket):
        return around.readable(pipeline)
    return [around.buckets.get(bucket, bucket)]


def _listing(arn: str, prefix: str) -> Permission:
    if not prefix:
        return Permission("s3:ListBucket", resources=arn)
    condition: Document = {"StringLike": {"s3:prefix": [f"{policy_literal(prefix)}*"]}}
    return Permission("s3:ListBucket", resources=arn, condition=condition)
