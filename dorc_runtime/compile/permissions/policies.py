"""What roles may do on AWS: their policy documents.

Every statement names its resources, except for the actions in ``WILDCARDS`` of ``statements``.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from dorc_runtime.compile.arns import bucket_arn
from dorc_runtime.compile.documents import Document, policy_literal
from dorc_runtime.compile.permissions.function_access import objects, reads, resources, writes
from dorc_runtime.compile.permissions.statements import (
    DELIVER_LOGS,
    JOIN_VPC,
    SAMPLE,
    TRACE,
    allow,
    allow_everywhere,
    allow_key,
    allow_logs,
    only_for,
    permission_statement,
    policy,
)
from dorc_runtime.compile.target import Target
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.secrets import Secret
from dorc_runtime.model.steps import Function

Service = Literal["lambda", "states", "events", "scheduler", "pipes"]

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
            allow_logs(log_group_arn),
            allow_everywhere("Traces", TRACE),
            *([allow_everywhere("Network", JOIN_VPC)] if in_vpc else []),
            *allow_key(key_arn),
            *_objects("Read", _READ, readable, region),
            *_objects("Write", _WRITE, writable, region),
            *_listings([*readable, *writable], region),
            *_resources("Read", READ_ACTIONS, resources(reading), target),
            *_resources("Write", WRITE_ACTIONS, resources(writing), target),
            *_secrets(function.secrets, target),
            *map(permission_statement, function.permissions),
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
            allow_everywhere("Logs", DELIVER_LOGS),
            allow_everywhere("Traces", (*TRACE, *SAMPLE)),
            *allow_key(key_arn),
            *map(permission_statement, permissions),
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
    return policy([start, send, *allow_key(key_arn)])


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
            *allow_key(key_arn),
        ]
    )


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
