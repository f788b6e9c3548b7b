"""What policies are made of: a document, conditions, and the statements that several roles share.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.model.permission import Permission

_XRAY = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"
_LOG_DELIVERY = "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"
_STATES = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html"
)
_SCHEDULER = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html"
_VPC = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"

# What every function may do, and every state machine.
TRACE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
JOIN_VPC = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
LIST_MACHINES = ("states:ListStateMachines",)
LIST_SCHEDULES = ("scheduler:ListSchedules",)

# Actions that AWS allows only with ``"Resource": "*"``, and the page that says so.
WILDCARDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((*TRACE, *SAMPLE), _XRAY)
    | dict.fromkeys(DELIVER_LOGS, _LOG_DELIVERY)
    | dict.fromkeys(JOIN_VPC, _VPC)
    | dict.fromkeys(LIST_MACHINES, _STATES)
    | dict.fromkeys(LIST_SCHEDULES, _SCHEDULER)
)


def policy(statements: Sequence[Document]) -> Document:
    """Return the policy with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Document:
    """Return the statement that allows ``actions`` on ``resources``, in the policy of a role."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def allow_everywhere(sid: str, actions: Sequence[str]) -> Document:
    """Return the statement that allows actions of ``WILDCARDS``, for all resources."""
    return allow(sid, actions, ["*"])


def allow_logs(log_group_arn: str) -> Document:
    """Return the statement that allows a function to write to its log group."""
    return allow("Logs", ("logs:CreateLogStream", "logs:PutLogEvents"), [f"{log_group_arn}:*"])


def allow_key(key_arn: str | None) -> Iterator[Document]:
    """Yield the statement that allows reading and writing what is encrypted with a key, if any.

    Everything that the statement reaches is also behind a permission of its own.
    """
    if key_arn is not None:
        yield allow("Key", ("kms:Decrypt", "kms:GenerateDataKey"), [key_arn])


def permission_statement(permission: Permission) -> Document:
    """Return the statement of a permission that a step has."""
    statement: Document = {
        "Effect": "Allow",
        "Action": list(permission.actions),
        "Resource": list(permission.resources),
    }
    if permission.condition:
        statement["Condition"] = permission.condition
    return statement


def allow_service(
    service: str, actions: JsonValue, resource: str, condition: Mapping[str, JsonValue] | None
) -> Document:
    """Return the statement that allows a service of AWS ``actions``, in a resource's policy."""
    statement: Document = {
        "Sid": service.partition(".")[0].capitalize(),
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": actions,
        "Resource": resource,
    }
    return statement if condition is None else {**statement, "Condition": dict(condition)}


def only_for(account: str, source_arn: str | Sequence[str]) -> Document:
    """Return the condition that a service acts for ``account``, and for one of the sources."""
    condition: Document = {"StringEquals": {"aws:SourceAccount": account}}
    if source_arn:
        sources: JsonValue = source_arn if isinstance(source_arn, str) else list(source_arn)
        condition["ArnLike"] = {"aws:SourceArn": sources}
    return condition
