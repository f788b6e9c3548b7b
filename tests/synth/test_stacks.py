"""Rules for every resource of every program, in any repository."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from dorc_runtime.deploy.synth.recorder import Resource
from dorc_runtime.deploy.synth.synthesis import Stack, Synthesis
from dorc_runtime.deploy.synth.wire import HIDDEN
from tests.synth.resources import POLICY, of_type, provided

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
# Pulumi's texts for a value that is not known yet, and for an output that is used as a text.
UNRESOLVED = re.compile(r"04da6b54-80e4-46f7-96ec-b56ff0331ba9|Output\[|<pulumi|\bNone\b|\$\{\w")

pytestmark = pytest.mark.parametrize("repository", ["penguins", "everything"])


@pytest.fixture
def synthesis(synthesized: Synthesize, repository: str) -> Synthesis:
    return synthesized(repository)


@pytest.fixture
def resources(synthesis: Synthesis) -> list[Resource]:
    return provided(synthesis)


def texts(value: object) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        yield from texts([*value.keys(), *value.values()])


def test_every_resource_has_the_provider_of_its_stack(synthesis: Synthesis) -> None:
    """A default provider would use any account that the credentials reach."""
    for stack in synthesis.stacks:
        providers = {
            resource.urn
            for resource in stack.resources
            if resource.type.startswith("pulumi:providers:")
        }
        for resource in stack.resources:
            if resource.custom and resource.urn not in providers:
                assert resource.provider in providers, resource.urn


def test_every_question_to_aws_has_the_provider_of_its_stack(synthesis: Synthesis) -> None:
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


def test_the_log_group_of_a_function_exists_first_and_has_a_retention(
    resources: list[Resource],
) -> None:
    """Lambda would create one that keeps logs for ever."""
    groups = {group.urn: group for group in of_type(resources, "aws:cloudwatch/logGroup:LogGroup")}
    for function in of_type(resources, "aws:lambda/function:Function"):
        [group] = [groups[urn] for urn in function.dependencies if urn in groups]
        logging: Any = function.inputs["loggingConfig"]
        assert group.inputs["name"] == logging["logGroup"] == f"/aws/lambda/{name(function)}"
        assert isinstance(group.inputs["retentionInDays"], int)


def test_the_log_group_of_a_machine_exists_first_and_has_a_retention(
    resources: list[Resource],
) -> None:
    groups = {group.urn: group for group in of_type(resources, "aws:cloudwatch/logGroup:LogGroup")}
    for machine in of_type(resources, "aws:sfn/stateMachine:StateMachine"):
        log_group = f"/aws/vendedlogs/states/{name(machine)}"
        own = [groups[urn] for urn in machine.dependencies if urn in groups]
        [group] = [group for group in own if group.inputs["name"] == log_group]
        logging: Any = machine.inputs["loggingConfiguration"]
        assert logging["logDestination"].endswith(f":log-group:{log_group}:*")
        assert isinstance(group.inputs["retentionInDays"], int)


def name(resource: Resource) -> str:
    return str(resource.inputs["name"])


def test_what_aws_checks_at_creation_is_created_first(resources: list[Resource]) -> None:
    """AWS refuses machines, functions in a VPC and targets whose role has no permissions yet."""
    policies = {str(policy.inputs["role"]): policy for policy in of_type(resources, POLICY)}
    for resource in resources:
        target: Any = resource.inputs.get("target")
        taken = target["roleArn"] if isinstance(target, dict) else None
        arn = taken or resource.inputs.get("roleArn") or resource.inputs.get("role")
        if isinstance(arn, str) and arn.startswith("arn:"):
            assert policies[arn.rpartition("/")[2]].urn in resource.dependencies, resource.urn


def test_a_topic_has_its_policy_before_anything_publishes_to_it(resources: list[Resource]) -> None:
    [topic] = [each for each in of_type(resources, "aws:sns/topic:Topic") if each.name == "alerts"]
    [policy] = of_type(resources, "aws:sns/topicPolicy:TopicPolicy")
    for resource in resources:
        arns = resource.inputs.get("alarmActions") or resource.inputs.get("arn")
        if policy is not resource and any(
            text.endswith(f":sns:eu-west-2:{ACCOUNT}:{name(topic)}") for text in texts(arns)
        ):
            assert {topic.urn, policy.urn} <= set(resource.dependencies), resource.urn


def test_every_target_retries_for_a_day_and_then_sends_a_dead_letter(
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


def test_secrets_are_marked_for_pulumi(synthesis: Synthesis) -> None:
    """The only secret of a program is the password of ECR."""
    images = synthesis.stacks[0].of_type("docker:index/image:Image")
    assert images
    for image in images:
        assert image.secrets == ("registry.password",)
        registry: Any = image.inputs["registry"]
        assert registry["password"] == HIDDEN


def test_no_secret_is_shown_as_plain_text(synthesis: Synthesis) -> None:
    password = "offline"  # noqa: S105 # the answer of the simulated ECR
    for stack in synthesis.stacks:
        for resource in stack.resources:
            assert password not in texts(resource.inputs), resource.urn
        assert password not in texts(stack.outputs), stack.instance


def test_no_text_has_a_placeholder(synthesis: Synthesis) -> None:
    for stack in synthesis.stacks:
        for resource in stack.resources:
            # The code of a function is a program, where None is Python's word.
            for text in texts({**resource.inputs, "code": None}):
                assert not UNRESOLVED.search(text), f"{resource.urn}: {text}"


def test_every_resource_has_a_name_from_dorc(resources: list[Resource]) -> None:
    """Pulumi invents a name when a program gives none."""
    for resource in resources:
        if resource.type in NAMED:
            assert resource.inputs.get("name") or resource.inputs.get("bucket"), resource.urn


NAMED = {
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dynamodb/table:Table",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ecr/repository:Repository",
    "aws:iam/role:Role",
    "aws:lambda/function:Function",
    "aws:pipes/pipe:Pipe",
    "aws:s3/bucket:Bucket",
    "aws:scheduler/schedule:Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
}


def test_no_two_resources_share_a_name(resources: list[Resource]) -> None:
    named = [
        (resource.type, resource.inputs.get("name") or resource.inputs.get("bucket"))
        for resource in resources
        if resource.type in NAMED
    ]
    assert len(named) == len(set(named))


def test_every_resource_has_the_component_that_it_belongs_to_as_its_parent(
    synthesis: Synthesis,
) -> None:
    for stack in synthesis.stacks:
        urns = {resource.urn for resource in stack.resources}
        roots = [resource for resource in stack.resources if not resource.parent]
        assert [root.type for root in roots] == ["pulumi:pulumi:Stack"]
        assert all(resource.parent in urns for resource in stack.resources if resource.parent)


# The type in CloudFormation of what has a policy, the property with the policy, and the others.
RESOURCE_POLICIES: dict[str, tuple[str, str, Callable[[Any], dict[str, Any]]]] = {
    "aws:kms/key:Key": ("AWS::KMS::Key", "KeyPolicy", lambda inputs: {}),
    "aws:s3/bucketPolicy:BucketPolicy": (
        "AWS::S3::BucketPolicy",
        "PolicyDocument",
        lambda inputs: {"Bucket": inputs["bucket"]},
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        "AWS::SNS::TopicPolicy",
        "PolicyDocument",
        lambda inputs: {"Topics": [inputs["arn"]]},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        "AWS::SQS::QueuePolicy",
        "PolicyDocument",
        lambda inputs: {"Queues": [inputs["queueUrl"]]},
    ),
}


def test_cfn_lint_reports_no_problems(synthesis: Synthesis) -> None:
    """It checks the schema of policies and state machines, actions, and names."""
    for stack in synthesis.stacks:
        problems = lint(json.dumps(template(stack)), get_rules([], ["I"], []), ["eu-west-2"])
        assert [f"{stack.instance}: {match}" for match in problems] == []


def function_code(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties about the code of a function: an image, or an archive."""
    if "imageUri" in inputs:
        return {
            "PackageType": inputs["packageType"],
            "Code": {"ImageUri": inputs["imageUri"]},
            "EphemeralStorage": {"Size": inputs["ephemeralStorage"]["size"]},
        }
    # CloudFormation takes only archives in S3.
    code = {"S3Bucket": "archives", "S3Key": inputs["name"]}
    return {"Runtime": inputs["runtime"], "Handler": inputs["handler"], "Code": code}


def template(stack: Stack) -> dict[str, Any]:
    """Return the CloudFormation of the resources that cfn-lint has schemas for."""
    cloudformation: dict[str, Any] = {}
    policies = {policy.inputs["role"]: policy.inputs for policy in stack.of_type(POLICY)}
    for resource in stack.resources:
        inputs: Any = resource.inputs
        match resource.type:
            case "aws:iam/role:Role":
                kind = "AWS::IAM::Role"
                policy = policies[inputs["name"]]
                properties = {
                    "RoleName": inputs["name"],
                    "AssumeRolePolicyDocument": json.loads(inputs["assumeRolePolicy"]),
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
                    "StateMachineName": inputs["name"],
                    "RoleArn": inputs["roleArn"],
                    "Definition": json.loads(inputs["definition"]),
                }
            case resource_type if resource_type in RESOURCE_POLICIES:
                kind, document, names = RESOURCE_POLICIES[resource_type]
                properties = {document: json.loads(inputs["policy"]), **names(inputs)}
            case "aws:lambda/function:Function":
                kind = "AWS::Lambda::Function"
                properties = {
                    "FunctionName": inputs["name"],
                    "Role": inputs["role"],
                    "Architectures": inputs["architectures"],
                    "Timeout": inputs["timeout"],
                    "MemorySize": inputs["memorySize"],
                    **function_code(inputs),
                }
            case "aws:s3/bucket:Bucket":
                kind = "AWS::S3::Bucket"
                properties = {"BucketName": inputs["bucket"]}
            case "aws:ecr/repository:Repository":
                kind = "AWS::ECR::Repository"
                properties = {"RepositoryName": inputs["name"]}
            case _:
                continue
        cloudformation[f"Resource{len(cloudformation)}"] = {"Type": kind, "Properties": properties}
    empty = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": cloudformation or empty}
