"""The actions of which Step Functions waits for the end, with the permissions that each needs.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from dorc_runtime.compile.arns import arn_of, rule_arn
from dorc_runtime.compile.documents import Document, policy_literal
from dorc_runtime.compile.permissions.service_actions import SDK, Place, literals, permissions
from dorc_runtime.model.expressions.data import TASK_TOKEN
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.steps import Service

WITH_TOKEN = ".waitForTaskToken"  # noqa: S105 - no secret
"""How the resource of a task ends that waits until somebody sends its token back."""
_SYNC = ".sync"
_PAGES = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_ANY = "*"

# Returns the ARNs that the statement of a job allows; it has * where they are known only in a run.
_Resources = Callable[[Document, Place], Sequence[str]]


@dataclass(frozen=True)
class Job:
    """An action that starts a job.

    ``allowed`` has the permissions that it needs by their actions, ``rule`` is the rule by which
    Step Functions is informed of the end, "" where it asks for it. ``others`` are the actions that
    a step has to allow itself, as they depend on more than its arguments, each with the reason.
    """

    page: str
    allowed: Mapping[tuple[str, ...], _Resources]
    rule: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


def _arn(service: str, kind: str, argument: str, *, default: str = "", end: str = "") -> _Resources:
    """Return the ARNs of what ``argument`` names, in the account and region of the pipeline."""

    def resources(arguments: Document, place: Place) -> Sequence[str]:
        names = literals(arguments.get(argument, default))
        if names and names[0].startswith("arn:"):
            return [policy_literal(names[0])]
        name = policy_literal(names[0]) + end if names and names[0] else _ANY
        return [arn_of(service, place.region, place.account, f"{kind}/{name}")]

    return resources


def _all(arguments: Document, place: Place) -> Sequence[str]:
    return [_ANY]


def _catalogs(arguments: Document, place: Place) -> Sequence[str]:
    return [arn_of("athena", place.region, place.account, "datacatalog/*")]


def _task_definition(arguments: Document, place: Place) -> Sequence[str]:
    """A name without a revision stands for the newest one."""
    [arn] = _arn("ecs", "task-definition", "TaskDefinition")(arguments, place)
    name = arn.rpartition("/")[2]
    return [arn if ":" in name or name == _ANY else f"{arn}:*"]


def _sagemaker(kind: str, name: str) -> dict[tuple[str, ...], _Resources]:
    words = "".join(part.capitalize() for part in kind.split("-"))
    actions = tuple(f"sagemaker:{verb}{words}" for verb in ("Create", "Describe", "Stop"))
    return {actions: _arn("sagemaker", kind, name, end="*"), ("sagemaker:ListTags",): _all}


_CLUSTER = _arn("elasticmapreduce", "cluster", "ClusterId")
_EMR = f"{_PAGES}connect-emr.html"
_SAGEMAKER = f"{_PAGES}connect-sagemaker.html"
JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "athena:startQueryExecution": Job(
            f"{_PAGES}connect-athena.html",
            {
                (
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                    "athena:GetQueryExecution",
                ): _arn("athena", "workgroup", "WorkGroup", default="primary"),
                ("athena:GetDataCatalog",): _catalogs,
            },
            others={
                "glue:GetTable": "the query reads the definitions of tables",
                "s3:GetObject": "the query reads the objects of tables",
                "s3:PutObject": "the query writes its result",
            },
        ),
        "batch:submitJob": Job(
            f"{_PAGES}connect-batch.html",
            {("batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob"): _all},
            rule="StepFunctionsGetEventsForBatchJobsRule",
        ),
        "codebuild:startBuild": Job(
            f"{_PAGES}connect-codebuild.html",
            {
                ("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"): _arn(
                    "codebuild", "project", "ProjectName"
                )
            },
            rule="StepFunctionsGetEventForCodeBuildStartBuildRule",
        ),
        "databrew:startJobRun": Job(
            f"{_PAGES}connect-databrew.html",
            {
                ("databrew:StartJobRun", "databrew:ListJobRuns", "databrew:StopJobRun"): _arn(
                    "databrew", "job", "Name"
                )
            },
        ),
        "ecs:runTask": Job(
            f"{_PAGES}connect-ecs.html",
            {("ecs:RunTask",): _task_definition, ("ecs:StopTask", "ecs:DescribeTasks"): _all},
            rule="StepFunctionsGetEventsForECSTaskRule",
            others={"iam:PassRole": "the roles of the task definition are passed on"},
        ),
        "elasticmapreduce:addStep": Job(
            _EMR,
            {
                (
                    "elasticmapreduce:AddJobFlowSteps",
                    "elasticmapreduce:DescribeStep",
                    "elasticmapreduce:CancelSteps",
                ): _CLUSTER
            },
            rule="StepFunctionsGetEventForEMRAddJobFlowStepsRule",
        ),
        "elasticmapreduce:createCluster": Job(
            _EMR,
            {
                (
                    "elasticmapreduce:RunJobFlow",
                    "elasticmapreduce:DescribeCluster",
                    "elasticmapreduce:TerminateJobFlows",
                ): _all
            },
            rule="StepFunctionsGetEventForEMRRunJobFlowRule",
            others={"iam:PassRole": "the roles of the cluster are passed on"},
        ),
        "elasticmapreduce:terminateCluster": Job(
            _EMR,
            {("elasticmapreduce:TerminateJobFlows", "elasticmapreduce:DescribeCluster"): _CLUSTER},
            rule="StepFunctionsGetEventForEMRTerminateJobFlowsRule",
        ),
        "glue:startJobRun": Job(
            f"{_PAGES}connect-glue.html",
            {
                (
                    "glue:StartJobRun",
                    "glue:GetJobRun",
                    "glue:GetJobRuns",
                    "glue:BatchStopJobRun",
                ): _all
            },
        ),
        "sagemaker:createTrainingJob": Job(
            _SAGEMAKER,
            _sagemaker("training-job", "TrainingJobName"),
            rule="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            others={"iam:PassRole": "the role of the job is passed on"},
        ),
        "sagemaker:createTransformJob": Job(
            _SAGEMAKER,
            _sagemaker("transform-job", "TransformJobName"),
            rule="StepFunctionsGetEventsForSageMakerTransformJobsRule",
        ),
    }
)
# Step Functions waits for these too; a step has to allow what they need.
_OTHER_JOBS = frozenset(
    {
        "bedrock:createModelCustomizationJob",
        "codebuild:startBuildBatch",
        "eks:createCluster",
        "eks:createFargateProfile",
        "eks:createNodegroup",
        "eks:deleteCluster",
        "eks:deleteFargateProfile",
        "eks:deleteNodegroup",
        "eks:runJob",
        "emr-containers:deleteVirtualCluster",
        "emr-containers:startJobRun",
        "emr-serverless:createApplication",
        "emr-serverless:deleteApplication",
        "emr-serverless:startApplication",
        "emr-serverless:startJobRun",
        "emr-serverless:stopApplication",
        "mediaconvert:createJob",
        "sagemaker:createHyperParameterTuningJob",
        "sagemaker:createLabelingJob",
        "sagemaker:createProcessingJob",
    }
)
# Any action that is called through the SDK can have a token as well.
_TOKEN_ACTIONS = frozenset(
    {
        "apigateway:invoke",
        "bedrock:invokeModel",
        "ecs:runTask",
        "eks:call",
        "events:putEvents",
        "sns:publish",
        "sqs:sendMessage",
    }
)


def resource_ending(step: Service) -> str:
    """Return how the ``Resource`` of ``step`` ends: "" if it does not wait."""
    return _SYNC if step.wait else WITH_TOKEN if step.wait_for_token else ""


def waiting_problems(step: Service) -> Iterator[str]:
    """Yield why ``step`` cannot wait for the end of its action, or for an answer."""
    if step.wait and step.action not in JOBS and step.action not in _OTHER_JOBS:
        yield (
            f"Step Functions cannot wait for the end of '{step.action}'. wait=True is for "
            f"{', '.join(sorted({*JOBS, *_OTHER_JOBS}))}; for a pipeline write Call"
        )
    if step.wait_for_token:
        if step.action not in _TOKEN_ACTIONS and not step.action.startswith(SDK):
            yield (
                f"Step Functions gives '{step.action}' no token. wait_for_token=True is for "
                f"{', '.join(sorted(_TOKEN_ACTIONS))}, and for all actions with 'aws-sdk:'"
            )
        if TASK_TOKEN not in str(step.arguments):
            yield "nobody gets the token that has to be sent back: put task_token into arguments="
    job = JOBS.get(step.action) if step.wait else None
    allowed = {action.lower() for each in step.permissions for action in each.actions}
    for action, reason in (job.others if job else {}).items():
        service = action.partition(":")[0]
        if not allowed & {action.lower(), f"{service}:*", "*"}:
            yield f'{reason}: add permissions=[Permission("{action}", resources=["<ARN>"])]'


def service_permissions(
    step: Service, *, place: Place, buckets: Mapping[str, str]
) -> tuple[Permission, ...] | None:
    """Return the permissions that ``step`` needs, None where they are unknown."""
    if not step.wait:
        return permissions(step, place=place, buckets=buckets)
    job = JOBS.get(step.action)
    if job is None:
        return step.permissions or None
    needed = [
        Permission(actions, resources=resources(step.arguments, place))
        for actions, resources in job.allowed.items()
    ]
    if job.rule:
        needed.append(
            Permission(
                ("events:PutTargets", "events:PutRule", "events:DescribeRule"),
                resources=rule_arn(place.region, place.account, job.rule),
            )
        )
    return (*needed, *step.permissions)
