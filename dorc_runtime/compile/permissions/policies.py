"""What roles may do on AWS: their policy documents.

Every statement names its resources. The few actions that AWS allows only for all resources are in
``WILDCARDS``, each with the AWS page that says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from dorc_runtime.compile.arns import bucket_arn
from dorc_runtime.compile.documents import Document, policy_literal
from dorc_runtime.compile.permissions.function_access import objects, reads, resources, writes
from dorc_runtime.compile.permissions.statements import allow, only_for, policy
from dorc_runtime.compile.target import Target
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.secrets import Secret
from dorc_runtime.model.steps import Function

Service = Literal["lambda", "states", "events", "scheduler", "pipes"]

_XRAY = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"
_LOG_DELIVERY = "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"
_STATES = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html"
)
_SCHEDULER = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html"
_VPC = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"

# What every function may do, and every state machine.
TRACE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
_DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_JOIN_VPC = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)

# Actions that AWS allows only with ``"Resource": "*"``, and the page that says so.
WILDCARDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((*TRACE, *_SAMPLE), _XRAY)
    | dict.fromkeys(_DELIVER_LOGS, _LOG_DELIVERY)
    | dict.fromkeys(_JOIN_VPC, _VPC)
    | {"states:ListStateMachines": _STATES, "scheduler:ListSchedules": _SCHEDULER}
)

_READ = ("s3:GetObject",)
# Writing data again replaces older data, so a writer also reads and deletes. The buckets of the
# lake are versioned, and versions stay.
_WRITE = (
    *_READ,
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


# What reading and writing a resource of each kind is.
READ_ACTIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "table": ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
        "queue": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    }
)
WRITE_ACTIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "table": (
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
        ),
        "queue": ("sqs:SendMessage",),
        "topic": ("sns:Publish",),
    }
)


def trust(service: Service, *, account: str, source_arn: str | Sequence[str] = ()) -> Document:
    """Return the trust policy of a role that ``service`` may assume, for ``account`` only.

    ``source_arn`` is the resource that the service acts for. The condition keeps other accounts and
    resources from using the role through the service:

    - Step Functions, the state machine:
      https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    - EventBridge, the rules:
      https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
    - EventBridge Scheduler, the group of the schedule, never the schedule itself:
      https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    - EventBridge Pipes, the pipes:
      https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    - Lambda, no condition: its page names none, and a condition that a service cannot meet keeps it
      from the role. PassRole controls who may give the role to a function.
      https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if service != "lambda":
        statement["Condition"] = only_for(account, source_arn)
    return policy([statement])


def function_policy(
    function: Function,
    *,
    layer: str,
    target: Target,
    log_group_arn: str,
    in_vpc: bool,
    key_arn: str | None = None,
) -> Document:
    """Return the policy of a function: logs, traces, what it reads and writes, ``permissions``.

    Who may write objects may also read and delete them. It reads its own secrets, and no others.
    ``key_arn`` is the key that encrypts what it uses.
    """
    region = target.region
    reading, writing = reads(function, layer), writes(function, layer)
    readable, writable = (
        [_bucket_and_prefix(entry, target.buckets) for entry in objects(entries)]
        for entries in (reading, writing)
    )
    return policy(
        [
            allow("Logs", ("logs:CreateLogStream", "logs:PutLogEvents"), [f"{log_group_arn}:*"]),
            _everywhere("Traces", TRACE),
            *([_everywhere("Network", _JOIN_VPC)] if in_vpc else []),
            *_key(key_arn),
            *_objects("Read", _READ, readable, region),
            *_objects("Write", _WRITE, writable, region),
            *_listings([*readable, *writable], region),
            *_resources("Read", READ_ACTIONS, resources(reading), target),
            *_resources("Write", WRITE_ACTIONS, resources(writing), target),
            *_secrets(function.secrets, target),
            *map(_statement, function.permissions),
        ]
    )


def machine_policy(
    *,
    function_arns: Sequence[str],
    permissions: Sequence[Permission] = (),
    key_arn: str | None = None,
) -> Document:
    """Return the policy of a state machine: calls of its own functions, logs, and traces.

    ``permissions`` are those for its other steps, from ``machine_permissions``. ``key_arn`` is the
    key that encrypts the machine and the data of its steps.
    """
    calls = [allow("Functions", ("lambda:InvokeFunction",), sorted(set(function_arns)))]
    return policy(
        [
            *(calls if function_arns else []),
            _everywhere("Logs", _DELIVER_LOGS),
            _everywhere("Traces", (*TRACE, *_SAMPLE)),
            *_key(key_arn),
            *map(_statement, permissions),
        ]
    )


def trigger_policy(
    *, machine_arn: str, dead_letters_arn: str | None = None, key_arn: str | None = None
) -> Document:
    """Return the policy of a trigger: to start the state machine, and to send dead letters.

    Only Scheduler needs its role to send dead letters, and to use their key, ``key_arn``;
    EventBridge rules need the policies of queue and key.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    start = allow("Start", ("states:StartExecution",), [machine_arn])
    if dead_letters_arn is None:
        return policy([start])
    send = allow("DeadLetters", ("sqs:SendMessage",), [dead_letters_arn])
    return policy([start, send, *_key(key_arn)])


def pipe_policy(
    *, machine_arn: str, queue_arns: Sequence[str], key_arn: str | None = None
) -> Document:
    """Return the policy of a pipe: to receive messages, and to start the state machine.

    ``key_arn`` is the key that encrypts the queues.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    """
    return policy(
        [
            allow("Start", ("states:StartExecution",), [machine_arn]),
            allow("Receive", READ_ACTIONS["queue"], list(dict.fromkeys(queue_arns))),
            *_key(key_arn),
        ]
    )


def _key(key_arn: str | None) -> Iterator[Document]:
    """Allow reading and writing what is encrypted with a key.

    Everything that the statement reaches is also behind a permission of its own.
    """
    if key_arn is not None:
        yield allow("Key", ("kms:Decrypt", "kms:GenerateDataKey"), [key_arn])


def _everywhere(sid: str, actions: Sequence[str]) -> Document:
    """Allow actions that AWS allows only for all resources; see ``WILDCARDS``."""
    return allow(sid, actions, ["*"])


def _bucket_and_prefix(entry: str, buckets: Mapping[str, str]) -> tuple[str, str]:
    """Return bucket and prefix of an entry like ``raw/penguins/``: zone or bucket, then prefix."""
    first, _, prefix = entry.partition("/")
    return buckets.get(first, first), prefix


def _objects(
    sid: str, actions: Sequence[str], places: Sequence[tuple[str, str]], region: str
) -> Iterator[Document]:
    if places:
        arns = [
            f"{bucket_arn(region, bucket)}/{policy_literal(prefix)}*" for bucket, prefix in places
        ]
        yield allow(sid, actions, list(dict.fromkeys(arns)))


def _resources(
    sid: str,
    actions: Mapping[str, Sequence[str]],
    accessed: Sequence[Resource],
    target: Target,
) -> Iterator[Document]:
    """Allow ``actions`` by kind on the resources; reading a table includes its indexes."""
    for kind, allowed in actions.items():
        arns = [target.arn(each) for each in accessed if each.kind == kind]
        if kind == "table" and sid == "Read":
            arns += [f"{arn}/index/*" for arn in arns]
        if arns:
            yield allow(f"{sid}{kind.capitalize()}s", allowed, arns)


def _secrets(secrets: Sequence[Secret], target: Target) -> Iterator[Document]:
    """Allow reading secrets, each by its ARN.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
    """
    for sid, store, action in (
        ("Secrets", "ssm", "ssm:GetParameter"),
        ("ManagedSecrets", "secretsmanager", "secretsmanager:GetSecretValue"),
    ):
        arns = [target.secret_arn(secret) for secret in secrets if secret.store == store]
        if arns:
            yield allow(sid, (action,), list(dict.fromkeys(arns)))


def _listings(places: Sequence[tuple[str, str]], region: str) -> Iterator[Document]:
    """Allow listing the prefixes that may be read; a whole bucket needs no condition."""
    prefixes: dict[str, list[str]] = {}
    for bucket, prefix in places:
        prefixes.setdefault(bucket, []).append(prefix)
    whole = [bucket for bucket, listed in prefixes.items() if "" in listed]
    if whole:
        yield allow("List", ("s3:ListBucket",), [bucket_arn(region, name) for name in whole])
    parts = {bucket: dict.fromkeys(prefixes[bucket]) for bucket in prefixes if bucket not in whole}
    for number, (bucket, readable) in enumerate(parts.items(), start=1):
        patterns: JsonValue = [f"{policy_literal(prefix)}*" for prefix in readable]
        yield {
            **allow(f"List{number}", ("s3:ListBucket",), [bucket_arn(region, bucket)]),
            "Condition": {"StringLike": {"s3:prefix": patterns}},
        }


def _statement(permission: Permission) -> Document:
    statement: Document = {
        "Effect": "Allow",
        "Action": list(permission.actions),
        "Resource": list(permission.resources),
    }
    if permission.condition:
        statement["Condition"] = permission.condition
    return statement
