"""The resources of ``Config(resources=...)``, which infra creates."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dorc_runtime.deploy.synth.synthesis import Stack, Synthesis

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
QUEUE = "aws:sqs/queue:Queue"
DEAD_LETTERS = "ExampleDorc--prod--work--dead-letters"


@pytest.fixture
def infra(synthesized: Synthesize) -> Stack:
    [stack] = [each for each in synthesized("everything").stacks if each.instance == "infra"]
    return stack


def inputs(stack: Stack, kind: str, name: str) -> dict[str, Any]:
    [resource] = [each for each in stack.of_type(kind) if each.name == name]
    return resource.inputs


def test_a_table_has_its_keys_indexes_and_time_to_live(infra: Stack) -> None:
    table = inputs(infra, "aws:dynamodb/table:Table", "customers")
    assert table["name"] == "ExampleDorc--prod--customers"
    assert (table["hashKey"], table["rangeKey"]) == ("id", "at")
    assert {each["name"]: each["type"] for each in table["attributes"]} == {
        "id": "S",
        "at": "N",
        "town": "S",
    }
    assert table["globalSecondaryIndexes"] == [
        {
            "name": "by-town",
            "projectionType": "ALL",
            "keySchemas": [{"attributeName": "town", "keyType": "HASH"}],
        }
    ]
    assert table["ttl"] == {"attributeName": "expires", "enabled": True}


def test_a_table_can_be_restored_and_is_billed_by_request(infra: Stack) -> None:
    table = inputs(infra, "aws:dynamodb/table:Table", "customers")
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert table["deletionProtectionEnabled"] is True


def test_a_queue_sends_what_fails_to_its_dead_letter_queue(infra: Stack) -> None:
    queue = inputs(infra, QUEUE, "work")
    assert queue["visibilityTimeoutSeconds"] == 360
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:eu-west-2:{ACCOUNT}:{DEAD_LETTERS}",
        "maxReceiveCount": 5,
    }
    assert inputs(infra, QUEUE, "work--dead-letters")["messageRetentionSeconds"] == 14 * 86400


def test_a_dead_letter_queue_with_messages_raises_the_alarm(infra: Stack) -> None:
    alarm = inputs(infra, "aws:cloudwatch/metricAlarm:MetricAlarm", "work")
    assert alarm["dimensions"] == {"QueueName": DEAD_LETTERS}
    assert alarm["alarmActions"] == [f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod"]


def test_a_bucket_of_the_configuration_is_a_bucket_of_the_lake(infra: Stack) -> None:
    bucket = inputs(infra, "aws:s3/bucket:Bucket", "archive")
    assert bucket["bucket"].startswith("exampledorc--prod--archive--")
    versioning = inputs(infra, "aws:s3/bucketVersioning:BucketVersioning", "archive")
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_resources_with_data_are_protected(infra: Stack) -> None:
    kinds = {"aws:dynamodb/table:Table": 1, QUEUE: 2, "aws:sns/topic:Topic": 1}
    for kind, number in kinds.items():
        protected = [each for each in infra.of_type(kind) if each.protected]
        assert len(protected) == number, kind


def test_the_address_of_each_resource_is_exported(infra: Stack) -> None:
    addresses: Any = infra.outputs["resources"]
    assert addresses["table-customers"] == "ExampleDorc--prod--customers"
    assert addresses["topic-news"] == f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod--news"
    assert addresses["queue-work"].endswith(f".amazonaws.com/{ACCOUNT}/ExampleDorc--prod--work")
    assert addresses["bucket-archive"].startswith("exampledorc--prod--archive--")


MESSAGES = "default/messages"
PIPE = "aws:pipes/pipe:Pipe"


@pytest.fixture
def messages(synthesized: Synthesize) -> Stack:
    [stack] = [each for each in synthesized("everything").stacks if each.instance == MESSAGES]
    return stack


def allowed(stack: Stack, role: str) -> dict[str, list[str]]:
    """Return the resources that a role allows each action on."""
    policy = inputs(stack, "aws:iam/rolePolicy:RolePolicy", role)["policy"]
    found: dict[str, list[str]] = {}
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            found.setdefault(action, []).extend(statement["Resource"])
    return found


def pipe_from(stack: Stack, kind: str) -> dict[str, Any]:
    [pipe] = [each for each in stack.of_type(PIPE) if each.name.startswith(f"{kind}-")]
    return pipe.inputs


WORK = f"arn:aws:sqs:eu-west-2:{ACCOUNT}:ExampleDorc--prod--work"


def test_messages_of_a_queue_start_the_pipeline_by_a_pipe(messages: Stack) -> None:
    pipe = pipe_from(messages, "queue")
    assert pipe["source"] == WORK
    assert pipe["sourceParameters"] == {"sqsQueueParameters": {"batchSize": 10}}
    assert pipe["target"] == messages.outputs["state_machine_arn"]
    assert pipe["targetParameters"] == {
        "stepFunctionStateMachineParameters": {"invocationType": "FIRE_AND_FORGET"}
    }


def test_a_topic_sends_its_messages_as_they_are_to_the_queue_of_the_pipe(messages: Stack) -> None:
    [subscription] = messages.of_type("aws:sns/topicSubscription:TopicSubscription")
    topic = f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod--news"
    assert subscription.inputs["topic"] == topic
    assert subscription.inputs["rawMessageDelivery"] is True
    assert subscription.inputs["endpoint"] == pipe_from(messages, "topic")["source"]


def test_only_the_topic_may_send_to_the_queue_of_the_pipe(messages: Stack) -> None:
    [policy] = messages.of_type("aws:sqs/queuePolicy:QueuePolicy")
    [statement] = json.loads(str(policy.inputs["policy"]))["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod--news"}
    }


def test_pipes_may_receive_from_their_queues_and_start_their_pipeline(messages: Stack) -> None:
    sources = [str(pipe.inputs["source"]) for pipe in messages.of_type(PIPE)]
    receive = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    actions = allowed(messages, "pipes")
    assert {action: actions[action] for action in actions if not action.startswith("kms:")} == {
        "states:StartExecution": [messages.outputs["state_machine_arn"]],
        **dict.fromkeys(receive, sources),
    }


def test_messages_that_cannot_start_a_pipeline_become_dead_letters(messages: Stack) -> None:
    [queue] = messages.of_type(QUEUE)
    redrive = json.loads(str(queue.inputs["redrivePolicy"]))
    assert redrive["deadLetterTargetArn"] == f"arn:aws:sqs:eu-west-2:{ACCOUNT}:ExampleDorc--prod"


def test_a_function_may_use_what_it_reads_and_writes_and_nothing_else(messages: Stack) -> None:
    table = f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/ExampleDorc--prod--customers"
    data = {
        action: resources
        for action, resources in allowed(messages, "write").items()
        if action.startswith(("dynamodb:", "sqs:", "sns:"))
    }
    read = ("GetItem", "BatchGetItem", "Query", "Scan")
    receive = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    assert data == {
        **{f"dynamodb:{action}": [table, f"{table}/index/*"] for action in read},
        **{f"sqs:{action}": [WORK] for action in receive},
        "sns:Publish": [f"arn:aws:sns:eu-west-2:{ACCOUNT}:ExampleDorc--prod--news"],
    }


def test_a_function_finds_the_address_of_what_it_uses(messages: Stack) -> None:
    function = inputs(messages, "aws:lambda/function:Function", "write")
    variables = function["environment"]["variables"]
    assert variables["ENVIRONMENT"] == "prod"
    assert variables["CUSTOMERS_TABLE"] == "ExampleDorc--prod--customers"
    assert variables["NEWS_TOPIC"].endswith(":ExampleDorc--prod--news")
    assert variables["WORK_QUEUE"].endswith(f".amazonaws.com/{ACCOUNT}/ExampleDorc--prod--work")
    assert variables["ARCHIVE_BUCKET"].startswith("exampledorc--prod--archive--")


def test_a_step_with_a_resource_gets_the_permission_for_it(messages: Stack) -> None:
    assert allowed(messages, "messages")["sqs:SendMessage"] == [WORK]


def test_a_bucket_of_the_configuration_can_start_a_pipeline(infra: Stack, messages: Stack) -> None:
    bucket = inputs(infra, "aws:s3/bucket:Bucket", "archive")["bucket"]
    [rule] = messages.of_type("aws:cloudwatch/eventRule:EventRule")
    assert json.loads(str(rule.inputs["eventPattern"]))["detail"]["bucket"] == {"name": [bucket]}


def test_an_output_of_infra_is_a_value_of_the_definition(messages: Stack) -> None:
    function = inputs(messages, "aws:lambda/function:Function", "write")
    assert function["environment"]["variables"]["PARTNER"] == "a-partner"
