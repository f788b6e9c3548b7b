"""The permissions that a state machine needs in addition to calling its functions.

AWS's pages: for calls
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html, for distributed
Maps https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dorc_runtime.compile.arns import bucket_arn, execution_arn, machine_arn, rule_arn
from dorc_runtime.compile.documents import Document, is_expression, policy_literal
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.permissions.job_actions import service_permissions
from dorc_runtime.compile.permissions.service_actions import Place
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import Call, Map, Objects, Rows, Service, all_steps
from dorc_runtime.model.triggers import S3Trigger

# The rule that informs Step Functions when an execution that it waits for ends.
_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


@dataclass(frozen=True)
class MachineContext:
    """Where a state machine runs: its region and account, its layer, and its name, ``machine``.

    ``machines`` has the names of the state machines of other pipelines by pipeline, ``buckets`` the
    buckets of zones.
    """

    place: Place
    layer: str
    machine: str
    machines: Mapping[str, str]
    buckets: Mapping[str, str]

    def readable(self, pipeline: Pipeline) -> list[str]:
        """Return the buckets of the pipeline's source zone and of its triggers."""
        between = zones(self.layer)
        source = [self.buckets.get(between[0], between[0])] if between else []
        triggers = [each for each in pipeline.triggers if isinstance(each, S3Trigger)]
        return list(dict.fromkeys([*source, *(t.bucket for t in triggers if t.bucket)]))


def machine_permissions(pipeline: Pipeline, context: MachineContext) -> tuple[Permission, ...]:
    """Return the permissions for the calls, services and distributed Maps of ``pipeline``."""
    needed: list[Permission] = []
    for step in all_steps(pipeline.steps):
        match step:
            case Call():
                needed += _call(step, context)
            case Service():
                place, buckets = context.place, context.buckets
                needed += service_permissions(step, place=place, buckets=buckets) or ()
            case Map(distributed=True):
                needed += _map(step, pipeline, context)
            case _:
                pass
    return tuple(dict.fromkeys(needed))


def _call(step: Call, context: MachineContext) -> Iterator[Permission]:
    region, account = context.place.region, context.place.account
    name = context.machines[step.pipeline]
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


def _map(step: Map, pipeline: Pipeline, context: MachineContext) -> Iterator[Permission]:
    region, account, name = context.place.region, context.place.account, context.machine
    yield Permission("states:StartExecution", resources=machine_arn(region, account, name))
    yield Permission(
        ("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"),
        resources=[execution_arn(region, account, each, "*") for each in (name, f"{name}/*")],
    )
    match step.over:
        case Objects(bucket=str(bucket), prefix=str(prefix)):
            start = "" if is_expression(prefix) else prefix
            for each in _buckets(bucket, pipeline, context):
                yield _listing(bucket_arn(region, each), start)
        case Rows(bucket=str(bucket), key=str(key)):
            for each in _buckets(bucket, pipeline, context):
                path = "*" if is_expression(key) else policy_literal(key)
                yield Permission("s3:GetObject", resources=f"{bucket_arn(region, each)}/{path}")
        case _:
            pass
    if step.results is not None:
        zone, _, prefix = step.results.partition("/")
        arn = bucket_arn(region, context.buckets.get(zone, zone))
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


def _buckets(bucket: str, pipeline: Pipeline, context: MachineContext) -> Sequence[str]:
    if is_expression(bucket):
        return context.readable(pipeline)
    return [context.buckets.get(bucket, bucket)]


def _listing(arn: str, prefix: str) -> Permission:
    if not prefix:
        return Permission("s3:ListBucket", resources=arn)
    condition: Document = {"StringLike": {"s3:prefix": [f"{policy_literal(prefix)}*"]}}
    return Permission("s3:ListBucket", resources=arn, condition=condition)
