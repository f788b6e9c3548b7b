"""What AWS is asked to allow: no more than a pipeline says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime import Function, Permission, Queue, Table, Topic
from dorc_runtime.compile.arns import arn_region
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.policies import (
    function_policy,
    machine_policy,
    trigger_policy,
    trust,
)
from dorc_runtime.compile.permissions.resource_policies import (
    alerts_key_policy,
    queue_policy,
    topic_policy,
)
from dorc_runtime.compile.permissions.statements import WILDCARDS
from dorc_runtime.compile.target import Target
from dorc_runtime.model.resources import Resource

ACCOUNT = "123456789012"
LOGS = f"arn:aws:logs:eu-west-2:{ACCOUNT}:log-group:/aws/lambda/clean"
BUCKETS = {"raw": "raw-bucket", "processed": "processed-bucket"}
MACHINE = f"arn:aws:states:eu-west-2:{ACCOUNT}:stateMachine:penguins"
QUEUE = f"arn:aws:sqs:eu-west-2:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:eu-west-2:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:eu-west-2:{ACCOUNT}:key/1"


def allowed(
    function: Function,
    *,
    layer: str = "raw-to-processed",
    in_vpc: bool = False,
    logs: str = LOGS,
    key_arn: str | None = None,
) -> dict[str, Any]:
    target = Target(Names("shop", "dev"), arn_region(logs), ACCOUNT, BUCKETS)
    return function_policy(
        function,
        layer=layer,
        target=target,
        log_group_arn=logs,
        in_vpc=in_vpc,
        key_arn=key_arn,
    )


def resources(policy: dict[str, Any], action: str) -> list[str]:
    """Return all that ``action`` is allowed on."""
    return [
        resource
        for statement in policy["Statement"]
        if action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def listings(policy: dict[str, Any]) -> Iterator[tuple[str, list[str] | None]]:
    """Yield each bucket that may be listed, with the prefixes that it may be listed under."""
    for statement in policy["Statement"]:
        if "s3:ListBucket" in statement["Action"]:
            condition = statement.get("Condition")
            prefixes = condition["StringLike"]["s3:prefix"] if condition else None
            for bucket in statement["Resource"]:
                yield bucket, prefixes


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_function_reads_its_source_zone_and_writes_its_target_zone() -> None:
    policy = allowed(Function("clean"))
    assert resources(policy, "s3:GetObject") == [
        "arn:aws:s3:::raw-bucket/*",
        "arn:aws:s3:::processed-bucket/*",
    ]
    assert resources(policy, "s3:PutObject") == ["arn:aws:s3:::processed-bucket/*"]


def test_a_function_deletes_only_where_it_writes() -> None:
    policy = allowed(Function("clean"))
    assert resources(policy, "s3:DeleteObject") == ["arn:aws:s3:::processed-bucket/*"]


def test_a_function_cannot_reach_older_versions_of_data() -> None:
    policy = allowed(Function("clean"))
    assert resources(policy, "s3:DeleteObjectVersion") == []


def test_reads_and_writes_narrow_what_the_layer_gives() -> None:
    step = Function("clean", reads=["raw/penguins/"], writes=["processed/penguins/parts/"])
    policy = allowed(step)
    assert resources(policy, "s3:GetObject") == [
        "arn:aws:s3:::raw-bucket/penguins/*",
        "arn:aws:s3:::processed-bucket/penguins/parts/*",
    ]
    assert resources(policy, "s3:PutObject") == [
        "arn:aws:s3:::processed-bucket/penguins/parts/*",
    ]


def test_a_function_that_writes_nothing_may_write_nothing() -> None:
    assert resources(allowed(Function("clean", writes=[])), "s3:PutObject") == []


def test_any_other_name_is_a_bucket() -> None:
    policy = allowed(Function("clean", reads=["reference-data/codes/"]))
    assert "arn:aws:s3:::reference-data/codes/*" in resources(policy, "s3:GetObject")


def test_a_layer_without_zones_gives_no_data() -> None:
    policy = allowed(Function("clean"), layer="default")
    assert resources(policy, "s3:GetObject") == []


def test_a_bucket_is_listed_under_the_prefixes_that_are_read() -> None:
    step = Function("clean", reads=["raw/a/", "raw/b/"], writes=[])
    assert list(listings(allowed(step))) == [("arn:aws:s3:::raw-bucket", ["a/*", "b/*"])]


def test_a_whole_zone_is_listed_without_a_condition() -> None:
    step = Function("clean", reads=["raw", "raw/penguins/"], writes=[])
    assert list(listings(allowed(step))) == [("arn:aws:s3:::raw-bucket", None)]


def test_wildcards_in_a_prefix_are_escaped() -> None:
    step = Function("clean", reads=["raw/what?/*/${me}/"], writes=[])
    policy = allowed(step)
    prefix = "what${?}/${*}/${$}{me}/*"
    assert resources(policy, "s3:GetObject") == [f"arn:aws:s3:::raw-bucket/{prefix}"]
    assert list(listings(policy)) == [("arn:aws:s3:::raw-bucket", [prefix])]


def test_permissions_are_added() -> None:
    table = f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/seen"
    condition: dict[str, JsonValue] = {"StringEquals": {"dynamodb:Select": "COUNT"}}
    step = Function(
        "clean",
        permissions=[
            Permission("dynamodb:PutItem", resources=table),
            Permission(["dynamodb:Query"], resources=[table], condition=condition),
        ],
    )
    assert allowed(step)["Statement"][-2:] == [
        {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [table]},
        {
            "Effect": "Allow",
            "Action": ["dynamodb:Query"],
            "Resource": [table],
            "Condition": condition,
        },
    ]


def test_a_function_writes_only_to_its_own_log_group() -> None:
    policy = allowed(Function("clean"))
    assert resources(policy, "logs:PutLogEvents") == [f"{LOGS}:*"]
    assert resources(policy, "logs:CreateLogGroup") == []


def test_only_functions_in_a_vpc_join_it() -> None:
    step = Function("clean")
    assert resources(allowed(step), "ec2:CreateNetworkInterface") == []
    assert resources(allowed(step, in_vpc=True), "ec2:CreateNetworkInterface") == ["*"]


def test_buckets_are_in_the_partition_of_the_region() -> None:
    policy = allowed(Function("clean"), logs=LOGS.replace("eu-west-2", "cn-north-1"))
    assert resources(policy, "s3:PutObject") == ["arn:aws-cn:s3:::processed-bucket/*"]


def test_a_machine_calls_only_its_own_functions() -> None:
    policy = machine_policy(function_arns=["arn:2", "arn:1"])
    assert resources(policy, "lambda:InvokeFunction") == ["arn:1", "arn:2"]


def test_a_machine_without_functions_calls_none() -> None:
    assert resources(machine_policy(function_arns=[]), "lambda:InvokeFunction") == []


def test_a_machine_delivers_its_logs() -> None:
    """Step Functions refuses a machine whose role lacks one of these."""
    policy = machine_policy(function_arns=[])
    assert resources(policy, "logs:CreateLogDelivery") == ["*"]
    assert resources(policy, "logs:DescribeLogGroups") == ["*"]


def test_a_rule_starts_its_own_machine_and_nothing_else() -> None:
    policy = trigger_policy(machine_arn=MACHINE)
    assert resources(policy, "states:StartExecution") == [MACHINE]
    assert len(policy["Statement"]) == 1  # type: ignore[arg-type]


def test_the_role_of_a_schedule_may_send_dead_letters() -> None:
    policy = trigger_policy(machine_arn=MACHINE, dead_letters_arn=QUEUE)
    assert resources(policy, "sqs:SendMessage") == [QUEUE]


@pytest.mark.parametrize(
    "policy",
    [
        allowed(Function("clean"), key_arn=KEY),
        machine_policy(function_arns=[], key_arn=KEY),
        trigger_policy(machine_arn=MACHINE, dead_letters_arn=QUEUE, key_arn=KEY),
    ],
    ids=["function", "machine", "schedule"],
)
def test_roles_use_the_key_of_the_environment(policy: dict[str, Any]) -> None:
    assert resources(policy, "kms:Decrypt") == resources(policy, "kms:GenerateDataKey") == [KEY]


def test_a_rule_uses_no_key() -> None:
    """EventBridge sends dead letters by the policies of queue and key, without a role."""
    assert resources(trigger_policy(machine_arn=MACHINE, key_arn=KEY), "kms:Decrypt") == []


@pytest.mark.parametrize(
    "policy",
    [
        allowed(Function("clean"), in_vpc=True),
        machine_policy(function_arns=["arn:1"]),
        trigger_policy(machine_arn=MACHINE, dead_letters_arn=QUEUE),
        queue_policy(queue_arn=QUEUE, account=ACCOUNT),
        topic_policy(topic_arn=TOPIC, account=ACCOUNT),
    ],
    ids=["function", "machine", "trigger", "queue", "topic"],
)
def test_only_actions_without_resources_have_a_wildcard(policy: dict[str, Any]) -> None:
    for statement in policy["Statement"]:
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= WILDCARDS.keys()


def test_statements_have_different_names() -> None:
    """IAM does not accept two statements with one name in a policy."""
    step = Function("clean", reads=["raw/a/", "other/b/"], writes=["processed/c/", "third"])
    names = [statement["Sid"] for statement in allowed(step, in_vpc=True)["Statement"]]
    assert len(names) == len(set(names)) == 9


def test_lambda_assumes_a_role_without_a_condition() -> None:
    """It sends neither account nor function, so any condition would keep it out."""
    [statement] = as_list(trust("lambda", account=ACCOUNT)["Statement"])
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "Condition" not in statement


def test_a_role_is_assumed_only_for_this_account() -> None:
    [statement] = as_list(trust("states", account=ACCOUNT)["Statement"])
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_role_is_assumed_only_for_its_machine() -> None:
    [statement] = as_list(trust("states", account=ACCOUNT, source_arn=MACHINE)["Statement"])
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": MACHINE}


def test_a_role_of_rules_is_assumed_for_each_of_them() -> None:
    rules = [f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/{name}" for name in ("one", "two")]
    [statement] = as_list(trust("events", account=ACCOUNT, source_arn=rules)["Statement"])
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": rules}


def test_only_rules_of_this_account_send_dead_letters() -> None:
    [statement] = as_list(queue_policy(queue_arn=QUEUE, account=ACCOUNT)["Statement"])
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/*"},
    }


def test_rules_publish_without_a_condition() -> None:
    """EventBridge does not deliver to a topic that sets it one."""
    events, alarms = as_list(topic_policy(topic_arn=TOPIC, account=ACCOUNT)["Statement"])
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in events
    assert alarms["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:cloudwatch:eu-west-2:{ACCOUNT}:alarm:*"
    }


def test_rules_encrypt_alerts_without_a_condition() -> None:
    """KMS gets no source from EventBridge, so a condition would stop all alerts."""
    policy = alerts_key_policy(region="eu-west-2", account=ACCOUNT)
    _, events, alarms = as_list(policy["Statement"])
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in events
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


PAGE = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
USED: dict[str, str | Resource] = {
    "zone or bucket": "raw",
    "table": Table("orders", partition_key="id"),
    "topic": Topic("news"),
    "queue": Queue("work"),
}


# A topic cannot be read.
@pytest.mark.parametrize(
    ("what", "use"),
    [
        (what, use)
        for what in USED
        for use in ("reads", "writes")
        if (what, use) != ("topic", "reads")
    ],
)
def test_the_page_lists_what_a_role_allows_for_each_resource(what: str, use: str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {what} |")]
    cell = row.split("|")[2 if use == "reads" else 3]
    uses: dict[str, list[str | Resource]] = {"reads": [], "writes": [], use: [USED[what]]}
    function = Function("clean", reads=uses["reads"], writes=uses["writes"])
    target = Target(names=Names("a", "dev"), region="eu-west-2", account=ACCOUNT, zones=BUCKETS)
    policy: Any = function_policy(
        function, layer="default", target=target, log_group_arn=LOGS, in_vpc=False
    )
    allowed = {action for each in policy["Statement"] for action in each["Action"]}
    data = {each for each in allowed if not each.startswith(("logs:", "xray:"))}
    assert data == set(re.findall(r"`([^`]+)`", cell))
