"""What holds for every resource of every program, whatever the repository."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from dorc_runtime.compile.permissions.policies import WILDCARDS
from dorc_runtime.testing.synth.recorder import Resource
from dorc_runtime.testing.synth.synthesis import Stack, Synthesis
from dorc_runtime.testing.synth.wire import HIDDEN

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
# What a role's trust policy names as its source, by the service that takes the role on; each page
# is in ``compile.policies.trust``. Lambda names nothing.
SOURCES = {
    "states": rf"arn:aws:states:eu-west-2:{ACCOUNT}:stateMachine:[\w-]+",
    "events": rf"arn:aws:events:eu-west-2:{ACCOUNT}:rule/[\w/-]+",
    "scheduler": rf"arn:aws:scheduler:eu-west-2:{ACCOUNT}:schedule-group/[\w-]+",
}
# What Pulumi writes for what it does not know yet, and for an output that is used as a text.
UNRESOLVED = re.compile(r"04da6b54-80e4-46f7-96ec-b56ff0331ba9|Output\[|<pulumi|\bNone\b|\$\{\w")
POLICY = "aws:iam/rolePolicy:RolePolicy"

pytestmark = pytest.mark.parametrize("repository", ["penguins", "everything"])


@pytest.fixture
def synthesis(synthesized: Synthesize, repository: str) -> Synthesis:
    return synthesized(repository)


@pytest.fixture
def resources(synthesis: Synthesis) -> list[Resource]:
    """What providers make, of all stacks."""
    return [
        resource
        for stack in synthesis.stacks
        for resource in stack.resources
        if resource.custom and not resource.type.startswith("pulumi:")
    ]


def of_type(resources: list[Resource], kind: str) -> list[Resource]:
    found = [resource for resource in resources if resource.type == kind]
    assert found, f"there is no {kind}"
    return found


def statements(document: str) -> Iterator[dict[str, Any]]:
    yield from json.loads(document)["Statement"]


def policies(resources: list[Resource]) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Yield each statement that says who may do what, with what it stands in."""
    kinds = (POLICY, "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy")
    for kind in kinds:
        for resource in of_type(resources, kind):
            for statement in statements(str(resource.inputs["policy"])):
                yield resource, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def texts(value: object) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        yield from texts([*value.keys(), *value.values()])


def test_everything_is_made_by_the_provider_of_its_stack(synthesis: Synthesis) -> None:
    """A default provider would make it wherever the credentials happen to lead."""
    for stack in synthesis.stacks:
        providers = {
            resource.urn
            for resource in stack.resources
            if resource.type.startswith("pulumi:providers:")
        }
        for resource in stack.resources:
            if resource.custom and resource.urn not in providers:
                assert resource.provider in providers, resource.urn


def test_aws_is_asked_by_the_provider_of_the_stack(synthesis: Synthesis) -> None:
    for stack in synthesis.stacks:
        providers = {provider.urn for provider in stack.of_type("pulumi:providers:aws")}
        assert stack.questions
        assert {question.provider for question in stack.questions} <= providers


def test_every_resource_has_the_tags_of_its_stack(synthesis: Synthesis) -> None:
    for stack in synthesis.stacks:
        [provider] = stack.of_type("pulumi:providers:aws")
        tags = json.loads(str(provider.inputs["defaultTags"]))["tags"]
        assert "dorc:project" in tags
        assert ("dorc:environment" in tags) == (stack.instance != "universal")
        assert tags.get("dorc:pipeline") == (stack.instance if "/" in stack.instance else None)


def test_only_what_aws_cannot_name_is_allowed_everywhere(resources: list[Resource]) -> None:
    for resource, statement in policies(resources):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= WILDCARDS.keys(), resource.urn


def test_no_policy_allows_every_action(resources: list[Resource]) -> None:
    for resource, statement in policies(resources):
        assert not [text for text in as_list(statement["Action"]) if "*" in text], resource.urn


def test_the_log_group_of_a_function_is_there_first_and_forgets(resources: list[Resource]) -> None:
    """Lambda makes one by itself that keeps everything for ever."""
    groups = {group.urn: group for group in of_type(resources, "aws:cloudwatch/logGroup:LogGroup")}
    for function in of_type(resources, "aws:lambda/function:Function"):
        [group] = [groups[urn] for urn in function.dependencies if urn in groups]
        logging: Any = function.inputs["loggingConfig"]
        assert group.inputs["name"] == logging["logGroup"] == f"/aws/lambda/{name(function)}"
        assert isinstance(group.inputs["retentionInDays"], int)


def test_the_log_group_of_a_machine_is_there_first_and_forgets(resources: list[Resource]) -> None:
    groups = {group.urn: group for group in of_type(resources, "aws:cloudwatch/logGroup:LogGroup")}
    for machine in of_type(resources, "aws:sfn/stateMachine:StateMachine"):
        wanted = f"/aws/vendedlogs/states/{name(machine)}"
        own = [groups[urn] for urn in machine.dependencies if urn in groups]
        [group] = [group for group in own if group.inputs["name"] == wanted]
        logging: Any = machine.inputs["loggingConfiguration"]
        assert logging["logDestination"].endswith(f":log-group:{wanted}:*")
        assert isinstance(group.inputs["retentionInDays"], int)


def name(resource: Resource) -> str:
    return str(resource.inputs["name"])


def test_every_role_is_taken_on_for_what_it_is_for(resources: list[Resource]) -> None:
    for role in of_type(resources, "aws:iam/role:Role"):
        for statement in statements(str(role.inputs["assumeRolePolicy"])):
            service = statement["Principal"]["Service"].removesuffix(".amazonaws.com")
            if service == "lambda":
                assert "Condition" not in statement, role.urn
                continue
            condition = statement["Condition"]
            assert condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
            named = as_list(condition.get("ArnLike", {}).get("aws:SourceArn", []))
            assert named, role.urn
            assert all(re.fullmatch(SOURCES[service], arn) for arn in named), role.urn


def test_what_aws_checks_when_it_makes_a_thing_is_there_first(resources: list[Resource]) -> None:
    """A role without its permissions makes AWS refuse machines, functions in a VPC and targets."""
    policies = {str(policy.inputs["role"]): policy for policy in of_type(resources, POLICY)}
    for resource in resources:
        target: Any = resource.inputs.get("target")
        taken = target["roleArn"] if isinstance(target, dict) else None
        arn = taken or resource.inputs.get("roleArn") or resource.inputs.get("role")
        if isinstance(arn, str) and arn.startswith("arn:"):
            assert policies[arn.rpartition("/")[2]].urn in resource.dependencies, resource.urn


def test_who_publishes_to_a_topic_is_allowed_to_first(resources: list[Resource]) -> None:
    [topic] = of_type(resources, "aws:sns/topic:Topic")
    [policy] = of_type(resources, "aws:sns/topicPolicy:TopicPolicy")
    for resource in resources:
        told = resource.inputs.get("alarmActions") or resource.inputs.get("arn")
        if policy is not resource and any(
            f":sns:eu-west-2:{ACCOUNT}:" in text for text in texts(told)
        ):
            assert {topic.urn, policy.urn} <= set(resource.dependencies), resource.urn


def test_every_target_is_tried_for_a_day_and_then_keeps_what_it_lost(
    resources: list[Resource],
) -> None:
    targets: list[Any] = [
        target.inputs for target in of_type(resources, "aws:cloudwatch/eventTarget:EventTarget")
    ]
    targets += [
        schedule.inputs["target"]
        for schedule in resources
        if schedule.type == "aws:scheduler/schedule:Schedule"
    ]
    for target in targets:
        assert target["retryPolicy"]["maximumEventAgeInSeconds"] == 24 * 3600
        letters = target.get("deadLetterConfig") or {"arn": ""}
        assert letters["arn"].startswith(f"arn:aws:sqs:eu-west-2:{ACCOUNT}:")


def test_secrets_are_told_to_pulumi_as_such(synthesis: Synthesis) -> None:
    """The only one that a program handles is what ECR is logged in to with."""
    images = synthesis.stacks[0].of_type("docker:index/image:Image")
    assert images
    for image in images:
        assert image.secrets == ("registry.password",)
        registry: Any = image.inputs["registry"]
        assert registry["password"] == HIDDEN


def test_no_secret_stands_anywhere_as_plain_text(synthesis: Synthesis) -> None:
    password = "offline"  # noqa: S105 # what ECR is played to answer
    for stack in synthesis.stacks:
        for resource in stack.resources:
            assert password not in texts(resource.inputs), resource.urn
        assert password not in texts(stack.outputs), stack.instance


def test_nothing_is_left_to_be_filled_in(synthesis: Synthesis) -> None:
    for stack in synthesis.stacks:
        for resource in stack.resources:
            for text in texts(resource.inputs):
                assert not UNRESOLVED.search(text), f"{resource.urn}: {text}"


def test_every_name_is_dorc_s_own(resources: list[Resource]) -> None:
    """Pulumi would make names up where a program gives none."""
    for resource in resources:
        if resource.type in NAMED:
            assert resource.inputs.get("name") or resource.inputs.get("bucket"), resource.urn


NAMED = {
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ecr/repository:Repository",
    "aws:iam/role:Role",
    "aws:lambda/function:Function",
    "aws:s3/bucket:Bucket",
    "aws:scheduler/schedule:Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
}


def test_no_name_is_given_twice(resources: list[Resource]) -> None:
    named = [
        (resource.type, resource.inputs.get("name") or resource.inputs.get("bucket"))
        for resource in resources
        if resource.type in NAMED
    ]
    assert len(named) == len(set(named))


def test_everything_stands_under_what_it_is_part_of(synthesis: Synthesis) -> None:
    for stack in synthesis.stacks:
        urns = {resource.urn for resource in stack.resources}
        roots = [resource for resource in stack.resources if not resource.parent]
        assert [root.type for root in roots] == ["pulumi:pulumi:Stack"]
        assert all(resource.parent in urns for resource in stack.resources if resource.parent)


def test_cfn_lint_finds_nothing_wrong(synthesis: Synthesis) -> None:
    """It knows the schema of policies and state machines, what actions there are, and names."""
    for stack in synthesis.stacks:
        found = lint(json.dumps(template(stack)), get_rules([], ["I"], []), ["eu-west-2"])
        assert [f"{stack.instance}: {match}" for match in found] == []


def template(stack: Stack) -> dict[str, Any]:
    """Return the CloudFormation of what cfn-lint has schemas for."""
    made: dict[str, Any] = {}
    policies = {policy.inputs["role"]: policy.inputs for policy in stack.of_type(POLICY)}
    for resource in stack.resources:
        given: Any = resource.inputs
        match resource.type:
            case "aws:iam/role:Role":
                kind = "AWS::IAM::Role"
                policy = policies[given["name"]]
                properties = {
                    "RoleName": given["name"],
                    "AssumeRolePolicyDocument": json.loads(given["assumeRolePolicy"]),
                    "Policies": [
                        {
                            "PolicyName": policy["name"],
                            "PolicyDocument": json.loads(str(policy["policy"])),
                        }
                    ],
                }
            case "aws:sfn/stateMachine:StateMachine":
                kind = "AWS::StepFunctions::StateMachine"
                properties = {
                    "StateMachineName": given["name"],
                    "RoleArn": given["roleArn"],
                    "Definition": json.loads(given["definition"]),
                }
            case "aws:sqs/queuePolicy:QueuePolicy":
                kind = "AWS::SQS::QueuePolicy"
                properties = {
                    "Queues": [given["queueUrl"]],
                    "PolicyDocument": json.loads(given["policy"]),
                }
            case "aws:sns/topicPolicy:TopicPolicy":
                kind = "AWS::SNS::TopicPolicy"
                properties = {
                    "Topics": [given["arn"]],
                    "PolicyDocument": json.loads(given["policy"]),
                }
            case "aws:lambda/function:Function":
                kind = "AWS::Lambda::Function"
                properties = {
                    "FunctionName": given["name"],
                    "Role": given["role"],
                    "PackageType": given["packageType"],
                    "Code": {"ImageUri": given["imageUri"]},
                    "Architectures": given["architectures"],
                    "Timeout": given["timeout"],
                    "MemorySize": given["memorySize"],
                    "EphemeralStorage": {"Size": given["ephemeralStorage"]["size"]},
                }
            case "aws:s3/bucket:Bucket":
                kind = "AWS::S3::Bucket"
                properties = {"BucketName": given["bucket"]}
            case "aws:ecr/repository:Repository":
                kind = "AWS::ECR::Repository"
                properties = {"RepositoryName": given["name"]}
            case _:
                continue
        made[f"Resource{len(made)}"] = {"Type": kind, "Properties": properties}
    empty = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": made or empty}
